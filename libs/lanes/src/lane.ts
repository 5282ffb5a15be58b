import { type Answer, asFault, type Command, Fault, methodsOf, type PortalId, type Trip } from '@b24/portal';
import { Arrivals } from './arrivals';
import type { Booking, Rider } from './booking';
import type { Drop, Level, Plan } from './bucket';
import { Circuit } from './circuit';
import { Company } from './company';
import { Handover, type Outcome } from './handover';
import type { LaneOptions } from './lane-options';
import type { PortalLedger } from './operating-ledger';
import type { Delivery } from './platform';
import { WaitingRoom } from './waiting-room';

/** Requests of one lane under way at once; the wire has as many connections to a portal. */
export const mostTrips = 64;

export interface LaneCounts {
  /** Calls that wait on this replica. */
  readonly waiting: number;
  /** Requests that are under way from this replica. */
  readonly inFlight: number;
  /** Commands that shared a request, on the average of late. */
  readonly seatsPerTrip: number;
  /** Requests that could leave at once after the last departure of this replica. */
  readonly left: number;
  readonly circuit: Circuit['state'];
}

/**
 * The calls of this replica that wait for one portal, and their departures. There is no timer: whoever waits when the
 * bucket lets a departure out travels with it, up to 50, and while the bucket is empty also those who wait on other
 * replicas. At most one departure waits at the bucket.
 */
export class Lane {
  private readonly room: WaitingRoom;
  private readonly circuit: Circuit;
  private readonly handover: Handover;
  private readonly arrivals: Arrivals;
  private readonly withGuests = new Set<Promise<void>>();
  /** Methods close to their operating time of which a trip is under way. */
  private readonly underWay = new Set<string>();
  private trips = 0;
  private seatsPerTrip = 1;
  private left = 0;
  private departing = false;
  private plan: Plan | undefined;
  /** When the lane last had anything to do, unix milliseconds. */
  private lastUsedAtMs: number;

  constructor(
    private readonly portal: PortalId,
    private readonly options: LaneOptions,
    private readonly ledger: PortalLedger,
  ) {
    const { clock, platform } = options;
    this.room = new WaitingRoom(options.luggageOf);
    this.circuit = new Circuit(clock);
    this.handover = new Handover(portal, platform, clock, {
      next: () => this.nextCompany(),
      left: (booking) => {
        this.arrivals.left(booking);
      },
      back: (booking) => {
        this.arrivals.back(booking);
      },
      lost: (booking) => {
        this.arrivals.lost(booking);
      },
    });
    const { room, circuit, handover } = this;
    this.arrivals = new Arrivals(portal, options, { room, circuit, handover, ledger }, () => void this.letOut());
    this.lastUsedAtMs = clock.now();
  }

  get counts(): LaneCounts {
    const { trips: inFlight, seatsPerTrip, left, circuit } = this;
    const { riders: waiting } = this.room;
    return { waiting, inFlight, seatsPerTrip: Math.round(seatsPerTrip * 10) / 10, left, circuit: circuit.state };
  }

  idleSinceMs(): number | undefined {
    const busy =
      this.departing || !this.room.isEmpty || this.trips > 0 || this.withGuests.size > 0 || !this.handover.isEmpty;
    const isOwed = this.arrivals.keepsOrder || this.circuit.isAsking;
    return busy || isOwed || this.circuit.state === 'open' ? undefined : this.lastUsedAtMs;
  }

