import {
  type Again,
  type Answer,
  asFault,
  type Command,
  Fault,
  methodsOf,
  type PortalId,
  type RequestInfo,
} from '@b24/portal';
import type { QueuedCall, Waiter } from './queued-call';
import type { Plan } from './rate-limiter';
import type { CircuitBreaker } from './circuit-breaker';
import { retryDelayMs } from './retry-policy';
import type { CrossReplicaBatching } from './cross-replica-batching';
import type { QueueOptions } from './queue-options';
import type { PortalLedger } from './operating-ledger';
import type { PeerResult } from './peer-exchange';
import { RefusedMethods } from './refused-methods';
import type { CallQueue } from './call-queue';

/** For so long nothing leaves after the portal said that its bucket is full; twice as long each time in a row. */
const firstBackOffMs = 2000;
const maxBackOffMs = 16_000;

/** What a request that was made ready before would meet again. */
const grantIsOld: ReadonlySet<Again> = new Set(['token_refused', 'user_refused', 'moved']);

/** What the two halves of a portal queue share. */
export interface QueueParts {
  readonly calls: CallQueue;
  readonly circuit: CircuitBreaker;
  readonly batching: CrossReplicaBatching;
  readonly ledger: PortalLedger;
}

/** The other half of a portal queue: what becomes of those who left, and of those who can't. */
export class RequestOutcomes {
  /** Trips that showed the grant to be an old one. */
  grantRefusals = 0;
  /** Of writes that were given up, and keep their place on their entity for as long as they may be carried out. */
  private readonly orderHolds = new Set<() => void>();
  private readonly refusedMethods: RefusedMethods;
  private backOffMs = firstBackOffMs;
  private backOffUntilMs = 0;

  constructor(
    private readonly portal: PortalId,
    private readonly options: Pick<QueueOptions, 'clock' | 'isAnswering' | 'maxCallMs' | 'observer' | 'rateLimiter'>,
    private readonly queue: QueueParts,
    /** Someone who could not leave may be able to. */
    private readonly dispatchAll: () => void,
  ) {
    this.refusedMethods = new RefusedMethods(options.clock);
  }

  /** The portal answered: each call has its part, and the ledger and the circuit hear of it. */
  onAnswers(shares: ReadonlyMap<QueuedCall, readonly Answer[]>, request: RequestInfo): void {
    this.closeCircuit();
    this.backOffMs = firstBackOffMs;
    this.refusedMethods.onAnswer(ranMethods(shares));
    for (const [call, answers] of shares) {
      const own = answers.map((answer, i) => this.record(call.commands[i], answer));
      const [answer] = own;
      if (own.length === 1 && answer?.ok === false && answer.fault.again) {
        this.retryOrReject(call, answer.fault);
        continue;
      }
      this.queue.calls.remove(call);
      call.resolve(own, request);
    }
    this.rejectSpent();
  }

  /** The trip failed as a whole. */
  async onRequestFailed(calls: readonly QueuedCall[], fault: Fault, plan: Plan | undefined): Promise<void> {
    const { circuit, ledger } = this.queue;
    if (fault.again === 'batch_spent') ledger.refuse('batch', fault.retryAfterMs);
    if (fault.again && grantIsOld.has(fault.again)) this.grantRefusals++;
    if (fault.again === 'bucket_full' && this.isRefusedForItself(calls)) return this.rejectRefusedMethod(calls, fault);
    if (fault.again === 'bucket_full' && plan) await this.backOff(plan);
    const before = circuit.state;
    const change = circuit.onFailure(fault);
    if (change === 'opens') this.onCircuitOpened(fault);
    else if (change === 'ask') void this.probePortal(fault);
    else if (before !== 'closed' && circuit.state === 'closed') this.options.observer.circuit(this.portal, 'closed');
    for (const call of calls) this.retryOrReject(call, fault);
    this.rejectSpent();
  }

  /** Another replica's trip is back that had taken calls of ours along. */
  async onPeerResult(result: PeerResult): Promise<void> {
    const shares = new Map<QueuedCall, readonly Answer[]>();
    for (const [i, id] of result.ids.entries()) {
      const call = this.queue.batching.forget(id);
      if (call) shares.set(call, 'fault' in result ? [] : (result.answers[i] ?? []));
    }
    for (const [call, [first]] of shares) this.markSentByPeer(call, first?.timing.upstreamMs);
    if (shares.size === 0) return;
    // The trip's own replica stands back for all.
    if ('fault' in result) await this.onRequestFailed([...shares.keys()], result.fault, undefined);
    else this.onAnswers(shares, result.request);
  }

  get holdsOrder(): boolean {
    return this.orderHolds.size > 0;
  }

