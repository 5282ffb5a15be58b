import { type Answer, type Clock, Fault, type PortalId, sleep, type Trip } from '@b24/portal';
import type { Booking } from './booking';
import type { Delivery, Offer, Outlook, Platform } from './platform';

/** What is on offer is looked after so often while no departure of ours does it. */
const watchEveryMs = 3000;
/** What is neither on offer nor with a trip, and was not delivered for so long, is lost. */
const missingForMs = 3000;
/** A caller whose time is up is not kept longer by a platform that does not answer. */
const withdrawWithinMs = 250;
/** A trip's lease begins anew so often. */
const keepEveryMs = 3000;
const deliverAgainAfterMs = 500;
const deliveryTries = 20;

/** What the lane does about bookings of its own that are on the platform. */
export interface Owner {
  /** Who would leave with the next departure, if it left now and may share its trip. */
  next(): readonly Booking[];
  /** Another replica's trip has taken it along. */
  left(booking: Booking): void;
  /** It was taken to have left, and waits. */
  back(booking: Booking): void;
  /** The trip that took it told nothing and is over. */
  lost(booking: Booking): void;
}

/** What came of a trip: an answer for each command of the booking, or the failure of the whole. */
export type Outcome = { readonly answersOf: (booking: Booking) => readonly Answer[]; readonly trip: Trip } | Fault;

/**
 * One lane's dealings with the platform: what it has on offer for others' trips, and whom its own trips take along.
 * While several replicas wait for one portal, whichever departs next carries what waits on all of them.
 * Questions are asked one after the other, so that no answer is older than what was done after it.
 */
export class Handover {
  /** Bookings of ours that are on offer or were taken along by others, by the offer's id. */
  private readonly out = new Map<string, Booking>();
  private readonly idOf = new Map<Booking, string>();
  private readonly missingSinceMs = new Map<string, number>();
  private othersWait = false;
  private looking = false;
  private lastQuestion: Promise<unknown> = Promise.resolve();
  private stopWatching: (() => void) | undefined;

  constructor(
    private readonly portal: PortalId,
    private readonly platform: Platform,
    private readonly clock: Clock,
    private readonly owner: Owner,
  ) {}

  isOut(booking: Booking): boolean {
    return this.idOf.has(booking);
  }

  get isEmpty(): boolean {
    return this.out.size === 0;
  }

  /** Our departure still waits at the bucket: the next company goes on offer, if anyone is there to take it. */
  look(): void {
    if (this.looking) return;
    this.looking = true;
    void this.inTurn(() => this.ask(true)).finally(() => (this.looking = false));
  }

  /** What other replicas have on offer. None when the platform can't be asked. */
  offers(): Promise<readonly Offer[]> {
    return this.platform.offers(this.portal).catch(() => []);
  }

  newTrip(): string {
    return this.platform.newId();
  }

  /** Seats a trip's company; answers who of it may not leave, since another trip has it or its owner withdrew it. */
  board(trip: string, seat: () => readonly Booking[]): Promise<ReadonlySet<Booking>> {
    return this.inTurn(async () => {
      const ids = new Map(seat().map((booking) => [booking, booking.guest ?? this.idOf.get(booking)]));
      const offered = [...ids].flatMap(([booking, id]) => (id === undefined ? [] : [{ booking, id }]));
      if (offered.length === 0) return new Set();
      // When it can't be known, those on the platform stay behind.
      const wanted = offered.map(({ id }) => id);
      const taken = await this.platform.take(this.portal, trip, wanted).catch(() => new Set<string>());
      for (const id of taken) this.settle(id);
      return new Set(offered.filter(({ id }) => !taken.has(id)).map(({ booking }) => booking));
    });
  }

  /** Keeps the lease of a trip with guests until it is over. */
  keep(trip: string): () => void {
    let stop: () => void = () => undefined;
    const again = () => {
      this.platform.keep(this.portal, trip).catch(() => undefined);
      stop = this.clock.after(keepEveryMs, again);
    };
    stop = this.clock.after(keepEveryMs, again);
    return () => {
      stop();
    };
  }

