import {
  type Answer,
  type Command,
  type Entity,
  type Fault,
  jsonPieces,
  type RequestInfo,
  type RetryReason,
} from '@b24/portal';

/** A caller that waits for the answers of a call. */
export interface Waiter {
  /** The client's id. */
  readonly client: string;
  /** The memory it occupies while it waits, in bytes. */
  readonly bytes: number;
  /** Whether its slot and bytes are counted. Written by `CallQueue` only. */
  isCounted: boolean;
  /** Whether its slot went to another client's call. Written by `CallQueue` only. */
  isEvicted: boolean;
  /** When it was queued, unix milliseconds. */
  readonly queuedAtMs: number;
  /** Aborts when the caller gives up. */
  readonly signal: AbortSignal;
  resolve(answers: readonly Answer[]): void;
  reject(fault: Fault): void;
}

/** Commands that are sent together, and the callers that wait for them: one, or all callers of the same read. */
export class QueuedCall {
  readonly waiters = new Set<Waiter>();
  /** When it was sent, unix milliseconds; undefined while it waits. */
  sentAtMs: number | undefined;
  /** Whether it must not be sent now: it waits for a retry delay, or is being withdrawn. */
  isPaused = false;
  /** Called when its last waiter gives up while it is in flight. */
  onAbandoned: (() => void) | undefined;
  /** Whether its last waiter gave up while it was in flight. */
  isAbandoned = false;
  /** The entities that it concerns, as keys of `EntityOrder`. */
  readonly entityKeys: readonly string[];
  /** Its turn among the clients on its entities; set once no earlier call of its own client waits there. */
  turn: number | undefined;
  readonly isWrite: boolean;
  /** The id of the peer's offer, if the callers wait on another replica. */
  remoteId: string | undefined;
  /** Of its waiters; undefined when they changed. */
  private waitingClients: readonly string[] | undefined;
  private retries: Map<RetryReason, number> | undefined;
  /** How often it was queued for a retry. */
  retryCount = 0;
  /** Commands in the request of this replica that carried it last; 0 if none did. */
  commandsInRequest = 0;

  constructor(
    /** Its position in the queue, kept when it is retried. */
    readonly sequence: number,
    readonly commands: readonly Command[],
    /** The bytes it takes in a batch; undefined if it may not share one. */
    public batchBytes: number | undefined,
    /** Equal for reads that may share an answer; undefined for other calls. */
    readonly readKey: string | undefined,
  ) {
    this.entityKeys = entityKeysOf(commands);
    this.isWrite = commands.some(isWrite);
  }

  abandon(): void {
    this.isAbandoned = true;
    this.onAbandoned?.();
  }

  /** The id of the client that called first, whose order it keeps. */
  get client(): string {
    return clientOf(this.commands);
  }

  /** The signal of its only caller; undefined if it has several callers, or they wait on another replica. */
  get onlySignal(): AbortSignal | undefined {
    if (this.waiters.size !== 1) return undefined;
    for (const { signal } of this.waiters) return signal;
    return undefined;
  }

  addWaiter(waiter: Waiter): void {
    this.waiters.add(waiter);
    this.waitingClients = undefined;
  }

  /** Returns false if the caller did not wait for it. */
  removeWaiter(waiter: Waiter): boolean {
    this.waitingClients = undefined;
    return this.waiters.delete(waiter);
  }

  /** The clients whose turns it may take: those that wait for it, here or on another replica. */
  get clients(): readonly string[] {
    if (this.remoteId !== undefined) return [this.client];
    return (this.waitingClients ??= clientsOf(this.waiters));
  }

  /** Returns how often it was retried for this reason before, and counts this time. */
  countRetry(why: RetryReason): number {
    this.retries ??= new Map();
    const times = this.retries.get(why) ?? 0;
    this.retries.set(why, times + 1);
    return times;
  }

  /** How long each of its callers waited until it was sent, ms. */
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

const isWrite = ({ effect }: Command) => effect === 'write';
const none: readonly never[] = [];

function clientsOf(waiters: ReadonlySet<Waiter>): readonly string[] {
  if (waiters.size > 1) return [...new Set([...waiters].map(({ client }) => client))];
  for (const { client } of waiters) return [client];
  return none;
}

function entityKeysOf(commands: readonly Command[]): readonly string[] {
  const [first, ...others] = commands;
  if (others.length === 0) return first?.entity ? keysOf(first.entity) : none;
  return [...new Set(commands.flatMap(({ entity }) => (entity ? keysOf(entity) : [])))];
}

function keysOf({ family, ids }: Entity): string[] {
  const keys: string[] = [];
  for (const kind in ids) keys.push(`${family} ${kind} ${ids[kind]}`);
  return keys;
}

export function clientOf(commands: readonly Command[]): string {
  return commands[0]?.from ?? '';
}

export function readKeyOf(commands: readonly Command[]): string | undefined {
  const [command, ...others] = commands;
  if (command?.effect !== 'read' || command.v3 || others.length > 0) return undefined;
  const [params, ...longTexts] = jsonPieces(command.params);
  return longTexts.length === 0 && typeof params === 'string' ? `${command.method} ${params}` : undefined;
}
