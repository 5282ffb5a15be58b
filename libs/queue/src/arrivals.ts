import {
  type Again,
  type Answer,
  asFault,
  type Command,
  Fault,
  methodsOf,
  type PortalId,
  type Trip,
} from '@b24/portal';
import type { Booking, Rider } from './booking';
import type { Plan } from './bucket';
import type { Circuit } from './circuit';
import { pauseBeforeGoingAgain } from './go-again';
import type { Handover } from './handover';
import type { LaneOptions } from './lane-options';
import type { PortalLedger } from './operating-ledger';
import type { Delivery } from './platform';
import { RefusedMethods } from './refused-methods';
import type { WaitingRoom } from './waiting-room';

/** For so long nothing leaves after the portal said that its bucket is full; twice as long each time in a row. */
const firstStandBackMs = 2000;
const longestStandBackMs = 16_000;

/** What a departure that was made ready before would meet again. */
const grantIsOld: ReadonlySet<Again> = new Set(['token_refused', 'user_refused', 'moved']);

/** What the two halves of a lane share. */
export interface LaneParts {
  readonly room: WaitingRoom;
  readonly circuit: Circuit;
  readonly handover: Handover;
  readonly ledger: PortalLedger;
}

/** The other half of a lane: what becomes of those who left, and of those who can't. */
export class Arrivals {
  /** Trips that showed the grant to be an old one. */
  refusals = 0;
  /** Of writes that were given up, and keep their place on their entity for as long as they may be carried out. */
  private readonly orderKept = new Set<() => void>();
  private readonly refusedMethods: RefusedMethods;
  private standBackMs = firstStandBackMs;
  private stoodBackUntilMs = 0;

  constructor(
    private readonly portal: PortalId,
    private readonly options: Pick<LaneOptions, 'answers' | 'bucket' | 'callLimitMs' | 'clock' | 'observer'>,
    private readonly lane: LaneParts,
    /** Someone who could not leave may be able to. */
    private readonly letOut: () => void,
  ) {
    this.refusedMethods = new RefusedMethods(options.clock);
  }

  /** The portal answered: each booking has its part, and the ledger and the circuit hear of it. */
  arrive(shares: ReadonlyMap<Booking, readonly Answer[]>, trip: Trip): void {
    this.closeCircuit();
    this.standBackMs = firstStandBackMs;
    this.refusedMethods.answered(ranMethods(shares));
    for (const [booking, answers] of shares) {
      const own = answers.map((answer, i) => this.heard(booking.commands[i], answer));
      const [answer] = own;
      if (own.length === 1 && answer?.ok === false && answer.fault.again) {
        this.fail(booking, answer.fault);
        continue;
      }
      this.lane.room.remove(booking);
      booking.resolve(own, trip);
    }
    this.endSpent();
  }

  /** The trip failed as a whole. */
  async failed(bookings: readonly Booking[], fault: Fault, plan: Plan | undefined): Promise<void> {
    const { circuit, ledger } = this.lane;
    if (fault.again === 'batch_spent') ledger.refuse('batch', fault.retryAfterMs);
    if (fault.again && grantIsOld.has(fault.again)) this.refusals++;
    if (fault.again === 'bucket_full' && this.refusesItself(bookings)) return this.endOwn(bookings, fault);
    if (fault.again === 'bucket_full' && plan) await this.standBack(plan);
    const before = circuit.state;
    const change = circuit.failed(fault);
    if (change === 'opens') this.opened(fault);
    else if (change === 'ask') void this.ask(fault);
    else if (before !== 'closed' && circuit.state === 'closed') this.options.observer.circuit(this.portal, 'closed');
    for (const booking of bookings) this.fail(booking, fault);
    this.endSpent();
  }

  /** Another replica's trip is back that had taken bookings of ours along. */
  async delivered(delivery: Delivery): Promise<void> {
    const shares = new Map<Booking, readonly Answer[]>();
    for (const [i, id] of delivery.ids.entries()) {
      const booking = this.lane.handover.settle(id);
      if (booking) shares.set(booking, 'fault' in delivery ? [] : (delivery.answers[i] ?? []));
    }
    for (const [booking, [first]] of shares) this.left(booking, first?.spent.upstreamMs);
    if (shares.size === 0) return;
    // The trip's own replica stands back for all.
    if ('fault' in delivery) await this.failed([...shares.keys()], delivery.fault, undefined);
    else this.arrive(shares, delivery.trip);
  }

  get keepsOrder(): boolean {
    return this.orderKept.size > 0;
  }

  /** Nothing is sent any more. */
  close(): void {
    for (const callOff of this.orderKept) callOff();
    this.orderKept.clear();
  }

