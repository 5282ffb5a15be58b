import type { Again, Answer, Command, Fault, RequestInfo } from '@b24/portal';

/** What commands weigh. */
export interface CallSize {
  /** The bytes that they take in a batch; undefined when they may not share one with others'. */
  readonly batchBytes: number | undefined;
  /** The bytes that they occupy while they wait. */
  readonly bytes: number;
}

/** A caller who waits for a call's answers. */
export interface Waiter {
  /** The client that it came with. */
  readonly client: string;
  /** What it occupies while it waits. */
  readonly bytes: number;
  /** It waits, and its place and bytes are counted. Only the waiting room writes this. */
  isCounted: boolean;
  /** It had to give its place to another key's call. Only the waiting room writes this. */
  isEvicted: boolean;
  /** Unix milliseconds. */
  readonly queuedAtMs: number;
  resolve(answers: readonly Answer[]): void;
  reject(fault: Fault): void;
}

/** Commands that travel on the same request, and who waits for them: one caller, or all who asked for the same read. */
export class QueuedCall {
  readonly waiters = new Set<Waiter>();
  /** When it left, unix milliseconds, while it is under way; what becomes of it then is not for the queue to say. */
  sentAtMs: number | undefined;
  /** It stays for a while, before it goes again. */
  isPaused = false;
  /** Called when its last waiter leaves while it is under way. */
  onAbandoned: (() => void) | undefined;
  /** Its last waiter left while it was under way. */
  isAbandoned = false;
  /** What it asks, where another caller may share the answer: a single read. */
  readonly readKey: string | undefined;
  /** Where it may meet another on the same entity. */
  readonly entityKeys: readonly string[];
  /** Its turn between the clients on its entities, once nothing of its own key is before it there. */
  turn: number | undefined;
  readonly isWrite: boolean;
  /** The offer that it came from, when another replica's callers wait for it and nobody here. */
  remoteId: string | undefined;
  private readonly waitersByClient = new Map<string, number>();
  private readonly retries = new Map<Again, number>();

  constructor(
    /** Its place in the queue, kept when it goes again. */
    readonly sequence: number,
    readonly commands: readonly Command[],
    /** The bytes it takes in a batch; undefined when it may not share one with others'. */
    public batchBytes: number | undefined,
  ) {
    this.readKey = readKeyOf(commands);
    const places = commands.flatMap(({ entity }) =>
      Object.entries(entity?.ids ?? {}).map(([kind, id]) => `${entity?.family} ${kind} ${id}`),
    );
    this.entityKeys = [...new Set(places)];
    this.isWrite = commands.some(({ effect }) => effect === 'write');
  }

  abandon(): void {
    this.isAbandoned = true;
    this.onAbandoned?.();
  }

  /** The client whose order it keeps: the one that asked first. */
  get client(): string {
    return clientOf(this.commands);
  }

  addWaiter(waiter: Waiter): void {
    this.waiters.add(waiter);
    this.waitersByClient.set(waiter.client, (this.waitersByClient.get(waiter.client) ?? 0) + 1);
  }

  /** Returns false when it was not there. */
  removeWaiter(waiter: Waiter): boolean {
    if (!this.waiters.delete(waiter)) return false;
    const left = (this.waitersByClient.get(waiter.client) ?? 1) - 1;
    if (left > 0) this.waitersByClient.set(waiter.client, left);
    else this.waitersByClient.delete(waiter.client);
    return true;
  }

  /** The clients whose turns it may take: of those who wait for it, here or on another replica. */
  get clients(): readonly string[] {
    return this.remoteId === undefined ? [...this.waitersByClient.keys()] : [this.client];
  }

  /** How often it has gone again for this reason before; counts this time. */
  countRetry(why: Again): number {
    const times = this.retries.get(why) ?? 0;
    this.retries.set(why, times + 1);
    return times;
  }

  /** How long each of its callers waited until it left, milliseconds. */
  queueTimesMs(): number[] {
    return [...this.waiters].map(({ queuedAtMs }) => (this.sentAtMs ?? queuedAtMs) - queuedAtMs);
  }

  resolve(answers: readonly Answer[], request: RequestInfo): void {
    for (const waiter of [...this.waiters]) {
      const queueMs = (this.sentAtMs ?? waiter.queuedAtMs) - waiter.queuedAtMs;
      waiter.resolve(answers.map((answer) => ({ ...answer, request, timing: { ...answer.timing, queueMs } })));
    }
  }

  reject(fault: Fault): void {
    for (const waiter of [...this.waiters]) waiter.reject(fault);
  }
}

export function clientOf(commands: readonly Command[]): string {
  return commands[0]?.from ?? '';
}

export function readKeyOf(commands: readonly Command[]): string | undefined {
  const [command, ...others] = commands;
  if (command?.effect !== 'read' || others.length > 0) return undefined;
  return `${command.method} ${JSON.stringify(command.params)}`;
}
