import type { Command } from '@b24/portal';
import { QueuedCall, readKeyOf, type Waiter, type CallSize } from './queued-call';
import { type WaiterEntry, ClientWaiters } from './client-waiters';
import type { BatchBuilder } from './batch-builder';
import { ClientQueue } from './client-queue';
import { EntityOrder } from './entity-order';
import { ClientUsage } from './client-usage';

/** What may leave now, apart from its order on an entity. */
export interface SendFilter {
  /** Whether a request may carry calls of this key. */
  client(from: string): boolean;
  call(call: QueuedCall): boolean;
}

/**
 * Who waits in a portal queue, and who is under way from it. Seats go round the clients; what concerns one entity keeps
 * its order when a write is among it.
 */
export class CallQueue {
  /** By client; whose turn it is stands first. A read that several keys wait for is in the queue of each. */
  private readonly queues = new Map<string, ClientQueue>();
  /** By client: who waits for an answer, also of what is under way. */
  private readonly waiters = new Map<string, ClientWaiters>();
  private readonly entities = new EntityOrder();
  /** Waiting reads that another caller may share, by what they ask. */
  private readonly sharedReads = new Map<string, QueuedCall>();
  /** Callers who wait, by their keys. */
  readonly waiting = new ClientUsage();
  /** The bytes that wait, by the keys of those who wait for them. */
  readonly bytes = new ClientUsage();
  private lastSequence = 0;

  /** @param replica the bytes that wait on this replica for any portal */
  constructor(private readonly replica: ClientUsage) {}

  get isEmpty(): boolean {
    return this.queues.size === 0;
  }

  /** A new call for the waiter, or the one that waits with the same question. */
  enqueue(commands: readonly Command[], weight: CallSize, waiter: Waiter): QueuedCall {
    const question = readKeyOf(commands);
    const call = this.shareableRead(question, waiter) ?? this.create(commands, weight);
    if (question) this.sharedReads.set(question, call);
    // Who asks after a write was asked for must not share a place before it.
    if (call.isWrite) this.sharedReads.clear();
    call.addWaiter(waiter);
    this.queueOf(waiter.client).add(call);
    let callers = this.waiters.get(waiter.client);
    if (!callers) this.waiters.set(waiter.client, (callers = new ClientWaiters()));
    callers.add({ call, waiter });
    this.count(waiter);
    return call;
  }

  /** The waiter waits for it no longer. */
  removeWaiter(call: QueuedCall, waiter: Waiter): void {
    if (!call.removeWaiter(waiter)) return;
    this.uncount(waiter);
    const callers = this.waiters.get(waiter.client);
    callers?.remove();
    if (callers?.isEmpty) this.waiters.delete(waiter.client);
    if (!call.clients.includes(waiter.client)) this.dequeueFrom(call, waiter.client);
  }

  /** Frees the place of a waiter that must go, before it is known whether it can still be held back. */
  releaseSlot(waiter: Waiter): void {
    waiter.isEvicted = true;
    this.uncount(waiter);
  }

  /** A key's callers who wait and hold a place, the newest first. */
  *newest(key: string): Generator<WaiterEntry> {
    for (const caller of this.waiters.get(key)?.newest() ?? []) if (caller.waiter.isCounted) yield caller;
  }

  private create(commands: readonly Command[], weight: CallSize): QueuedCall {
    const call = new QueuedCall(++this.lastSequence, commands, weight.batchBytes);
    this.entities.add(call);
    return call;
  }

  /** A call of another replica's, that may go with the next trip of this one. */
  enqueueRemote(commands: readonly Command[], weight: CallSize, offer: string): QueuedCall {
    const call = this.create(commands, weight);
    call.remoteId = offer;
    this.queueOf(call.client).add(call);
    return call;
  }

  /** Whoever asks the same from now on has a call of its own. */
  stopSharing(call: QueuedCall): void {
    if (call.readKey && this.sharedReads.get(call.readKey) === call) this.sharedReads.delete(call.readKey);
  }

