import type { Again, Answer, Command, Fault, Trip } from '@b24/portal';

/** A caller who waits for a booking's answers. */
export interface Rider {
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
  readonly writes: boolean;
  /** The offer that it came from, when another replica's callers wait for it and nobody here. */
  guest: string | undefined;
  private readonly goneAgain = new Map<Again, number>();

  constructor(
    /** Its place in the lane, kept when it goes again. */
    readonly ticket: number,
    readonly commands: readonly Command[],
    /** The bytes it takes in a batch; undefined when it may not share one with others'. */
    public luggage: number | undefined,
  ) {
    this.question = questionOf(commands);
    this.places = commands.flatMap(({ entity }) =>
      Object.entries(entity?.ids ?? {}).map(([kind, id]) => `${entity?.family} ${kind} ${id}`),
    );
    this.writes = commands.some(({ effect }) => effect === 'write');
  }

  abandon(): void {
    this.isAbandoned = true;
    this.abandoned?.();
  }

  /** Whose turn it takes. */
  get from(): string {
    return this.commands[0]?.from ?? '';
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

export function questionOf(commands: readonly Command[]): string | undefined {
  const [command, ...others] = commands;
  if (command?.effect !== 'read' || others.length > 0) return undefined;
  return `${command.method} ${JSON.stringify(command.params)}`;
}
