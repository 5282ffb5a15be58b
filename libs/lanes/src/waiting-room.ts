import type { Command } from '@b24/portal';
import { Booking, questionOf, type Rider } from './booking';
import { areSame, type Company } from './company';

/** One client key's bookings, in the order they came. */
type Queue = Booking[];

/**
 * Who waits in a lane, and who is under way from it. Seats go round the client keys; what concerns one entity keeps
 * its order when a write is among it.
 */
export class WaitingRoom {
  /** By client key; whose turn it is stands first. */
  private readonly queues = new Map<string, Queue>();
  /** Those on one entity, waiting or under way, in the order they came. */
  private readonly places = new Map<string, Set<Booking>>();
  /** Waiting reads that another caller may share, by what they ask. */
  private readonly questions = new Map<string, Booking>();
  private lastTicket = 0;
  private waitingRiders = 0;

  constructor(private readonly luggageOf: (command: Command) => number | undefined) {}

  get isEmpty(): boolean {
    return this.queues.size === 0;
  }

  /** Callers who wait. */
  get riders(): number {
    return this.waitingRiders;
  }

  /** A new booking for the rider, or the one that waits with the same question. */
  book(commands: readonly Command[], rider: Rider): Booking {
    const question = questionOf(commands);
    const booking = this.questions.get(question ?? '') ?? this.enter(commands);
    if (question) this.questions.set(question, booking);
    // Who asks after a write was asked for must not share a place before it.
    if (booking.writes) this.questions.clear();
    booking.riders.add(rider);
    this.waitingRiders++;
    return booking;
  }

  /** The rider waits for it no longer. */
  quit(booking: Booking, rider: Rider): void {
    if (booking.riders.delete(rider) && booking.departedAtMs === undefined) this.waitingRiders--;
  }

  private enter(commands: readonly Command[]): Booking {
    const booking = new Booking(++this.lastTicket, commands, this.luggage(commands));
    for (const place of booking.places) this.at(place).add(booking);
    this.queueOf(booking).push(booking);
    return booking;
  }

  /** A booking of another replica's, that may go with the next trip of this one. */
  lodge(commands: readonly Command[], offer: string): Booking {
    const booking = this.enter(commands);
    booking.guest = offer;
    return booking;
  }

  /** Whoever asks the same from now on has a booking of its own. */
  close(booking: Booking): void {
    if (booking.question && this.questions.get(booking.question) === booking) this.questions.delete(booking.question);
  }

  /** Fills the company's seats, and whoever got one leaves the room. */
  seat(company: Company, mayLeave: (booking: Booking) => boolean, atMs: number): void {
    this.choose(company, mayLeave);
    for (const { from } of company.bookings) this.turnTaken(from);
    this.depart(company.bookings, atMs);
  }

  /** Who would get the company's seats: round the client keys, one booking each, for as long as there are seats. */
  choose(company: Company, mayLeave: (booking: Booking) => boolean): void {
    let turns = [...this.queues.values()].map((queue) => ({ queue, next: 0 }));
    while (turns.length > 0 && !company.isFull) {
      turns = turns.filter((turn) => {
        while (!company.isFull && turn.next < turn.queue.length) {
          const booking = turn.queue[turn.next++];
          if (!booking || !mayLeave(booking) || !this.isItsTurn(booking) || !company.admits(booking)) continue;
          company.add(booking);
          return true;
        }
        return false;
      });
    }
  }

  some(mayLeave: (booking: Booking) => boolean): boolean {
    for (const booking of this.waiting()) if (mayLeave(booking) && this.isItsTurn(booking)) return true;
    return false;
  }

  *waiting(): Generator<Booking> {
    for (const queue of this.queues.values()) yield* queue;
  }

  /** It goes again, from the place that it had. */
  putBack(booking: Booking): void {
    booking.departedAtMs = undefined;
    this.waitingRiders += booking.riders.size;
    const queue = this.queueOf(booking);
    const at = queue.findIndex(({ ticket }) => ticket > booking.ticket);
    queue.splice(at < 0 ? queue.length : at, 0, booking);
  }

  /** It has its answer, or nobody waits for it any more. */
  remove(booking: Booking): void {
    if (booking.departedAtMs === undefined) this.letGo([booking]);
    for (const place of booking.places) {
      const others = this.places.get(place);
      others?.delete(booking);
      if (others?.size === 0) this.places.delete(place);
    }
  }

  /** Nothing on the same entity that came before it, waiting or under way, forbids it. */
  private isItsTurn(booking: Booking): boolean {
    for (const place of booking.places) {
      for (const earlier of this.places.get(place) ?? []) {
        if (earlier === booking) break;
        if (mustKeepOrder(earlier, booking)) return false;
      }
    }
    return true;
  }

  /** They are under way: what concerns their entities still waits for them. */
  depart(bookings: readonly Booking[], atMs: number): void {
    for (const booking of bookings) {
      booking.departedAtMs = atMs;
      this.waitingRiders -= booking.riders.size;
    }
    this.letGo(bookings);
  }

  private letGo(bookings: readonly Booking[]): void {
    const leaving = new Set(bookings);
    for (const from of new Set(bookings.map((booking) => booking.from))) {
      const staying = (this.queues.get(from) ?? []).filter((booking) => !leaving.has(booking));
      if (staying.length > 0) this.queues.set(from, staying);
      else this.queues.delete(from);
    }
    for (const booking of bookings) this.close(booking);
  }

  private turnTaken(from: string): void {
    const queue = this.queues.get(from) ?? [];
    this.queues.delete(from);
    this.queues.set(from, queue);
  }

  private queueOf({ from }: Booking): Queue {
    let queue = this.queues.get(from);
    if (!queue) this.queues.set(from, (queue = []));
    return queue;
  }

  private at(place: string): Set<Booking> {
    let bookings = this.places.get(place);
    if (!bookings) this.places.set(place, (bookings = new Set()));
    return bookings;
  }

  private luggage(commands: readonly Command[]): number | undefined {
    let sum = 0;
    for (const command of commands) {
      const bytes = this.luggageOf(command);
      if (bytes === undefined) return undefined;
      sum += bytes;
    }
    return sum;
  }
}

function mustKeepOrder(a: Booking, b: Booking): boolean {
  if (!a.writes && !b.writes) return false;
  return a.commands.some((it) =>
    b.commands.some((other) => (it.effect === 'write' || other.effect === 'write') && areSame(it, other)),
  );
}