  /** Nothing is sent any more. */
  close(): void {
    for (const callOff of this.orderHolds) callOff();
    this.orderHolds.clear();
  }

  /** Everyone who still waits is told the fault. */
  rejectAll(fault: Fault): void {
    for (const call of [...this.queue.calls.calls()]) this.withdrawAndReject(call, fault);
  }

  /** A method may have been spent while its commands waited. */
  rejectSpent(): void {
    if (!this.queue.ledger.hasSpent) return;
    for (const call of [...this.queue.calls.calls()]) {
      const fault = this.spentFault(call.commands);
      if (fault) this.withdrawAndReject(call, fault);
    }
  }

  spentFault(commands: readonly Command[]): Fault | undefined {
    const restsMs = commands.flatMap(methodsOf).map((method) => this.queue.ledger.blockedForMs(method) ?? 0);
    const retryAfterMs = Math.max(...restsMs);
    return retryAfterMs > 0 ? new Fault('operating_time_spent', { retryAfterMs }) : undefined;
  }

  /** A caller hung up or its deadline passed. What is on offer may have left with another replica's trip. */
  detachWaiter(call: QueuedCall, waiter: Waiter, reason: unknown): void {
    const depart = () => {
      this.rejectWaiter(call, waiter, reason);
    };
    if (call.waiters.size === 1 && this.mayBeClaimed(call)) void this.withdraw(call, depart).then(depart);
    else depart();
  }

  /** Another key's call gets the caller's place. What is on offer may have left with another replica's request. */
  evict(call: QueuedCall, waiter: Waiter, fault: Fault): void {
    if (call.waiters.size > 1 || !this.mayBeClaimed(call)) {
      this.rejectWaiter(call, waiter, fault);
      return;
    }
    this.queue.calls.releaseSlot(waiter);
    this.withdrawAndReject(call, fault);
  }

  /** Another replica's trip took it along. */
  markSentByPeer(call: QueuedCall, msAgo = 0): void {
    if (call.sentAtMs !== undefined) return;
    this.queue.calls.markInFlight([call], this.options.clock.now() - msAgo);
    this.options.observer.callSentByPeer(this.portal, call.queueTimesMs());
  }

  /** It was taken to have left, but waits. */
  onReturned(call: QueuedCall): void {
    if (call.waiters.size === 0) void this.queue.batching.withdraw(call);
    else this.queue.calls.requeue(call);
    this.dispatchAll();
  }

  /** The trip that took it along is over and told nothing. */
  onLost(call: QueuedCall): void {
    this.markSentByPeer(call);
    this.retryOrReject(call, new Fault('outcome_unknown', call.isWrite ? {} : { again: 'not_run' }));
    this.dispatchAll();
  }

  private rejectWaiter(call: QueuedCall, waiter: Waiter, reason: unknown): void {
    const waits = call.sentAtMs === undefined;
    waiter.reject(waits ? asFault(reason) : afterSending(reason));
    if (call.waiters.size > 0) return;
    if (waits) this.queue.calls.remove(call);
    else call.abandon();
  }

  /** One method that says so of itself makes nobody else wait. */
  private isRefusedForItself(calls: readonly QueuedCall[]): boolean {
    const [command, ...others] = calls.flatMap(({ commands }) => commands);
    if (!command || others.length > 0) return false;
    const refused = this.refusedMethods.onRefused(command.method);
    if (refused === 'again') void this.probeOthers();
    return refused === 'own';
  }

  /** Finds out whether the portal answers others meanwhile. Never rejects. */
  private async probeOthers(): Promise<void> {
    if (await this.options.isAnswering(this.portal).catch(() => false)) this.refusedMethods.onAnswer([]);
  }

  private rejectRefusedMethod(calls: readonly QueuedCall[], fault: Fault): void {
    this.closeCircuit();
    for (const call of calls) this.reject(call, fault.final());
    this.rejectSpent();
  }

  /** Finds out whether the portal answers at all, since nothing else did lately. Never rejects. */
  private async probePortal(fault: Fault): Promise<void> {
    const { circuit } = this.queue;
    const before = circuit.state;
    const answers = await this.options.isAnswering(this.portal).catch(() => true);
    if (circuit.onProbeResult(answers, fault)) this.onCircuitOpened(fault);
    else if (before !== 'closed' && circuit.state === 'closed') this.options.observer.circuit(this.portal, 'closed');
    this.dispatchAll();
  }

  private onCircuitOpened(fault: Fault): void {
    this.options.observer.circuit(this.portal, 'opened', fault);
    this.rejectAll(this.queue.circuit.openFault() ?? fault);
  }

