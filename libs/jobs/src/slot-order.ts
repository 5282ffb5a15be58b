/** A job that is not finished, and whose it is. */
export interface OpenJob {
  readonly client: string;
  readonly job: string;
}

/** A slot that a job has, on any replica. */
export interface JobSlot extends OpenJob {
  /** The entry of the queue by which its replica has the slot. */
  readonly ticket: string;
  /** When it began, unix milliseconds. */
  readonly sinceMs: number;
  /** Begins nothing more and ends as soon as what is under way has ended. */
  readonly leaving: boolean;
}

/** Who waits and who runs, over all replicas. */
export interface SlotState {
  /** The oldest first. */
  readonly open: readonly OpenJob[];
  readonly turns: readonly JobSlot[];
  /** Client → the number of its last turn. */
  readonly served: ReadonlyMap<string, number>;
}

/** A job may keep its slot for this long before it makes room for a client that has fewer, by one. */
const slotSliceMs = 1000;

/** The job that gets a free slot: of the client with the fewest slots, then the one served longest ago, its oldest. */
export function nextJob(floor: SlotState, besides: ReadonlySet<string> = new Set()): OpenJob | undefined {
  const { served } = floor;
  const held = slotsOf(floor);
  const order = ({ client }: OpenJob) => [held.get(client) ?? 0, served.get(client) ?? 0] as const;
  return waiting(floor)
    .filter(({ job }) => !besides.has(job))
    .reduce<OpenJob | undefined>((first, it) => (first && !isLess(order(it), order(first)) ? first : it), undefined);
}

/**
 * Whether a job is to make room: others wait whose clients have fewer slots than its own. At once where its client has
 * two more than one of them, else after a while, so that with more clients than slots each has its turn.
 */
export function shouldLeave(floor: SlotState, turn: JobSlot, nowMs: number): boolean {
  const held = slotsOf(floor);
  const mine = held.get(turn.client) ?? 0;
  const others = new Set(waiting(floor).flatMap(({ client }) => (client === turn.client ? [] : [client])));
  const poorer = [...others].map((client) => held.get(client) ?? 0).filter((slots) => slots < mine);
  // Room that others make already is enough for as many.
  if (poorer.length <= floor.turns.filter(({ leaving }) => leaving).length) return false;
  return Math.min(...poorer) + 1 < mine || nowMs - turn.sinceMs >= slotSliceMs;
}

function waiting({ open, turns }: SlotState): OpenJob[] {
  const running = new Set(turns.map(({ job }) => job));
  return open.filter(({ job }) => !running.has(job));
}

/** Client → slots it has and keeps. */
function slotsOf({ turns }: SlotState): Map<string, number> {
  const held = new Map<string, number>();
  for (const { client, leaving } of turns) if (!leaving) held.set(client, (held.get(client) ?? 0) + 1);
  return held;
}

function isLess([a, x]: readonly [number, number], [b, y]: readonly [number, number]): boolean {
  return a < b || (a === b && x < y);
}
