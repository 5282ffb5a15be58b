/** An unfinished job, and its client. */
export interface OpenJob {
  readonly client: string;
  readonly job: string;
}

/** A slot that a job uses, on any replica. */
export interface JobSlot extends OpenJob {
  /** The ticket with which its replica holds the slot. */
  readonly ticket: string;
  /** When it started, in unix milliseconds. */
  readonly sinceMs: number;
  /** It starts no further item and ends with those in progress. */
  readonly leaving: boolean;
}

/** The waiting and the running jobs of all replicas. */
export interface SlotState {
  /** Oldest first. */
  readonly open: readonly OpenJob[];
  readonly turns: readonly JobSlot[];
  /** Client → the number of its last turn. */
  readonly served: ReadonlyMap<string, number>;
}

/** A job may keep its slot for this long before it makes room for a client that has fewer, by one. */
const slotSliceMs = 1000;

/**
 * Returns the job that gets a free slot: the oldest of the client with the fewest slots, then of the one served longest
 * ago.
 */
export function nextJob(floor: SlotState, besides: ReadonlySet<string> = new Set()): OpenJob | undefined {
  const { served } = floor;
  const held = slotsOf(floor);
  const order = ({ client }: OpenJob) => [held.get(client) ?? 0, served.get(client) ?? 0] as const;
  return waiting(floor)
    .filter(({ job }) => !besides.has(job))
    .reduce<OpenJob | undefined>((first, it) => (first && !isLess(order(it), order(first)) ? first : it), undefined);
}

/**
 * Returns whether a job has to make room for waiting jobs of clients with fewer slots: at once if its client has two more
 * slots than one of them, otherwise after a while, so that every client gets its turn if there are more clients than slots.
 */
export function shouldLeave(floor: SlotState, turn: JobSlot, nowMs: number): boolean {
  const held = slotsOf(floor);
  const mine = held.get(turn.client) ?? 0;
  const others = new Set(waiting(floor).flatMap(({ client }) => (client === turn.client ? [] : [client])));
  const poorer = [...others].map((client) => held.get(client) ?? 0).filter((slots) => slots < mine);
  // Slots that others already give up serve as many waiting jobs.
  if (poorer.length <= floor.turns.filter(({ leaving }) => leaving).length) return false;
  return Math.min(...poorer) + 1 < mine || nowMs - turn.sinceMs >= slotSliceMs;
}

function waiting({ open, turns }: SlotState): OpenJob[] {
  const running = new Set(turns.map(({ job }) => job));
  return open.filter(({ job }) => !running.has(job));
}

/** Client → slots that it keeps. */
function slotsOf({ turns }: SlotState): Map<string, number> {
  const held = new Map<string, number>();
  for (const { client, leaving } of turns) if (!leaving) held.set(client, (held.get(client) ?? 0) + 1);
  return held;
}

function isLess([a, x]: readonly [number, number], [b, y]: readonly [number, number]): boolean {
  return a < b || (a === b && x < y);
}
