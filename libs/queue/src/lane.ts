import { type Answer, asFault, type Command, Fault, type PortalId, type Trip } from '@b24/portal';
import { Admission, maxPortalBytes, maxReplicaBytes, type ReplicaBytes } from './admission';
import { Arrivals } from './arrivals';
import { type Booking, keyOf, type Rider, type Weight } from './booking';
import type { Caller } from './callers';
import type { Drop, Level, Plan } from './bucket';
import { Circuit } from './circuit';
import { Company } from './company';
import { Handover, type Outcome } from './handover';
import type { LaneOptions } from './lane-options';
import type { PortalLedger } from './operating-ledger';
import type { Delivery } from './platform';
import { sizeOf } from './size-of';
import { maxUnderWay, UnderWay } from './under-way';
import { type Leave, WaitingRoom } from './waiting-room';

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
  private readonly underWay: UnderWay;
  private readonly admission: Admission;
  private seatsPerTrip = 1;
  private left = 0;
  private departing = false;
  private plan: Plan | undefined;
  private wasFound = false;
  /** When the lane last had anything to do, unix milliseconds. */
  private lastUsedAtMs: number;

  constructor(
    private readonly portal: PortalId,
    private readonly options: LaneOptions,
    private readonly ledger: PortalLedger,
    replica: ReplicaBytes,
    /** There is no such portal, and nobody waits for it any more. */
    private readonly missing: () => void,
  ) {
    const { clock, platform, queueLimit, maxBytes } = options;
    this.room = new WaitingRoom(replica.shares);
    this.underWay = new UnderWay(ledger);
    const bounds = {
      calls: queueLimit,
      portalBytes: maxBytes?.portal ?? maxPortalBytes,
      replicaBytes: maxBytes?.replica ?? maxReplicaBytes,
    };
    this.admission = new Admission(this.room, bounds, replica, (caller) => {
      this.refuse(caller);
    });
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

  /** Whether its portal is there: anyone may call for one that is not. */
  get isFound(): boolean {
    return this.wasFound;
  }

  /** The portal is there. */
  found(): void {
    this.wasFound = true;
  }

  get counts(): LaneCounts {
    const { seatsPerTrip, left, circuit } = this;
    const { total: waiting } = this.room.waiting;
    const { count: inFlight } = this.underWay;
    return { waiting, inFlight, seatsPerTrip: Math.round(seatsPerTrip * 10) / 10, left, circuit: circuit.state };
  }

  idleSinceMs(): number | undefined {
    const busy =
      this.departing ||
      !this.room.isEmpty ||
      this.underWay.count > 0 ||
      this.withGuests.size > 0 ||
      !this.handover.isEmpty;
    const isOwed = this.arrivals.keepsOrder || this.circuit.isAsking;
    return busy || isOwed || this.circuit.state === 'open' ? undefined : this.lastUsedAtMs;
  }

  send(commands: readonly Command[], signal: AbortSignal): Promise<readonly Answer[]> {
    const from = keyOf(commands);
    const weight = this.weigh(commands);
    const refusal = signal.aborted ? asFault(signal.reason) : this.refusal(commands, from, weight);
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
        from,
        bytes: weight.bytes,
        counted: false,
        gaveUpPlace: false,
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
      const booking = this.room.book(commands, weight, rider);
      signal.addEventListener('abort', leave, { once: true });
      void this.letOut();
    });
  }

  /** The bytes that the key's calls occupy here while they wait. */
  bytesOf(key: string): number {
    return this.room.bytes.of(key);
  }

  /** Refuses the newest waiting calls of the key until there is enough. */
  free(key: string, isShort: () => boolean): void {
    this.admission.free(key, isShort);
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
        this.plan = await this.prepare();
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
    if (!this.wasFound) this.missing();
  }

  private async prepare(): Promise<Plan> {
    try {
      const plan = await this.options.prepare(this.portal);
      this.found();
      return plan;
    } catch (error) {
      const { code } = asFault(error);
      // A store that does not answer says nothing of the portal.
      if (code === 'portal_not_found') this.wasFound = false;
      else if (code !== 'store_unavailable') this.found();
      throw error;
    }
  }

  private readonly lookAround = () => {
    this.handover.look();
  };

  private someoneCanLeave(): boolean {
    if (this.room.isEmpty || this.underWay.count >= maxUnderWay) return false;
    // The probe goes alone; what becomes of it decides about the others.
    if (this.circuit.state === 'probing' && (this.underWay.count > 0 || this.circuit.isAsking)) return false;
    return this.room.some(this.mayLeave);
  }

  private readonly mayLeave: Leave = {
    key: (from) => this.underWay.mayCarry(from),
    booking: (booking) => !booking.pausing && !this.underWay.isHeld(booking),
  };

  /** The same, where the keys take turns with a method that goes one by one. */
  private mayLeaveInTurn(): Leave {
    const { ledger, underWay, room, mayLeave } = this;
    if (!ledger.hasNearLimit) return mayLeave;
    const ready = [...room.bookings()].filter((booking) => mayLeave.booking(booking) && room.canGo(booking, mayLeave));
    const turns = underWay.turnsOf(ready.filter(({ keys }) => keys.some((key) => mayLeave.key(key))));
    return { ...mayLeave, booking: (it) => mayLeave.booking(it) && !underWay.yields(it, turns) };
  }

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
      for (const { id, commands } of offers) guests.push(this.room.lodge(commands, this.weigh(commands), id));
      this.room.seat(company, this.mayLeaveInTurn(), this.options.clock.now());
      return company.bookings;
    });
    for (const guest of guests) if (guest.departedAtMs === undefined || gone.has(guest)) this.room.remove(guest);
    return gone.size > 0 ? company.without(gone) : company;
  }

  /** Who would leave now and may share a trip. */
  private nextCompany(): readonly Booking[] {
    const company = new Company(this.ledger);
    const leave = this.mayLeaveInTurn();
    this.room.choose(company, { ...leave, booking: (it) => it.luggage !== undefined && leave.booking(it) });
    // Whoever joined it once it is on offer might be told a state from before its own last write.
    for (const booking of company.bookings) this.room.close(booking);
    return company.bookings;
  }

  private async travel(name: string, company: Company, trip: Trip, drop: Drop): Promise<void> {
    const { bookings, commands } = company;
    const guests = bookings.filter(({ guest }) => guest !== undefined);
    const stopKeeping = guests.length > 0 ? this.handover.keep(name) : () => undefined;
    const end = this.underWay.begin(bookings);
    let outcome: Outcome;
    try {
      const answers = company.sharesOf(await this.options.next(this.portal, commands, untilAbandoned(bookings)));
      outcome = { answersOf: (booking) => answers.get(booking) ?? [], trip };
      this.arrivals.arrive(answers, trip);
    } catch (error) {
      outcome = asFault(error);
      await this.arrivals.failed(bookings, outcome, this.plan);
    }
    end();
    drop.arrived();
    this.lastUsedAtMs = this.options.clock.now();
    void this.letOut();
    await this.handover.deliver(name, guests, outcome).finally(stopKeeping);
  }

  private refusal(commands: readonly Command[], from: string, { bytes }: Weight): Fault | undefined {
    const refusal = this.circuit.refusal() ?? this.arrivals.spent(commands);
    if (refusal || this.admission.admits(from, bytes)) return refusal;
    return this.full(from);
  }

  /** Another key's call gets its place. */
  private refuse({ booking, rider }: Caller): void {
    this.arrivals.evict(booking, rider, this.full(rider.from));
  }

  private full(from: string): Fault {
    const { waiting } = this.room;
    const perSecond = (this.plan?.drainPerSecond ?? 1) * this.seatsPerTrip;
    const halfGoneMs = (waiting.total / 2 / perSecond) * 1000;
    // Nobody waits here longer than its deadline, so by then the lane has room whatever it holds now.
    const retryAfterMs = Math.max(1000, Math.min(halfGoneMs, this.options.callTimeoutMs));
    return new Fault('queue_full', {
      detail: `${waiting.total} calls wait for this portal, ${waiting.of(from)} of them of this key; about ${Math.round(perSecond)} leave a second. This call was not sent; come back after Retry-After.`,
      retryAfterMs,
    });
  }

  private weigh(commands: readonly Command[]): Weight {
    let luggage: number | undefined = 0;
    let bytes = 0;
    for (const command of commands) {
      const own = this.options.luggageOf(command);
      luggage = luggage === undefined || own === undefined ? undefined : luggage + own;
      bytes += sizeOf(command);
    }
    return { luggage, bytes };
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