  send(commands: readonly Command[], signal: AbortSignal): Promise<readonly Answer[]> {
    const refusal = signal.aborted ? asFault(signal.reason) : this.refusal(commands);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.arrivals.leave(booking, rider, signal.reason);
      };
      const end = () => {
        this.room.quit(booking, rider);
        signal.removeEventListener('abort', leave);
      };
      const rider: Rider = {
        enteredAtMs: this.options.clock.now(),
        resolve: (answers) => {
          end();
          resolve(answers);
        },
        reject: (fault) => {
          end();
          reject(fault);
        },
      };
      const booking = this.room.book(commands, rider);
      signal.addEventListener('abort', leave, { once: true });
      void this.letOut();
    });
  }

  /** Everyone who still waits is told the fault, and nothing more is sent. */
  close(fault: Fault): void {
    this.arrivals.clear(fault);
    this.arrivals.close();
  }

  /** Another replica's trip is back that had taken bookings of ours along. */
  async delivered(delivery: Delivery): Promise<void> {
    await this.arrivals.delivered(delivery);
    void this.letOut();
  }

  /** Resolves when those of other replicas that we carry have been delivered; our own callers wait for theirs. */
  async settle(): Promise<void> {
    while (this.withGuests.size > 0) await Promise.all(this.withGuests);
  }

  /** Departures one after the other, for as long as anyone can leave. Never rejects. */
  private async letOut(): Promise<void> {
    if (this.departing) return;
    this.departing = true;
    while (this.someoneCanLeave()) {
      try {
        const { refusals } = this.arrivals;
        this.plan = await this.options.prepare(this.portal);
        if (!this.someoneCanLeave()) break;
        const drop = await this.options.bucket.take(this.portal, this.plan, this.lookAround);
        // What was fresh when this departure began to wait may be refused meanwhile.
        await this.depart(drop, () => refusals !== this.arrivals.refusals);
      } catch (error) {
        this.arrivals.clear(asFault(error));
      }
      this.arrivals.endSpent();
    }
    this.departing = false;
    this.lastUsedAtMs = this.options.clock.now();
  }

  private readonly lookAround = () => {
    this.handover.look();
  };

  private someoneCanLeave(): boolean {
    if (this.room.isEmpty || this.trips >= mostTrips) return false;
    // The probe goes alone; what becomes of it decides about the others.
    if (this.circuit.state === 'probing' && (this.trips > 0 || this.circuit.isAsking)) return false;
    return this.room.some(this.mayLeave);
  }

  private readonly mayLeave = (booking: Booking): boolean => {
    if (booking.pausing) return false;
    return booking.commands
      .flatMap(methodsOf)
      .every((method) => !this.ledger.isNearLimit(method) || !this.underWay.has(method));
  };

  private async depart(drop: Drop, isOutdated: () => boolean): Promise<void> {
    const { level } = drop;
    const name = this.handover.newTrip();
    const company = await this.gather(name, level, isOutdated);
    // Everyone left while the departure waited, or it would meet what others just met: the drop is not wasted.
    if (company.bookings.length === 0) return drop.giveBack();
    const seats = company.commands.length;
    this.left = level.left;
    this.seatsPerTrip += (seats - this.seatsPerTrip) / 10;
    const queueMs = company.bookings.flatMap((booking) => booking.waitedMs());
    this.options.observer.departed(this.portal, seats, queueMs);
    const journey = this.travel(name, company, { seats, ...level }, drop).finally(() =>
      this.withGuests.delete(journey),
    );
    if (company.bookings.some(({ guest }) => guest !== undefined)) this.withGuests.add(journey);
  }

  /** Those who travel; when the bucket is empty, others may wait for it on other replicas. */
  private async gather(trip: string, { left }: Level, isOutdated: () => boolean): Promise<Company> {
    const company = new Company(this.ledger);
    const guests: Booking[] = [];
    const offers = left < 1 ? await this.handover.offers() : [];
    const gone = await this.handover.board(trip, () => {
      // Whoever was refused meanwhile would be refused again, for good.
      if (isOutdated()) return [];
      for (const { id, commands } of offers) guests.push(this.room.lodge(commands, id));
      this.room.seat(company, this.mayLeave, this.options.clock.now());
      return company.bookings;
    });
    for (const guest of guests) if (guest.departedAtMs === undefined || gone.has(guest)) this.room.remove(guest);
    return gone.size > 0 ? company.without(gone) : company;
  }

  /** Who would leave now and may share a trip. */
  private nextCompany(): readonly Booking[] {
    const company = new Company(this.ledger);
    this.room.choose(company, (booking) => booking.luggage !== undefined && this.mayLeave(booking));
    // Whoever joined it once it is on offer might be told a state from before its own last write.
    for (const booking of company.bookings) this.room.close(booking);
    return company.bookings;
  }

  private async travel(name: string, company: Company, trip: Trip, drop: Drop): Promise<void> {
    const { bookings, commands } = company;
    const guests = bookings.filter(({ guest }) => guest !== undefined);
    const stopKeeping = guests.length > 0 ? this.handover.keep(name) : () => undefined;
    const slowed = commands.flatMap(methodsOf).filter((method) => this.ledger.isNearLimit(method));
    for (const method of slowed) this.underWay.add(method);
    this.trips++;
    let outcome: Outcome;
    try {
      const answers = company.sharesOf(await this.options.next(this.portal, commands, untilAbandoned(bookings)));
      outcome = { answersOf: (booking) => answers.get(booking) ?? [], trip };
      this.arrivals.arrive(answers, trip);
    } catch (error) {
      outcome = asFault(error);
      await this.arrivals.failed(bookings, outcome, this.plan);
    }
    this.trips--;
    drop.arrived();
    for (const method of slowed) this.underWay.delete(method);
    this.lastUsedAtMs = this.options.clock.now();
    void this.letOut();
    await this.handover.deliver(name, guests, outcome).finally(stopKeeping);
  }

  private refusal(commands: readonly Command[]): Fault | undefined {
    return this.circuit.refusal() ?? this.arrivals.spent(commands) ?? this.full();
  }

  private full(): Fault | undefined {
    const { queueLimit, callTimeoutMs } = this.options;
    const { riders: waiting } = this.room;
    if (waiting < queueLimit) return undefined;
    const perSecond = (this.plan?.drainPerSecond ?? 1) * this.seatsPerTrip;
    const halfGoneMs = (waiting / 2 / perSecond) * 1000;
    // Nobody waits here longer than its deadline, so by then the lane has room whatever it holds now.
    const retryAfterMs = Math.max(1000, Math.min(halfGoneMs, callTimeoutMs));
    return new Fault('lane_full', {
      detail: `${waiting} calls wait for this portal, of which about ${Math.round(perSecond)} leave a second; come back after Retry-After.`,
      retryAfterMs,
    });
  }
}

/** Aborts when nobody waits for any of them any more. */
function untilAbandoned(bookings: readonly Booking[]): AbortSignal {
  const controller = new AbortController();
  let waitedFor = bookings.length;
  for (const booking of bookings) {
    booking.abandoned = () => {
      if (--waitedFor === 0) controller.abort(new Fault('deadline_exceeded'));
    };
  }
  return controller.signal;
}