  /** Everyone who still waits is told the fault. */
  clear(fault: Fault): void {
    for (const booking of [...this.lane.room.bookings()]) this.giveUp(booking, fault);
  }

  /** A method may have been spent while its commands waited. */
  endSpent(): void {
    if (!this.lane.ledger.hasSpent) return;
    for (const booking of [...this.lane.room.bookings()]) {
      const fault = this.spent(booking.commands);
      if (fault) this.giveUp(booking, fault);
    }
  }

  spent(commands: readonly Command[]): Fault | undefined {
    const restsMs = commands.flatMap(methodsOf).map((method) => this.lane.ledger.restMs(method) ?? 0);
    const retryAfterMs = Math.max(...restsMs);
    return retryAfterMs > 0 ? new Fault('operating_time_spent', { retryAfterMs }) : undefined;
  }

  /** A caller hung up or its deadline passed. What is on offer may have left with another replica's trip. */
  leave(booking: Booking, rider: Rider, reason: unknown): void {
    const depart = () => {
      this.depart(booking, rider, reason);
    };
    if (booking.riders.size === 1 && this.mayBeTaken(booking)) void this.withdraw(booking, depart).then(depart);
    else depart();
  }

  /** Another key's call gets the caller's place. What is on offer may have left with another replica's request. */
  evict(booking: Booking, rider: Rider, fault: Fault): void {
    if (booking.riders.size > 1 || !this.mayBeTaken(booking)) {
      this.depart(booking, rider, fault);
      return;
    }
    this.lane.room.giveUpPlace(rider);
    this.giveUp(booking, fault);
  }

  /** Another replica's trip took it along. */
  left(booking: Booking, msAgo = 0): void {
    if (booking.departedAtMs !== undefined) return;
    this.lane.room.depart([booking], this.options.clock.now() - msAgo);
    this.options.observer.carried(this.portal, booking.waitedMs());
  }

  /** It was taken to have left, but waits. */
  back(booking: Booking): void {
    if (booking.riders.size === 0) void this.lane.handover.withdraw(booking);
    else this.lane.room.putBack(booking);
    this.letOut();
  }

  /** The trip that took it along is over and told nothing. */
  lost(booking: Booking): void {
    this.left(booking);
    this.fail(booking, new Fault('outcome_unknown', booking.writes ? {} : { again: 'not_run' }));
    this.letOut();
  }

  private depart(booking: Booking, rider: Rider, reason: unknown): void {
    const waits = booking.departedAtMs === undefined;
    rider.reject(waits ? asFault(reason) : afterDeparture(reason));
    if (booking.riders.size > 0) return;
    if (waits) this.lane.room.remove(booking);
    else booking.abandon();
  }

  /** One method that says so of itself makes nobody else wait. */
  private refusesItself(bookings: readonly Booking[]): boolean {
    const [command, ...others] = bookings.flatMap(({ commands }) => commands);
    if (!command || others.length > 0) return false;
    const refused = this.refusedMethods.refused(command.method);
    if (refused === 'again') void this.askOther();
    return refused === 'own';
  }

  /** Finds out whether the portal answers others meanwhile. Never rejects. */
  private async askOther(): Promise<void> {
    if (await this.options.answers(this.portal).catch(() => false)) this.refusedMethods.answered([]);
  }

  private endOwn(bookings: readonly Booking[], fault: Fault): void {
    this.closeCircuit();
    for (const booking of bookings) this.end(booking, fault.final());
    this.endSpent();
  }

  /** Finds out whether the portal answers at all, since nothing else did lately. Never rejects. */
  private async ask(fault: Fault): Promise<void> {
    const { circuit } = this.lane;
    const before = circuit.state;
    const answers = await this.options.answers(this.portal).catch(() => true);
    if (circuit.asked(answers, fault)) this.opened(fault);
    else if (before !== 'closed' && circuit.state === 'closed') this.options.observer.circuit(this.portal, 'closed');
    this.letOut();
  }

  private opened(fault: Fault): void {
    this.options.observer.circuit(this.portal, 'opened', fault);
    this.clear(this.lane.circuit.refusal() ?? fault);
  }

  private closeCircuit(): void {
    const { circuit } = this.lane;
    if (circuit.state !== 'closed') this.options.observer.circuit(this.portal, 'closed');
    circuit.closes();
  }

  /** Books what the answer says; a spent method's reset is known better than a refusal says it. */
  private heard(command: Command | undefined, answer: Answer): Answer {
    if (!command) return answer;
    const { ledger } = this.lane;
    ledger.hear(command, answer);
    const retryAfterMs = ledger.restMs(command.method);
    if (answer.ok || answer.fault.code !== 'operating_time_spent' || retryAfterMs === undefined) return answer;
    return { ...answer, fault: answer.fault.with({ retryAfterMs }) };
  }

