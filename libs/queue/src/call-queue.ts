import type { Command } from '@b24/portal';
import type { CallSize } from './call-size';
import { QueuedCall, readKeyOf, type Waiter } from './queued-call';
import { type WaiterEntry, ClientWaiters } from './client-waiters';
import type { BatchBuilder } from './batch-builder';
import { ClientQueue } from './client-queue';
import { EntityOrder, type SendFilter } from './entity-order';
import { ClientUsage } from './client-usage';

/** A client's waiting calls that a batch has not considered yet. */
interface ClientTurn {
  readonly client: string;
  readonly rest: Iterator<QueuedCall>;
}

/**
 * The waiting and in-flight calls of one portal. Clients take turns; calls on one entity keep their order if one of them
 * writes.
 */
export class CallQueue {
  /** The waiting calls by client, next turn first. A read that several clients wait for is in the queue of each. */
  private readonly queues = new Map<string, ClientQueue>();
  /** The callers by client, also those of calls in flight. */
  private readonly waiters = new Map<string, ClientWaiters>();
  private readonly entities = new EntityOrder();
  /** Waiting reads that more callers may join, by `readKey`. */
  private readonly sharedReads = new Map<string, QueuedCall>();
  /** Waiting callers by client. */
  readonly waiting = new ClientUsage();
  /** Waiting bytes by client. */
  readonly bytes = new ClientUsage();
  private lastSequence = 0;

  /** @param replica the bytes that wait on this replica for all portals */
  constructor(private readonly replica: ClientUsage) {}

  get isEmpty(): boolean {
    return this.queues.size === 0;
  }

  /** Adds a caller: to a new call, or to a waiting one with the same read. */
  enqueue(commands: readonly Command[], size: CallSize, waiter: Waiter): QueuedCall {
    const readKey = readKeyOf(commands);
    const call = this.shareableRead(readKey, waiter) ?? this.create(commands, size, readKey);
    if (readKey) this.sharedReads.set(readKey, call);
    // A read after a write must not join a read before it.
    if (call.isWrite) this.sharedReads.clear();
    call.addWaiter(waiter);
    this.queueOf(waiter.client).add(call);
    let waiters = this.waiters.get(waiter.client);
    if (!waiters) this.waiters.set(waiter.client, (waiters = new ClientWaiters()));
    waiters.add({ call, waiter });
    this.count(waiter);
    return call;
  }

  /** Removes a caller that was answered or gave up. */
  removeWaiter(call: QueuedCall, waiter: Waiter): void {
    if (!call.removeWaiter(waiter)) return;
    this.uncount(waiter);
    const waiters = this.waiters.get(waiter.client);
    waiters?.remove();
    if (waiters?.isEmpty) this.waiters.delete(waiter.client);
    if (!call.clients.includes(waiter.client)) this.dequeueFrom(call, waiter.client);
  }

  /** Frees the slot of an evicted caller, before it is known whether its call can be withdrawn. */
  releaseSlot(waiter: Waiter): void {
    waiter.isEvicted = true;
    this.uncount(waiter);
  }

  /** Yields the client's waiting callers that hold a slot, the newest first. */
  *newest(client: string): Generator<WaiterEntry> {
    for (const entry of this.waiters.get(client)?.newest() ?? []) if (entry.waiter.isCounted) yield entry;
  }

  private create(commands: readonly Command[], size: CallSize, readKey: string | undefined): QueuedCall {
    const call = new QueuedCall(++this.lastSequence, commands, size.batchBytes, readKey);
    this.entities.add(call);
    return call;
  }

  /** Adds a peer's call, so that the next request may carry it. */
  enqueueRemote(commands: readonly Command[], size: CallSize, remoteId: string): QueuedCall {
    const call = this.create(commands, size, readKeyOf(commands));
    call.remoteId = remoteId;
    this.queueOf(call.client).add(call);
    return call;
  }

  /** Lets no more callers join the call. */
  stopSharing(call: QueuedCall): void {
    if (call.readKey && this.sharedReads.get(call.readKey) === call) this.sharedReads.delete(call.readKey);
  }

  /** Fills the batch and marks its calls as in flight. */
  fill(batch: BatchBuilder, filter: SendFilter, atMs: number): void {
    for (const client of this.pick(batch, filter)) this.rotate(client);
    this.markInFlight(batch.calls, atMs);
  }

