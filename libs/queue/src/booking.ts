import type { Again, Answer, Command, Fault, Trip } from '@b24/portal';

/** What commands weigh. */
export interface Weight {
  /** The bytes that they take in a batch; undefined when they may not share one with others'. */
  readonly luggage: number | undefined;
  /** The bytes that they occupy while they wait. */
  readonly bytes: number;
}

/** A caller who waits for a booking's answers. */
export interface Rider {
  /** The client key that it came with. */
  readonly from: string;
  /** What it occupies while it waits. */
  readonly bytes: number;
  /** It waits, and its place and bytes are counted. Only the waiting room writes this. */
  counted: boolean;
  /** It had to give its place to another key's call. Only the waiting room writes this. */
  gaveUpPlace: boolean;
  /** Unix milliseconds. */
  readonly enteredAtMs: number;
  resolve(answers: readonly Answer[]): void;
  reject(fault: Fault): void;
}

/** Commands that travel on the same trip, and who waits for them: one caller, or all who asked for the same read. */
export class Booking {
  readonly riders = new Set<Rider>();
  /** When it left, unix milliseconds, while it is under way; what becomes of it then is not for the lane to say. */
  departedAtMs: number | undefined;
  /** It stays for a while, before it goes again. */
  pausing = false;
  /** Called when its last rider leaves while it is under way. */
  abandoned: (() => void) | undefined;
  /** Its last rider left while it was under way. */
  isAbandoned = false;
  /** What it asks, where another caller may share the answer: a single read. */
  readonly question: string | undefined;
  /** Where it may meet another on the same entity. */
  readonly places: readonly string[];
  /** Its turn between the client keys on its entities, once nothing of its own key is before it there. */
  turn: number | undefined;
  readonly writes: boolean;
  /** The offer that it came from, when another replica's callers wait for it and nobody here. */
  guest: string | undefined;
  private readonly waitersByKey = new Map<string, number>();
  private readonly goneAgain = new Map<Again, number>();

  constructor(
    /** Its place in the lane, kept when it goes again. */
    readonly ticket: number,
    readonly commands: readonly Command[],
    /** The bytes it takes in a batch; undefined when it may not share one with others'. */
    public luggage: number | undefined,
  ) {
    this.question = questionOf(commands);
    const places = commands.flatMap(({ entity }) =>
      Object.entries(entity?.ids ?? {}).map(([kind, id]) => `${entity?.family} ${kind} ${id}`),
    );
    this.places = [...new Set(places)];
    this.writes = commands.some(({ effect }) => effect === 'write');
  }

  abandon(): void {
    this.isAbandoned = true;
    this.abandoned?.();
  }

  /** The client key whose order it keeps: the one that asked first. */
  get from(): string {
    return keyOf(this.commands);
  }

  join(rider: Rider): void {
    this.riders.add(rider);
    this.waitersByKey.set(rider.from, (this.waitersByKey.get(rider.from) ?? 0) + 1);
  }

  /** Returns false when it was not there. */
  quit(rider: Rider): boolean {
    if (!this.riders.delete(rider)) return false;
    const left = (this.waitersByKey.get(rider.from) ?? 1) - 1;
    if (left > 0) this.waitersByKey.set(rider.from, left);
    else this.waitersByKey.delete(rider.from);
    return true;
  }

  /** The client keys whose turns it may take: of those who wait for it, here or on another replica. */
  get keys(): readonly string[] {
    return this.guest === undefined ? [...this.waitersByKey.keys()] : [this.from];
  }

  /** How often it has gone again for this reason before; counts this time. */
  countGoingAgain(why: Again): number {
    const times = this.goneAgain.get(why) ?? 0;
    this.goneAgain.set(why, times + 1);
    return times;
  }

  /** How long each of its callers waited until it left, milliseconds. */
  waitedMs(): number[] {
    return [...this.riders].map(({ enteredAtMs }) => (this.departedAtMs ?? enteredAtMs) - enteredAtMs);
  }

  resolve(answers: readonly Answer[], trip: Trip): void {
    for (const rider of [...this.riders]) {
      const queueMs = (this.departedAtMs ?? rider.enteredAtMs) - rider.enteredAtMs;
      rider.resolve(answers.map((answer) => ({ ...answer, trip, spent: { ...answer.spent, queueMs } })));
    }
  }

  reject(fault: Fault): void {
    for (const rider of [...this.riders]) rider.reject(fault);
  }
}

export function keyOf(commands: readonly Command[]): string {
  return commands[0]?.from ?? '';
}

export function questionOf(commands: readonly Command[]): string | undefined {
  const [command, ...others] = commands;
  if (command?.effect !== 'read' || others.length > 0) return undefined;
  return `${command.method} ${JSON.stringify(command.params)}`;
}
