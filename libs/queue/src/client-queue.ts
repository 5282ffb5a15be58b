import type { QueuedCall } from './queued-call';

/** The waiting calls of one client, in the order in which they came. Adding and removing take constant time. */
export class ClientQueue {
  /** Calls that were never sent. A set keeps insertion order. */
  private readonly fresh = new Set<QueuedCall>();
  /** Calls that wait for a retry, by sequence: at most as many as can be in flight at once. */
  private retried = new Set<QueuedCall>();

  get isEmpty(): boolean {
    return this.fresh.size === 0 && this.retried.size === 0;
  }

  add(call: QueuedCall): void {
    if (!this.retried.has(call)) this.fresh.add(call);
  }

  /** Queues a call again in its old position. */
  requeue(call: QueuedCall): void {
    if (this.fresh.has(call)) return;
    this.retried = new Set([...this.retried, call].sort((a, b) => a.sequence - b.sequence));
  }

  delete(call: QueuedCall): void {
    this.fresh.delete(call);
    this.retried.delete(call);
  }

  /** Iterates over the calls by sequence. */
  [Symbol.iterator](): Iterator<QueuedCall> {
    return this.retried.size === 0 ? this.fresh.values() : this.merged();
  }

  private *merged(): Generator<QueuedCall> {
    const retried = this.retried.values();
    let next = retried.next();
    for (const call of this.fresh) {
      while (!next.done && next.value.sequence < call.sequence) {
        yield next.value;
        next = retried.next();
      }
      yield call;
    }
    while (!next.done) {
      yield next.value;
      next = retried.next();
    }
  }
}