  /**
   * Adds calls to the batch until it is full: one call of each client in turn. Returns the clients whose turns the calls
   * used.
   */
  pick(batch: BatchBuilder, filter: SendFilter): readonly string[] {
    const turnsTaken: string[] = [];
    let turns: ClientTurn[] = [];
    for (const [client, queue] of this.queues)
      if (filter.client(client)) turns.push({ client, rest: queue[Symbol.iterator]() });
    const picked = turns.length > 1 ? new Set<QueuedCall>() : undefined;
    while (turns.length > 0) {
      turns = turns.filter(({ client, rest }) => {
        const call = this.next(rest, batch, filter, picked);
        if (!call) return false;
        picked?.add(call);
        batch.add(call);
        turnsTaken.push(client);
        return true;
      });
    }
    return turnsTaken;
  }

  /** Returns the client's next call that the batch can carry; undefined if there is none. */
  private next(
    rest: Iterator<QueuedCall>,
    batch: BatchBuilder,
    filter: SendFilter,
    picked: ReadonlySet<QueuedCall> | undefined,
  ): QueuedCall | undefined {
    for (let next = rest.next(); !next.done && !batch.isFull; next = rest.next()) {
      const call = next.value;
      if (!picked?.has(call) && batch.canAdd(call) && this.canSend(call, filter)) return call;
    }
    return undefined;
  }

  /** Whether the call may be sent with the next request. */
  canSend(call: QueuedCall, filter: SendFilter): boolean {
    return filter.call(call) && this.entities.isItsTurn(call, filter);
  }

  hasSendable(filter: SendFilter): boolean {
    for (const [client, queue] of this.queues) {
      if (!filter.client(client)) continue;
      for (const call of queue) if (this.canSend(call, filter)) return true;
    }
    return false;
  }

  *calls(): Generator<QueuedCall> {
    for (const [client, queue] of this.queues) {
      for (const call of queue) if (call.clients[0] === client) yield call;
    }
  }

  /** Queues a call in flight again, in its old position. */
  requeue(call: QueuedCall): void {
    call.sentAtMs = undefined;
    this.entities.requeue(call);
    for (const waiter of call.waiters) this.count(waiter);
    for (const client of call.clients) this.queueOf(client).requeue(call);
  }

  /** Removes a call that was answered, or that no caller waits for. */
  remove(call: QueuedCall): void {
    if (call.sentAtMs === undefined) this.dequeue(call);
    this.entities.remove(call);
  }

  /** Takes calls out of the queue. Calls on the same entities still wait for them. */
  markInFlight(calls: readonly QueuedCall[], atMs: number): void {
    for (const call of calls) {
      call.sentAtMs = atMs;
      for (const waiter of call.waiters) {
        this.uncount(waiter);
        waiter.isEvicted = false;
      }
      this.entities.markInFlight(call);
      this.dequeue(call);
    }
  }

  private shareableRead(readKey: string | undefined, { client }: Waiter): QueuedCall | undefined {
    const call = readKey === undefined ? undefined : this.sharedReads.get(readKey);
    // A entry of another client must not wait for the earlier calls of the first one.
    return call && (call.client === client || this.entities.isFirst(call)) ? call : undefined;
  }

  private dequeue(call: QueuedCall): void {
    for (const client of call.clients) this.dequeueFrom(call, client);
    this.stopSharing(call);
  }

  private dequeueFrom(call: QueuedCall, client: string): void {
    const queue = this.queues.get(client);
    queue?.delete(call);
    if (queue?.isEmpty) this.queues.delete(client);
  }

  private rotate(client: string): void {
    const queue = this.queueOf(client);
    this.queues.delete(client);
    this.queues.set(client, queue);
  }

  private queueOf(client: string): ClientQueue {
    let queue = this.queues.get(client);
    if (!queue) this.queues.set(client, (queue = new ClientQueue()));
    return queue;
  }

  private count(waiter: Waiter): void {
    if (waiter.isCounted || waiter.isEvicted) return;
    waiter.isCounted = true;
    this.waiting.add(waiter.client);
    for (const usage of [this.bytes, this.replica]) usage.add(waiter.client, waiter.bytes);
  }

  private uncount(waiter: Waiter): void {
    if (!waiter.isCounted) return;
    waiter.isCounted = false;
    this.waiting.remove(waiter.client);
    for (const usage of [this.bytes, this.replica]) usage.remove(waiter.client, waiter.bytes);
  }
}