  /** Tells the owners of a trip's guests what came of it; tries for as long as they wait for it. */
  async deliver(trip: string, guests: readonly Booking[], outcome: Outcome): Promise<void> {
    if (guests.length === 0) return;
    const ids = guests.map(({ guest }) => guest ?? '');
    const delivery: Delivery =
      outcome instanceof Fault
        ? { ids, fault: outcome }
        : { ids, answers: guests.map((guest) => outcome.answersOf(guest)), trip: outcome.trip };
    for (let tries = 1; tries <= deliveryTries; tries++) {
      try {
        await this.platform.deliver(this.portal, trip, delivery);
        return;
      } catch {
        await sleep(this.clock, deliverAgainAfterMs);
      }
    }
  }

  /**
   * Takes an own booking off the platform, unless a trip has it; unknown when the platform does not say in time.
   * `back` runs as soon as it is off, before anything else can happen to it.
   */
  async withdraw(booking: Booking, back: () => void = () => undefined): Promise<'back' | 'taken' | 'unknown'> {
    const answer = this.inTurn(async () => {
      const id = this.idOf.get(booking);
      const taken = id === undefined ? undefined : await this.platform.take(this.portal, '', [id]);
      if (id !== undefined && !taken?.has(id)) return 'taken';
      if (id !== undefined) this.settle(id);
      back();
      return 'back';
    }).catch(() => 'unknown' as const);
    return Promise.race([answer, sleep(this.clock, withdrawWithinMs).then(() => 'unknown' as const)]);
  }

  /** The booking behind an offer of ours that the platform has nothing more to tell of. */
  settle(id: string): Booking | undefined {
    const booking = this.out.get(id);
    this.out.delete(id);
    this.missingSinceMs.delete(id);
    if (booking) this.idOf.delete(booking);
    return booking;
  }

  private async ask(waiting: boolean): Promise<void> {
    const fresh = waiting && this.othersWait ? this.owner.next().filter((it) => !this.isOut(it)) : [];
    const offers = fresh.map((booking) => {
      const id = this.platform.newId();
      this.out.set(id, booking);
      this.idOf.set(booking, id);
      return { id, commands: booking.commands };
    });
    this.watch();
    const outlook = await this.platform.wait(this.portal, offers, waiting).catch(() => undefined);
    if (outlook) this.hear(outlook);
  }

  private hear({ othersWait, ours }: Outlook): void {
    this.othersWait = othersWait;
    for (const [id, booking] of [...this.out]) {
      const state = ours.get(id) ?? this.missing(id);
      if (state === 'lost') {
        this.settle(id);
        this.owner.lost(booking);
      } else if (state === 'taken' && booking.departedAtMs === undefined) this.owner.left(booking);
      else if (state === 'waiting' && booking.departedAtMs !== undefined) this.owner.back(booking);
      if (ours.has(id)) this.missingSinceMs.delete(id);
    }
  }

  /** Its delivery is on the way, or the platform has forgotten it. */
  private missing(id: string): 'lost' | undefined {
    const now = this.clock.now();
    const sinceMs = this.missingSinceMs.get(id) ?? now;
    this.missingSinceMs.set(id, sinceMs);
    return now - sinceMs >= missingForMs ? 'lost' : undefined;
  }

  private watch(): void {
    if (this.isEmpty) return;
    this.stopWatching ??= this.clock.after(watchEveryMs, () => {
      this.stopWatching = undefined;
      if (!this.isEmpty) void this.inTurn(() => this.ask(false));
    });
  }

  private inTurn<T>(question: () => Promise<T>): Promise<T> {
    const answer = this.lastQuestion.then(question);
    this.lastQuestion = answer.catch(() => undefined);
    return answer;
  }
}
