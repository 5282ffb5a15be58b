import type { Command } from '@b24/portal';
import { Booking, questionOf, type Rider, type Weight } from './booking';
import { type Caller, Callers } from './callers';
import type { Company } from './company';
import { KeyQueue } from './key-queue';
import { Places } from './places';
import { Shares } from './shares';

/** What may leave now, apart from its order on an entity. */
export interface Leave {
  /** Whether a request may carry calls of this key. */
  key(from: string): boolean;
  booking(booking: Booking): boolean;
}

/**
 * Who waits in a lane, and who is under way from it. Seats go round the client keys; what concerns one entity keeps
 * its order when a write is among it.
 */
export class WaitingRoom {
  /** By client key; whose turn it is stands first. A read that several keys wait for is in the queue of each. */
  private readonly queues = new Map<string, KeyQueue>();
  /** By client key: who waits for an answer, also of what is under way. */
  private readonly callers = new Map<string, Callers>();
  private readonly places = new Places();
  /** Waiting reads that another caller may share, by what they ask. */
  private readonly questions = new Map<string, Booking>();
  /** Callers who wait, by their keys. */
  readonly waiting = new Shares();
  /** The bytes that wait, by the keys of those who wait for them. */
  readonly bytes = new Shares();
  private lastTicket = 0;

  /** @param replica the bytes that wait on this replica for any portal */
  constructor(private readonly replica: Shares) {}

  get isEmpty(): boolean {
    return this.queues.size === 0;
  }

  /** A new booking for the rider, or the one that waits with the same question. */
  book(commands: readonly Command[], weight: Weight, rider: Rider): Booking {
    const question = questionOf(commands);
    const booking = this.shared(question, rider) ?? this.enter(commands, weight);
    if (question) this.questions.set(question, booking);
    // Who asks after a write was asked for must not share a place before it.
    if (booking.writes) this.questions.clear();
    booking.join(rider);
    this.queueOf(rider.from).add(booking);
    let callers = this.callers.get(rider.from);
    if (!callers) this.callers.set(rider.from, (callers = new Callers()));
    callers.add({ booking, rider });
    this.count(rider);
    return booking;
  }

  /** The rider waits for it no longer. */
  quit(booking: Booking, rider: Rider): void {
    if (!booking.quit(rider)) return;
    this.uncount(rider);
    const callers = this.callers.get(rider.from);
    callers?.leave();
    if (callers?.isEmpty) this.callers.delete(rider.from);
    if (!booking.keys.includes(rider.from)) this.dequeue(booking, rider.from);
  }

  /** Frees the place of a rider that must go, before it is known whether it can still be held back. */
  giveUpPlace(rider: Rider): void {
    rider.gaveUpPlace = true;
    this.uncount(rider);
  }

  /** A key's callers who wait and hold a place, the newest first. */
  *newest(key: string): Generator<Caller> {
    for (const caller of this.callers.get(key)?.newest() ?? []) if (caller.rider.counted) yield caller;
  }

  private enter(commands: readonly Command[], weight: Weight): Booking {
    const booking = new Booking(++this.lastTicket, commands, weight.luggage);
    this.places.enter(booking);
    return booking;
  }

  /** A booking of another replica's, that may go with the next trip of this one. */
  lodge(commands: readonly Command[], weight: Weight, offer: string): Booking {
    const booking = this.enter(commands, weight);
    booking.guest = offer;
    this.queueOf(booking.from).add(booking);
    return booking;
  }

  /** Whoever asks the same from now on has a booking of its own. */
  close(booking: Booking): void {
    if (booking.question && this.questions.get(booking.question) === booking) this.questions.delete(booking.question);
  }

  /** Fills the company's seats, and whoever got one leaves the room. */
  seat(company: Company, leave: Leave, atMs: number): void {
    for (const key of this.choose(company, leave)) this.turnTaken(key);
    this.depart(company.bookings, atMs);
  }

