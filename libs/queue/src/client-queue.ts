import type { QueuedCall } from './queued-call';

/**
 * What one client has waiting, in the order in which it came. What enters and leaves costs the same however much
 * waits.
 */
export class ClientQueue {
  /** What was never sent. A set keeps the order in which its members were added. */
  private readonly fresh = new Set<QueuedCall>();
  /** What was sent and waits again, by ticket: at most what can be under way at once. */
  private retried = new Set<QueuedCall>();

  get isEmpty(): boolean {
    return this.fresh.size === 0 && this.retried.size === 0;
  }

  add(call: QueuedCall): void {
    if (!this.retried.has(call)) this.fresh.add(call);
  }

  /** It waits again, in its old place. */
  requeue(call: QueuedCall): void {
    if (this.fresh.has(call)) return;
    this.retried = new Set([...this.retried, call].sort((a, b) => a.sequence - b.sequence));
  }

  delete(call: QueuedCall): void {
    this.fresh.delete(call);
    this.retried.delete(call);
  }

  /** In the order of their tickets. */
  *[Symbol.iterator](): Generator<QueuedCall> {
    const again = this.retried.values();
    let next = again.next();
    for (const call of this.fresh) {
      while (!next.done && next.value.sequence < call.sequence) {
        yield next.value;
        next = again.next();
      }
      yield call;
    }
    while (!next.done) {
      yield next.value;
      next = again.next();
    }
  }
}