  /** Someone else has used the portal's allowance, or more than we reckoned: nothing leaves on any replica for a while. */
  private async standBack(plan: Plan): Promise<void> {
    const now = this.options.clock.now();
    if (now < this.stoodBackUntilMs) return;
    this.options.observer.stoodBack(this.portal);
    this.stoodBackUntilMs = now + this.standBackMs;
    await this.options.bucket.standBack(this.portal, plan, this.standBackMs).catch(() => undefined);
    this.standBackMs = Math.min(this.standBackMs * 2, longestStandBackMs);
  }

  /** It goes again if that is safe and of use; otherwise its callers are told. */
  private fail(booking: Booking, fault: Fault): void {
    if (fault.again === 'reads_alone' && booking.writes) {
      this.end(booking, lostInBatch(fault));
      return;
    }
    const goesAlone = fault.again === 'alone' || fault.again === 'reads_alone';
    if (goesAlone) booking.luggage = undefined;
    const wanted = fault.again && booking.riders.size > 0 && this.lane.circuit.state !== 'open';
    const pauseMs = wanted ? pauseBeforeGoingAgain(fault.again, booking.countGoingAgain(fault.again)) : undefined;
    if (pauseMs === undefined) {
      this.end(booking, goesAlone ? fault.final() : fault);
      return;
    }
    if (booking.departedAtMs !== undefined) this.lane.room.putBack(booking);
    if (pauseMs === 0) return;
    booking.pausing = true;
    this.options.clock.after(pauseMs, () => {
      booking.pausing = false;
      this.letOut();
    });
  }

  /** The same for one that waits: if it is on offer, a trip may have it before it can be told. */
  private giveUp(booking: Booking, fault: Fault): void {
    if (!this.mayBeTaken(booking)) {
      this.fail(booking, fault);
      return;
    }
    // It is being withdrawn already.
    if (booking.pausing) return;
    // Until it is known where it is, it can't leave: whoever tried again at once would fail at once, without end.
    booking.pausing = true;
    const fail = () => {
      booking.pausing = false;
      this.fail(booking, fault);
    };
    void this.withdraw(booking, fail).then((state) => {
      if (state === 'back') return;
      booking.pausing = false;
      if (state === 'unknown') this.end(booking, booking.writes ? new Fault('outcome_unknown') : fault);
    });
  }

  /**
   * Nobody waits for the write any more and its request was given up, but the portal may still carry it out: until that
   * is over, nothing else of its key overtakes it on its entity.
   */
  private keepOrder(booking: Booking): void {
    const { clock, callLimitMs } = this.options;
    const leftMs = (booking.departedAtMs ?? clock.now()) + callLimitMs - clock.now();
    const callOff = clock.after(Math.max(0, leftMs), () => {
      this.orderKept.delete(callOff);
      this.lane.room.remove(booking);
      this.letOut();
    });
    this.orderKept.add(callOff);
  }

  private mayBeTaken(booking: Booking): boolean {
    return booking.departedAtMs === undefined && this.lane.handover.isOut(booking);
  }

  private async withdraw(booking: Booking, back: () => void): Promise<'back' | 'taken' | 'unknown'> {
    const state = await this.lane.handover.withdraw(booking, back);
    if (state !== 'back') this.left(booking);
    return state;
  }

  private end(booking: Booking, fault: Fault): void {
    if (booking.isAbandoned && booking.writes && fault.code === 'outcome_unknown') this.keepOrder(booking);
    else this.lane.room.remove(booking);
    const { upstream } = fault;
    const method = booking.commands[0]?.method;
    // What failed was the batch; a caller knows of none.
    booking.reject(upstream && method ? fault.with({ upstream: { ...upstream, method } }) : fault);
  }
}

function* ranMethods(shares: ReadonlyMap<Booking, readonly Answer[]>): Generator<string> {
  for (const [{ commands }, answers] of shares)
    for (const [i, { method }] of commands.entries()) if (answers[i]?.ok) yield method;
}

/** A write whose part of a batch's answer is not known; what is too large may hold any of its answers. */
function lostInBatch(fault: Fault): Fault {
  if (fault.code !== 'answer_too_large') return fault.final();
  return new Fault('outcome_unknown', {
    detail: 'The answers that shared a request with this one were too large to be read; it may have been carried out.',
  });
}

function afterDeparture(reason: unknown): Fault {
  const fault = asFault(reason);
  return fault.code === 'deadline_exceeded' ? new Fault('outcome_unknown') : fault;
}