  private closeCircuit(): void {
    const { circuit } = this.queue;
    if (circuit.state !== 'closed') this.options.observer.circuit(this.portal, 'closed');
    circuit.close();
  }

  /** Books what the answer says; a spent method's reset is known better than a refusal says it. */
  private record(command: Command | undefined, answer: Answer): Answer {
    if (!command) return answer;
    const { ledger } = this.queue;
    ledger.record(command, answer);
    const retryAfterMs = ledger.blockedForMs(command.method);
    if (answer.ok || answer.fault.code !== 'operating_time_spent' || retryAfterMs === undefined) return answer;
    return { ...answer, fault: answer.fault.with({ retryAfterMs }) };
  }

  /** Someone else has used the portal's allowance, or more than we reckoned: nothing leaves on any replica for a while. */
  private async backOff(plan: Plan): Promise<void> {
    const now = this.options.clock.now();
    if (now < this.backOffUntilMs) return;
    this.options.observer.backedOff(this.portal);
    this.backOffUntilMs = now + this.backOffMs;
    await this.options.rateLimiter.backOff(this.portal, plan, this.backOffMs).catch(() => undefined);
    this.backOffMs = Math.min(this.backOffMs * 2, maxBackOffMs);
  }

  /** It goes again if that is safe and of use; otherwise its callers are told. */
  private retryOrReject(call: QueuedCall, fault: Fault): void {
    if (fault.again === 'reads_alone' && call.isWrite) {
      this.reject(call, lostInBatch(fault));
      return;
    }
    const goesAlone = fault.again === 'alone' || fault.again === 'reads_alone';
    if (goesAlone) call.batchBytes = undefined;
    const wanted = fault.again && call.waiters.size > 0 && this.queue.circuit.state !== 'open';
    const pauseMs = wanted ? retryDelayMs(fault.again, call.countRetry(fault.again)) : undefined;
    if (pauseMs === undefined) {
      this.reject(call, goesAlone ? fault.final() : fault);
      return;
    }
    if (call.sentAtMs !== undefined) this.queue.calls.requeue(call);
    if (pauseMs === 0) return;
    call.isPaused = true;
    this.options.clock.after(pauseMs, () => {
      call.isPaused = false;
      this.dispatchAll();
    });
  }

  /** The same for one that waits: if it is on offer, a trip may have it before it can be told. */
  private withdrawAndReject(call: QueuedCall, fault: Fault): void {
    if (!this.mayBeClaimed(call)) {
      this.retryOrReject(call, fault);
      return;
    }
    // It is being withdrawn already.
    if (call.isPaused) return;
    // Until it is known where it is, it can't leave: whoever tried again at once would fail at once, without end.
    call.isPaused = true;
    const fail = () => {
      call.isPaused = false;
      this.retryOrReject(call, fault);
    };
    void this.withdraw(call, fail).then((state) => {
      if (state === 'back') return;
      call.isPaused = false;
      if (state === 'unknown') this.reject(call, call.isWrite ? new Fault('outcome_unknown') : fault);
    });
  }

  /**
   * Nobody waits for the write any more and its request was given up, but the portal may still carry it out: until that
   * is over, nothing else of its key overtakes it on its entity.
   */
  private holdOrder(call: QueuedCall): void {
    const { clock, maxCallMs } = this.options;
    const leftMs = (call.sentAtMs ?? clock.now()) + maxCallMs - clock.now();
    const callOff = clock.after(Math.max(0, leftMs), () => {
      this.orderHolds.delete(callOff);
      this.queue.calls.remove(call);
      this.dispatchAll();
    });
    this.orderHolds.add(callOff);
  }

  private mayBeClaimed(call: QueuedCall): boolean {
    return call.sentAtMs === undefined && this.queue.batching.isOffered(call);
  }

  private async withdraw(call: QueuedCall, back: () => void): Promise<'back' | 'taken' | 'unknown'> {
    const state = await this.queue.batching.withdraw(call, back);
    if (state !== 'back') this.markSentByPeer(call);
    return state;
  }

  private reject(call: QueuedCall, fault: Fault): void {
    if (call.isAbandoned && call.isWrite && fault.code === 'outcome_unknown') this.holdOrder(call);
    else this.queue.calls.remove(call);
    const { upstream } = fault;
    const method = call.commands[0]?.method;
    // What failed was the batch; a caller knows of none.
    call.reject(upstream && method ? fault.with({ upstream: { ...upstream, method } }) : fault);
  }
}

function* ranMethods(shares: ReadonlyMap<QueuedCall, readonly Answer[]>): Generator<string> {
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

function afterSending(reason: unknown): Fault {
  const fault = asFault(reason);
  return fault.code === 'deadline_exceeded' ? new Fault('outcome_unknown') : fault;
}
