import type { Booking } from './booking';

/**
 * What one client key has waiting, in the order in which it came. What enters and leaves costs the same however much
 * waits.
 */
export class KeyQueue {
  /** What was never sent. A set keeps the order in which its members were added. */
  private readonly fresh = new Set<Booking>();
  /** What was sent and waits again, by ticket: at most what can be under way at once. */
  private again = new Set<Booking>();

  get isEmpty(): boolean {
    return this.fresh.size === 0 && this.again.size === 0;
  }

  add(booking: Booking): void {
    if (!this.again.has(booking)) this.fresh.add(booking);
  }

  /** It waits again, in its old place. */
  putBack(booking: Booking): void {
    if (this.fresh.has(booking)) return;
    this.again = new Set([...this.again, booking].sort((a, b) => a.ticket - b.ticket));
  }

  delete(booking: Booking): void {
    this.fresh.delete(booking);
    this.again.delete(booking);
  }

  /** In the order of their tickets. */
  *[Symbol.iterator](): Generator<Booking> {
    const again = this.again.values();
    let next = again.next();
    for (const booking of this.fresh) {
      while (!next.done && next.value.ticket < booking.ticket) {
        yield next.value;
        next = again.next();
      }
      yield booking;
    }
    while (!next.done) {
      yield next.value;
      next = again.next();
    }
  }
}
