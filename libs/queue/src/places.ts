import type { Booking } from './booking';
import { areSame } from './company';

/** What waits or is under way on one entity. */
class Place {
  readonly underWay = new Set<Booking>();
  /** By client key, in the order in which they came. */
  readonly byKey = new Map<string, Set<Booking>>();
  /** How many of them write. */
  writes = 0;
}

/**
 * The order on entities, where a write is among what concerns them. A key's own commands keep their order. Between keys
 * they take turns: each waits for what is under way and not given up, and for at most one of every other key, so that no key keeps an
 * entity for itself by having much that waits for it.
 */
export class Places {
  private readonly places = new Map<string, Place>();
  private lastTurn = 0;

  enter(booking: Booking): void {
    for (const name of booking.places) {
      const place = this.at(name);
      if (booking.writes) place.writes++;
      const own = place.byKey.get(booking.from) ?? new Set();
      place.byKey.set(booking.from, own.add(booking));
    }
    this.takeTurn(booking);
  }

  /** It is under way: what concerns its entities waits for it, whoever asks, while its callers do. */
  depart(booking: Booking): void {
    for (const name of booking.places) this.places.get(name)?.underWay.add(booking);
  }

  putBack(booking: Booking): void {
    for (const name of booking.places) this.places.get(name)?.underWay.delete(booking);
  }

  remove(booking: Booking): void {
    for (const name of booking.places) {
      const place = this.places.get(name);
      const own = place?.byKey.get(booking.from);
      if (!place || !own?.delete(booking)) continue;
      if (booking.writes) place.writes--;
      place.underWay.delete(booking);
      if (own.size === 0) place.byKey.delete(booking.from);
      if (place.byKey.size === 0) this.places.delete(name);
    }
  }

  /** Nothing on the same entity forbids it to leave. @param canGo whether another waits for nothing but its turn */
  isItsTurn(booking: Booking, canGo: (other: Booking) => boolean): boolean {
    this.takeTurn(booking);
    for (const name of booking.places) {
      const place = this.places.get(name);
      if (!place || (place.writes === 0 && !booking.writes)) continue;
      for (const earlier of goBefore(place, booking, canGo)) if (mustKeepOrder(earlier, booking)) return false;
    }
    return true;
  }

  /** Nothing of its own key waits before it on its entities. */
  isFirst(booking: Booking): boolean {
    return booking.places.every((name) => firstOf(this.places.get(name)?.byKey.get(booking.from)) === booking);
  }

  /** Its turn begins when it is the first of its key. */
  private takeTurn(booking: Booking): void {
    if (booking.turn === undefined && this.isFirst(booking)) booking.turn = ++this.lastTurn;
  }

  private at(name: string): Place {
    let place = this.places.get(name);
    if (!place) this.places.set(name, (place = new Place()));
    return place;
  }
}

/** What is before it on the place: under way, earlier of its own key, or the first of another key, if it can go. */
function* goBefore(place: Place, booking: Booking, canGo: (other: Booking) => boolean): Generator<Booking> {
  for (const other of place.underWay) if (other !== booking && holds(other, booking)) yield other;
  const turn = booking.turn ?? Infinity;
  for (const [key, bookings] of place.byKey) {
    if (key === booking.from) {
      for (const own of bookings) {
        if (own === booking) break;
        yield own;
      }
    } else {
      const other = firstOf(bookings);
      if (other?.turn !== undefined && other.turn < turn && canGo(other)) yield other;
    }
  }
}

/** What was given up holds its own key alone: the request of another is not for that caller to delay. */
function holds({ isAbandoned, from }: Booking, booking: Booking): boolean {
  return !isAbandoned || from === booking.from;
}

/** The first that waits. */
function firstOf(bookings: Iterable<Booking> = []): Booking | undefined {
  for (const booking of bookings) if (booking.departedAtMs === undefined) return booking;
  return undefined;
}

function mustKeepOrder(a: Booking, b: Booking): boolean {
  if (!a.writes && !b.writes) return false;
  return a.commands.some((it) =>
    b.commands.some((other) => (it.effect === 'write' || other.effect === 'write') && areSame(it, other)),
  );
}
