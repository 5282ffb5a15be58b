import {
  type Again,
  type Answer,
  asFault,
  type Clock,
  type Command,
  Fault,
  type PortalId,
  type Send,
  type Trip,
} from '@b24/portal';
import type { Booking, Rider } from './booking';
import type { Bucket, Level, Plan } from './bucket';
import { Circuit } from './circuit';
import { Company } from './company';
import { pauseBeforeGoingAgain } from './go-again';
import type { PortalLedger } from './operating-ledger';
import { WaitingRoom } from './waiting-room';

/** Requests of one lane under way at once; the wire has as many connections to a portal. */
export const mostTrips = 64;
/** For so long nothing leaves after the portal said that its bucket is full; twice as long each time in a row. */
const firstStandBackMs = 2000;
const longestStandBackMs = 16_000;

/** What a departure that was made ready before would meet again. */
const grantIsOld: ReadonlySet<Again> = new Set(['token_refused', 'user_refused', 'moved']);

/** Told of what the lanes do, for metrics and alerts. */
export interface LaneObserver {
  /** A trip left; how long each of its callers had waited. */
  departed(portal: PortalId, seats: number, queueMs: readonly number[]): void;
  stoodBack(portal: PortalId): void;
  circuit(portal: PortalId, change: 'opened' | 'closed', fault?: Fault): void;
}

export interface LaneOptions {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly next: Send;
  /**
   * Run before each departure takes from the bucket: what it does may be slow, and a taken drop must leave at once.
   * Tells the portal's plan.
   */
  readonly prepare: (portal: PortalId) => Promise<Plan>;
  /** The bytes that a command takes in a batch; undefined when it may not share one. */
  readonly luggageOf: (command: Command) => number | undefined;
  /** Calls that may wait here, on this replica. */
  readonly queueLimit: number;
  /** How long a caller usually waits, for an honest Retry-After. */
  readonly callTimeoutMs: number;
  readonly observer: LaneObserver;
}

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
 * bucket lets a departure out travels with it, up to 50. At most one departure waits at the bucket.
 */
export class Lane {
  private readonly room: WaitingRoom;
  private readonly circuit: Circuit;
  private waiting = 0;
  private trips = 0;
  private seatsPerTrip = 1;
  private left = 0;
  private departing = false;
  /** Trips that showed the grant to be an old one. */
  private refusals = 0;
  private plan: Plan | undefined;
  private standBackMs = firstStandBackMs;
  private stoodBackUntilMs = 0;
  /** When the lane last had anything to do, unix milliseconds. */
  private lastUsedAtMs: number;

  constructor(
    private readonly portal: PortalId,
    private readonly options: LaneOptions,
    private readonly ledger: PortalLedger,
  ) {
    this.room = new WaitingRoom(options.luggageOf);
    this.circuit = new Circuit(options.clock);
    this.lastUsedAtMs = options.clock.now();
  }

  get counts(): LaneCounts {
    const { waiting, trips: inFlight, seatsPerTrip, left, circuit } = this;
    return { waiting, inFlight, seatsPerTrip: Math.round(seatsPerTrip * 10) / 10, left, circuit: circuit.state };
  }

  idleSinceMs(): number | undefined {
    const busy = this.departing || this.waiting > 0 || this.trips > 0 || this.circuit.state === 'open';
    return busy ? undefined : this.lastUsedAtMs;
  }