  /** Fills the batch's seats, and whoever got one leaves the room. */
  fill(batch: BatchBuilder, leave: SendFilter, atMs: number): void {
    for (const key of this.pick(batch, leave)) this.rotate(key);
    this.markInFlight(batch.calls, atMs);
  }

  /**
   * Who would get the batch's seats: round the clients, one call each, for as long as there are seats.
   * Returns the keys whose turns they take.
   */
  pick(batch: BatchBuilder, leave: SendFilter): readonly string[] {
    const taken: string[] = [];
    const seated = new Set<QueuedCall>();
    let turns = [...this.queues]
      .filter(([key]) => leave.client(key))
      .map(([key, queue]) => ({ key, left: queue[Symbol.iterator]() }));
    while (turns.length > 0 && !batch.isFull) {
      turns = turns.filter(({ key, left }) => {
        if (batch.isFull) return false;
        for (let next = left.next(); !next.done; next = left.next()) {
          const call = next.value;
          if (seated.has(call) || !batch.canAdd(call) || !this.canSend(call, leave)) continue;
          seated.add(call);
          batch.add(call);
          taken.push(key);
          return true;
        }
        return false;
      });
    }
    return taken;
  }

  /** Whether it can leave with the next request that has a seat for it. */
  canSend(call: QueuedCall, leave: SendFilter): boolean {
    const isFree = (other: QueuedCall) => leave.call(other) && someClient(other, leave);
    return leave.call(call) && this.entities.isItsTurn(call, isFree);
  }

  hasSendable(leave: SendFilter): boolean {
    for (const [key, queue] of this.queues) {
      if (!leave.client(key)) continue;
      for (const call of queue) if (this.canSend(call, leave)) return true;
    }
    return false;
  }

  *calls(): Generator<QueuedCall> {
    for (const [key, queue] of this.queues) {
      for (const call of queue) if (call.clients[0] === key) yield call;
    }
  }

  /** It goes again, from the place that it had. */
  requeue(call: QueuedCall): void {
    call.sentAtMs = undefined;
    this.entities.requeue(call);
    for (const waiter of call.waiters) this.count(waiter);
    for (const key of call.clients) this.queueOf(key).requeue(call);
  }

  /** It has its answer, or nobody waits for it any more. */
  remove(call: QueuedCall): void {
    if (call.sentAtMs === undefined) this.dequeue(call);
    this.entities.remove(call);
  }

  /** They are under way: what concerns their entities still waits for them. */
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

  private shareableRead(question: string | undefined, { client }: Waiter): QueuedCall | undefined {
    const call = question === undefined ? undefined : this.sharedReads.get(question);
    // Another key must not wait for what the first one has before it.
    return call && (call.client === client || this.entities.isFirst(call)) ? call : undefined;
  }

  private dequeue(call: QueuedCall): void {
    for (const key of call.clients) this.dequeueFrom(call, key);
    this.stopSharing(call);
  }

  private dequeueFrom(call: QueuedCall, key: string): void {
    const queue = this.queues.get(key);
    queue?.delete(call);
    if (queue?.isEmpty) this.queues.delete(key);
  }

  private rotate(key: string): void {
    const queue = this.queueOf(key);
    this.queues.delete(key);
    this.queues.set(key, queue);
  }

  private queueOf(key: string): ClientQueue {
    let queue = this.queues.get(key);
    if (!queue) this.queues.set(key, (queue = new ClientQueue()));
    return queue;
  }

  private count(waiter: Waiter): void {
    if (waiter.isCounted || waiter.isEvicted) return;
    waiter.isCounted = true;
    this.waiting.add(waiter.client);
    for (const shares of [this.bytes, this.replica]) shares.add(waiter.client, waiter.bytes);
  }

  private uncount(waiter: Waiter): void {
    if (!waiter.isCounted) return;
    waiter.isCounted = false;
    this.waiting.remove(waiter.client);
    for (const shares of [this.bytes, this.replica]) shares.remove(waiter.client, waiter.bytes);
  }
}

function someClient(call: QueuedCall, leave: SendFilter): boolean {
  return call.clients.some((key) => leave.client(key));
}