  /**
   * Who would get the company's seats: round the client keys, one booking each, for as long as there are seats.
   * Returns the keys whose turns they take.
   */
  choose(company: Company, leave: Leave): readonly string[] {
    const taken: string[] = [];
    const seated = new Set<Booking>();
    let turns = [...this.queues]
      .filter(([key]) => leave.key(key))
      .map(([key, queue]) => ({ key, left: queue[Symbol.iterator]() }));
    while (turns.length > 0 && !company.isFull) {
      turns = turns.filter(({ key, left }) => {
        if (company.isFull) return false;
        for (let next = left.next(); !next.done; next = left.next()) {
          const booking = next.value;
          if (seated.has(booking) || !company.admits(booking) || !this.canGo(booking, leave)) continue;
          seated.add(booking);
          company.add(booking);
          taken.push(key);
          return true;
        }
        return false;
      });
    }
    return taken;
  }

  /** Whether it can leave with the next request that has a seat for it. */
  canGo(booking: Booking, leave: Leave): boolean {
    const isFree = (other: Booking) => leave.booking(other) && someKey(other, leave);
    return leave.booking(booking) && this.places.isItsTurn(booking, isFree);
  }

  some(leave: Leave): boolean {
    for (const [key, queue] of this.queues) {
      if (!leave.key(key)) continue;
      for (const booking of queue) if (this.canGo(booking, leave)) return true;
    }
    return false;
  }

  *bookings(): Generator<Booking> {
    for (const [key, queue] of this.queues) {
      for (const booking of queue) if (booking.keys[0] === key) yield booking;
    }
  }

  /** It goes again, from the place that it had. */
  putBack(booking: Booking): void {
    booking.departedAtMs = undefined;
    this.places.putBack(booking);
    for (const rider of booking.riders) this.count(rider);
    for (const key of booking.keys) this.queueOf(key).putBack(booking);
  }

  /** It has its answer, or nobody waits for it any more. */
  remove(booking: Booking): void {
    if (booking.departedAtMs === undefined) this.letGo(booking);
    this.places.remove(booking);
  }

  /** They are under way: what concerns their entities still waits for them. */
  depart(bookings: readonly Booking[], atMs: number): void {
    for (const booking of bookings) {
      booking.departedAtMs = atMs;
      for (const rider of booking.riders) {
        this.uncount(rider);
        rider.gaveUpPlace = false;
      }
      this.places.depart(booking);
      this.letGo(booking);
    }
  }

  private shared(question: string | undefined, { from }: Rider): Booking | undefined {
    const booking = question === undefined ? undefined : this.questions.get(question);
    // Another key must not wait for what the first one has before it.
    return booking && (booking.from === from || this.places.isFirst(booking)) ? booking : undefined;
  }

  private letGo(booking: Booking): void {
    for (const key of booking.keys) this.dequeue(booking, key);
    this.close(booking);
  }

  private dequeue(booking: Booking, key: string): void {
    const queue = this.queues.get(key);
    queue?.delete(booking);
    if (queue?.isEmpty) this.queues.delete(key);
  }

  private turnTaken(key: string): void {
    const queue = this.queueOf(key);
    this.queues.delete(key);
    this.queues.set(key, queue);
  }

  private queueOf(key: string): KeyQueue {
    let queue = this.queues.get(key);
    if (!queue) this.queues.set(key, (queue = new KeyQueue()));
    return queue;
  }

  private count(rider: Rider): void {
    if (rider.counted || rider.gaveUpPlace) return;
    rider.counted = true;
    this.waiting.add(rider.from);
    for (const shares of [this.bytes, this.replica]) shares.add(rider.from, rider.bytes);
  }

  private uncount(rider: Rider): void {
    if (!rider.counted) return;
    rider.counted = false;
    this.waiting.remove(rider.from);
    for (const shares of [this.bytes, this.replica]) shares.remove(rider.from, rider.bytes);
  }
}

function someKey(booking: Booking, leave: Leave): boolean {
  return booking.keys.some((key) => leave.key(key));
}