  send(commands: readonly Command[], signal: AbortSignal): Promise<readonly Answer[]> {
    const refusal = signal.aborted ? asFault(signal.reason) : this.refusal(commands);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const booking = this.room.book(commands);
      const leave = () => {
        rider.reject(booking.departedAtMs === undefined ? asFault(signal.reason) : afterDeparture(signal.reason));
        if (booking.riders.size > 0) return;
        if (booking.departedAtMs === undefined) this.room.remove(booking);
        else booking.abandoned?.();
      };
      const end = () => {
        booking.riders.delete(rider);
        if (booking.departedAtMs === undefined) this.waiting--;
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
      signal.addEventListener('abort', leave, { once: true });
      booking.riders.add(rider);
      this.waiting++;
      void this.letOut();
    });
  }

  /** Everyone who still waits is told the fault. */
  clear(fault: Fault): void {
    for (const booking of [...this.room.waiting()]) this.end(booking, fault);
  }

  /** Departures one after the other, for as long as anyone can leave. Never rejects. */
  private async letOut(): Promise<void> {
    if (this.departing) return;
    this.departing = true;
    while (this.someoneCanLeave()) {
      try {
        const refusals = this.refusals;
        this.plan = await this.options.prepare(this.portal);
        if (!this.someoneCanLeave()) break;
        const level = await this.options.bucket.take(this.portal, this.plan);
        // What was fresh when this departure began to wait has been refused since.
        if (refusals !== this.refusals) await this.options.bucket.giveBack(this.portal, this.plan);
        else await this.depart(level, this.plan);
      } catch (error) {
        const fault = asFault(error);
        for (const booking of [...this.room.waiting()]) this.fail(booking, fault);
      }
      this.endSpent();
    }
    this.departing = false;
    this.lastUsedAtMs = this.options.clock.now();
  }

  private someoneCanLeave(): boolean {
    if (this.room.isEmpty || this.trips >= mostTrips) return false;
    // The probe goes alone; what becomes of it decides about the others.
    if (this.circuit.state === 'probing' && this.trips > 0) return false;
    return this.room.some(this.mayLeave);
  }

  private readonly mayLeave = (booking: Booking): boolean => {
    if (booking.pausing) return false;
    return booking.commands.every(({ method }) => !this.ledger.isNearLimit(method) || !this.underWay.has(method));
  };

  /** Methods close to their operating time of which a trip is under way. */
  private readonly underWay = new Set<string>();

  private async depart(level: Level, plan: Plan): Promise<void> {
    const company = new Company(this.ledger);
    this.room.seat(company, this.mayLeave);
    // Everyone left while the departure waited: the drop is not wasted.
    if (company.bookings.length === 0) return this.options.bucket.giveBack(this.portal, plan);
    const now = this.options.clock.now();
    const queueMs: number[] = [];
    for (const booking of company.bookings) {
      booking.departedAtMs = now;
      for (const rider of booking.riders) queueMs.push(now - rider.enteredAtMs);
    }
    this.waiting -= queueMs.length;
    const seats = company.commands.length;
    this.left = level.left;
    this.seatsPerTrip += (seats - this.seatsPerTrip) / 10;
    this.options.observer.departed(this.portal, seats, queueMs);
    void this.travel(company, { seats, ...level });
  }

  /** A method may have been spent while its commands waited. */
  private endSpent(): void {
    if (!this.ledger.hasSpent) return;
    for (const booking of [...this.room.waiting()]) {
      const fault = this.spent(booking.commands);
      if (fault) this.end(booking, fault);
    }
  }

  private async travel(company: Company, trip: Trip): Promise<void> {
    const { bookings, commands } = company;
    const slowed = commands.map(({ method }) => method).filter((method) => this.ledger.isNearLimit(method));
    for (const method of slowed) this.underWay.add(method);
    this.trips++;
    try {
      const answers = await this.options.next(this.portal, commands, untilAbandoned(bookings));
      this.answered();
      this.arrive(bookings, answers, trip);
    } catch (error) {
      await this.failed(bookings, asFault(error));
    }
    this.trips--;
    for (const method of slowed) this.underWay.delete(method);
    this.lastUsedAtMs = this.options.clock.now();
    this.endSpent();
    void this.letOut();
  }

  private answered(): void {
    if (this.circuit.state !== 'closed') this.options.observer.circuit(this.portal, 'closed');
    this.circuit.closes();
    this.standBackMs = firstStandBackMs;
  }

  private arrive(bookings: readonly Booking[], answers: readonly Answer[], trip: Trip): void {
    let seat = 0;
    for (const booking of bookings) {
      const own = answers
        .slice(seat, (seat += booking.commands.length))
        .map((answer, i) => this.heard(booking.commands[i], answer));
      const [answer] = own;
      if (own.length === 1 && answer?.ok === false && answer.fault.again) {
        this.fail(booking, answer.fault);
        continue;
      }
      this.room.remove(booking);
      booking.resolve(own, trip);
    }
  }

  /** Books what the answer says; a spent method's reset is known better than a refusal says it. */
  private heard(command: Command | undefined, answer: Answer): Answer {
    if (!command) return answer;
    this.ledger.hear(command, answer);
    const retryAfterMs = this.ledger.restMs(command.method);
    if (answer.ok || answer.fault.code !== 'operating_time_spent' || retryAfterMs === undefined) return answer;
    return { ...answer, fault: answer.fault.with({ retryAfterMs }) };
  }

  /** The trip failed as a whole. */
  private async failed(bookings: readonly Booking[], fault: Fault): Promise<void> {
    if (fault.again === 'batch_spent') this.ledger.refuse('batch', fault.retryAfterMs);
    if (fault.again && grantIsOld.has(fault.again)) this.refusals++;
    if (fault.again === 'bucket_full') await this.standBack();
    const wasOpen = this.circuit.state;
    if (this.circuit.opensFor(fault)) {
      this.options.observer.circuit(this.portal, 'opened', fault);
      this.clear(this.circuit.refusal() ?? fault);
    } else if (wasOpen !== 'closed' && this.circuit.state === 'closed') {
      this.options.observer.circuit(this.portal, 'closed');
    }
    for (const booking of bookings) this.fail(booking, fault);
  }

  /** Someone else has used the portal's allowance, or more than we reckoned: nothing leaves on any replica for a while. */
  private async standBack(): Promise<void> {
    const now = this.options.clock.now();
    if (now < this.stoodBackUntilMs || !this.plan) return;
    this.options.observer.stoodBack(this.portal);
    this.stoodBackUntilMs = now + this.standBackMs;
    await this.options.bucket.standBack(this.portal, this.plan, this.standBackMs).catch(() => undefined);
    this.standBackMs = Math.min(this.standBackMs * 2, longestStandBackMs);
  }

  /** It goes again if that is safe and of use; otherwise its callers are told. */
  private fail(booking: Booking, fault: Fault): void {
    const wanted = fault.again && booking.riders.size > 0 && this.circuit.state !== 'open';
    const pauseMs = wanted ? pauseBeforeGoingAgain(fault.again, booking.countGoingAgain(fault.again)) : undefined;
    if (pauseMs === undefined) {
      this.end(booking, fault);
      return;
    }
    if (booking.departedAtMs !== undefined) {
      this.room.putBack(booking);
      this.waiting += booking.riders.size;
    }
    if (pauseMs === 0) return;
    booking.pausing = true;
    this.options.clock.after(pauseMs, () => {
      booking.pausing = false;
      void this.letOut();
    });
  }

  private end(booking: Booking, fault: Fault): void {
    this.room.remove(booking);
    const { upstream } = fault;
    const method = booking.commands[0]?.method;
    // What failed was the batch; a caller knows of none.
    booking.reject(upstream && method ? fault.with({ upstream: { ...upstream, method } }) : fault);
  }

  private refusal(commands: readonly Command[]): Fault | undefined {
    return this.circuit.refusal() ?? this.spent(commands) ?? this.full();
  }

  private spent(commands: readonly Command[]): Fault | undefined {
    const restsMs = commands.map(({ method }) => this.ledger.restMs(method) ?? 0);
    const retryAfterMs = Math.max(...restsMs);
    return retryAfterMs > 0 ? new Fault('operating_time_spent', { retryAfterMs }) : undefined;
  }

  private full(): Fault | undefined {
    const { queueLimit, callTimeoutMs } = this.options;
    if (this.waiting < queueLimit) return undefined;
    const perSecond = (this.plan?.drainPerSecond ?? 1) * this.seatsPerTrip;
    const halfGoneMs = (this.waiting / 2 / perSecond) * 1000;
    // Nobody waits here longer than its deadline, so by then the lane has room whatever it holds now.
    const retryAfterMs = Math.max(1000, Math.min(halfGoneMs, callTimeoutMs));
    return new Fault('lane_full', {
      detail: `${this.waiting} calls wait for this portal, of which about ${Math.round(perSecond)} leave a second; come back after Retry-After.`,
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

function afterDeparture(reason: unknown): Fault {
  const fault = asFault(reason);
  return fault.code === 'deadline_exceeded' ? new Fault('outcome_unknown') : fault;
}
