import type { Booking, Rider } from './booking';

/** One caller, and the booking that it waits for. */
export interface Caller {
  readonly booking: Booking;
  readonly rider: Rider;
}

/** Below this length the list is not worth clearing. */
const minClearedLength = 64;

/** The callers of one client key, from their call to their answer. */
export class Callers {
  /** The newest last. Those who have their answer stay until they are half of it. */
  private list: Caller[] = [];
  private gone = 0;

  get isEmpty(): boolean {
    return this.list.length === this.gone;
  }

  add(caller: Caller): void {
    this.list.push(caller);
  }

  /** One of them has its answer. */
  leave(): void {
    this.gone++;
    if (this.list.length < minClearedLength || this.gone * 2 < this.list.length) return;
    this.list = this.list.filter(isThere);
    this.gone = 0;
  }

  /** The newest first. */
  *newest(): Generator<Caller> {
    for (let i = this.list.length - 1; i >= 0; i--) {
      const caller = this.list[i];
      if (!caller) continue;
      if (isThere(caller)) yield caller;
      else if (i === this.list.length - 1) {
        this.list.pop();
        this.gone--;
      }
    }
  }
}

function isThere({ booking, rider }: Caller): boolean {
  return booking.riders.has(rider);
}
