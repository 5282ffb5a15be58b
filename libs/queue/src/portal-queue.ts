import { type Answer, asFault, type Command, Fault, type PortalId, type RequestInfo } from '@b24/portal';
import { Admission, maxPortalQueueBytes, maxReplicaQueueBytes, type ReplicaUsage } from './admission';
import { BatchBuilder } from './batch-builder';
import type { CallProgress } from './call-progress';
import { callSize } from './call-size';
import type { CircuitBreaker } from './circuit-breaker';
import type { WaiterEntry } from './client-waiters';
import { CrossReplicaBatching, type OfferOwner, type RequestOutcome } from './cross-replica-batching';
import type { PortalLedger } from './operating-ledger';
import { OrderHolds } from './order-holds';
import type { PeerResult } from './peer-exchange';
import { PortalHealth } from './portal-health';
import type { PreparedRequest, QueueOptions } from './queue-options';
import { clientOf, type QueuedCall, type Waiter } from './queued-call';
import { queueFullFault } from './queue-full-fault';
import { QueueWaiter, type WaiterOwner } from './queue-waiter';
import type { Level, Permit, Plan } from './rate-limiter';
import { afterSending, grantReasons, lostInBatch, retryDelayMs } from './retry-policy';
import { RequestPreparation } from './request-preparation';
import { Scheduler } from './scheduler';
import { endOfTurn } from './end-of-turn';

export interface QueueCounts {
  /** Calls that wait on this replica. */
  readonly waiting: number;
  /** Requests in flight from this replica. */
  readonly inFlight: number;
  /** Commands in a request, as a moving average. */
  readonly commandsPerRequest: number;
  /** Permits that were available after the last request of this replica. */
  readonly left: number;
  readonly circuit: CircuitBreaker['state'];
}

/**
 * The calls of this replica for one portal, from their arrival to their answer:
 *
 *   waiting ── permit ──▶ in flight ── answer or fault ──▶ done
 *      │  ◀── retry ─────────┘   ▲
 *      └── claimed by a peer ────┘
 *
 * There is no batching timer. When a permit is granted, all waiting calls that may share a batch are sent, up to 50, and
 * if no more permits are available, also those of peers. At most one request waits for a permit. What is sent next is
 * decided by `Scheduler`; this class carries it out.
 */
export class PortalQueue implements OfferOwner, WaiterOwner {
  private readonly health: PortalHealth;
  private readonly scheduler: Scheduler;
  private readonly admission: Admission;
  private readonly batching: CrossReplicaBatching;
  private readonly orderHolds: OrderHolds;
  private readonly preparation: RequestPreparation;
  /** Requests that carry remote calls, until their outcome is published. */
  private readonly publishing = new Set<Promise<void>>();
  /** Requests that were refused because of the grant. */
  private grantRefusals = 0;
  private commandsPerRequest = 1;
  private left = 0;
  private isDispatching = false;
  /** When the queue last had anything to do, unix milliseconds. */
  private lastUsedAtMs: number;

  constructor(
    private readonly portal: PortalId,
    private readonly options: QueueOptions,
    private readonly ledger: PortalLedger,
    replica: ReplicaUsage,
    /** Called when the portal does not exist and no call waits for it any more. */
    private readonly onPortalMissing: (queue: PortalQueue) => void,
  ) {
    const { clock, peerExchange, queueLimit, maxBytes } = options;
    const bounds = {
      calls: queueLimit,
      portalBytes: maxBytes?.portal ?? maxPortalQueueBytes,
      replicaBytes: maxBytes?.replica ?? maxReplicaQueueBytes,
    };
    this.health = new PortalHealth(portal, options);
    this.scheduler = new Scheduler(ledger, this.health.circuit, replica.usage);
    this.admission = new Admission(this.scheduler.calls, bounds, replica, (entry) => {
      this.evict(entry);
    });
    this.batching = new CrossReplicaBatching(portal, peerExchange, clock, this);
    this.orderHolds = new OrderHolds(clock);
    this.preparation = new RequestPreparation(portal, options);
    this.lastUsedAtMs = clock.now();
  }

  get isFound(): boolean {
    return this.preparation.isPortalFound;
  }

  markFound(): void {
    this.preparation.isPortalFound = true;
  }

  get counts(): QueueCounts {
    const { commandsPerRequest, left } = this;
    const { calls, inFlight } = this.scheduler;
    return {
      waiting: calls.waiting.total,
      inFlight: inFlight.count,
      commandsPerRequest: Math.round(commandsPerRequest * 10) / 10,
      left,
      circuit: this.health.circuit.state,
    };
  }

  /** Since when the queue has had nothing to do, unix milliseconds; undefined while it has. */
  idleSinceMs(): number | undefined {
    const { circuit } = this.health;
    const { calls, inFlight } = this.scheduler;
    const isBusy = this.isDispatching || !calls.isEmpty || inFlight.count > 0;
    const isOwed = this.publishing.size > 0 || !this.batching.isEmpty || !this.orderHolds.isEmpty;
    return isBusy || isOwed || circuit.isProbing || circuit.state === 'open' ? undefined : this.lastUsedAtMs;
  }

  send(commands: readonly Command[], signal: AbortSignal, progress?: CallProgress): Promise<readonly Answer[]> {
    const client = clientOf(commands);
    const size = callSize(commands, this.options.batchBytesOf);
    const refusal = signal.aborted ? asFault(signal.reason) : this.refusal(commands, client, size.bytes);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const atMs = this.options.clock.now();
      const waiter = new QueueWaiter(client, size.bytes, atMs, signal, { resolve, reject, progress }, this);
      waiter.join(this.scheduler.calls.enqueue(commands, size, waiter));
      void this.dispatchAll();
    });
  }

  /** The bytes that the client's calls occupy here while they wait. */
  bytesOf(client: string): number {
    return this.scheduler.calls.bytes.of(client);
  }

  /** Evicts the client's newest waiting calls while `isShort` returns true. */
  evictFrom(client: string, isShort: () => boolean): void {
    this.admission.evictFrom(client, isShort);
  }

  /** Rejects all waiting calls. Calls in flight finish. */
  close(fault: Fault): void {
    this.rejectAll(fault);
    this.orderHolds.close();
  }

  /** Resolves when the outcomes of all remote calls are published. */
  async settle(): Promise<void> {
    while (this.publishing.size > 0) await Promise.all(this.publishing);
  }

  /** A peer published the result of calls that it had claimed. */
  async onPeerResult(result: PeerResult): Promise<void> {
    const answers = new Map<QueuedCall, readonly Answer[]>();
    for (const [i, id] of result.ids.entries()) {
      const call = this.batching.take(id);
      if (call) answers.set(call, 'fault' in result ? [] : (result.answers[i] ?? []));
    }
    for (const [call, [first]] of answers) this.markClaimed(call, first?.timing.upstreamMs);
    // The peer backs off for all replicas.
    if (answers.size > 0 && 'fault' in result) await this.onRequestFailed([...answers.keys()], result.fault, undefined);
    else if (answers.size > 0 && 'answers' in result) this.onAnswers(answers, result.request);
    void this.dispatchAll();
  }

  previewBatch(): readonly QueuedCall[] {
    return this.scheduler.previewBatch();
  }

  onClaimed(call: QueuedCall): void {
    this.markClaimed(call);
  }

  onReturned(call: QueuedCall): void {
    if (call.waiters.size === 0) void this.batching.withdraw(call);
    else this.scheduler.calls.requeue(call);
    void this.dispatchAll();
  }

  onLost(call: QueuedCall): void {
    this.markClaimed(call);
    this.retryOrReject(call, new Fault('outcome_unknown', call.isWrite ? {} : { retryReason: 'not_run' }));
    void this.dispatchAll();
  }

  /** Sends requests one after the other while any call may be sent. Never rejects. */
  private async dispatchAll(): Promise<void> {
    if (this.isDispatching) return;
    this.isDispatching = true;
    const { rateLimiter } = this.options;
    while (this.scheduler.canDispatch) {
      try {
        const { grantRefusals } = this;
        const prepared = this.preparation.ready() ?? (await this.preparation.prepare());
        if (!this.scheduler.canDispatch) break;
        const inHand = rateLimiter.tryAcquire(this.portal, prepared.plan);
        const permit = inHand ?? (await rateLimiter.acquire(this.portal, prepared.plan, this.offerWhileWaiting));
        // The calls of this turn of the event loop share the request.
        if (inHand) await endOfTurn();
        // The grant may have been refused while this request waited for its permit.
        const sharing = this.dispatch(permit, prepared, () => grantRefusals !== this.grantRefusals);
        if (sharing) await sharing;
      } catch (error) {
        this.rejectAll(asFault(error));
      }
      this.rejectSpent();
    }
    this.isDispatching = false;
    this.lastUsedAtMs = this.options.clock.now();
    if (!this.isFound) this.onPortalMissing(this);
  }

  private readonly offerWhileWaiting = () => {
    this.batching.offerNext();
  };

  /** Returns a promise while it is not known which calls peers have claimed. */
  private dispatch(permit: Permit, { send }: PreparedRequest, isOutdated: () => boolean): Promise<void> | undefined {
    const { level } = permit;
    const requestId = this.batching.newRequestId();
    if (level.left >= 1 && this.batching.isQuiet) {
      this.sendNext(requestId, this.takeBatch(isOutdated), send, permit);
      return undefined;
    }
    return this.takeSharedBatch(requestId, level, isOutdated).then((batch) => {
      this.sendNext(requestId, batch, send, permit);
    });
  }

  private sendNext(requestId: string, batch: BatchBuilder, send: PreparedRequest['send'], permit: Permit): void {
    // All callers gave up while the request waited, or the grant was refused.
    if (batch.calls.length === 0) {
      permit.refund();
      return;
    }
    const { level } = permit;
    const commands = batch.commands.length;
    this.left = level.left;
    this.commandsPerRequest += (commands - this.commandsPerRequest) / 10;
    for (const call of batch.calls) call.commandsInRequest = commands;
    this.options.observer.requestSent(this.portal, commands, queueTimesMs(batch.calls));
    const sending = this.sendBatch(requestId, batch, send, { commands, ...level }, permit);
    if (batch.calls.some(isRemote)) this.publish(sending);
  }

  private publish(sending: Promise<void>): void {
    this.publishing.add(sending);
    void sending.finally(() => this.publishing.delete(sending));
  }

  private takeBatch(isOutdated: () => boolean): BatchBuilder {
    return isOutdated() ? new BatchBuilder(this.ledger) : this.scheduler.takeBatch(this.options.clock.now());
  }

  /** Takes the next batch; if no more permits are available, also from the calls that peers offer. */
  private async takeSharedBatch(requestId: string, { left }: Level, isOutdated: () => boolean): Promise<BatchBuilder> {
    const { calls } = this.scheduler;
    const offers = left < 1 ? await this.batching.remoteCalls() : [];
    const remote: QueuedCall[] = [];
    let batch = new BatchBuilder(this.ledger);
    const unclaimed = await this.batching.claim(requestId, () => {
      if (isOutdated()) return [];
      for (const { id, commands } of offers) {
        remote.push(calls.enqueueRemote(commands, callSize(commands, this.options.batchBytesOf), id));
      }
      batch = this.scheduler.takeBatch(this.options.clock.now());
      return batch.calls;
    });
    for (const call of remote) if (call.sentAtMs === undefined || unclaimed.has(call)) calls.remove(call);
    return unclaimed.size > 0 ? batch.without(unclaimed) : batch;
  }

  private async sendBatch(
    requestId: string,
    batch: BatchBuilder,
    send: PreparedRequest['send'],
    request: RequestInfo,
    permit: Permit,
  ): Promise<void> {
    const { calls, commands } = batch;
    const remote = calls.filter(isRemote);
    const releaseLease = remote.length > 0 ? this.batching.keepLease(requestId) : undefined;
    const inFlight = this.scheduler.inFlight.start(calls);
    let outcome: RequestOutcome;
    try {
      const answers = batch.answersByCall(await send(this.portal, commands, inFlight.signal));
      outcome = { answersOf: (call) => answers.get(call) ?? [], request };
      this.onAnswers(answers, request);
    } catch (error) {
      outcome = asFault(error);
      await this.onRequestFailed(calls, outcome, this.preparation.plan);
    }
    this.scheduler.inFlight.finish(inFlight);
    permit.settle();
    this.lastUsedAtMs = this.options.clock.now();
    void this.dispatchAll();
    if (releaseLease) await this.batching.publish(requestId, remote, outcome).finally(releaseLease);
  }

  private onAnswers(answersByCall: ReadonlyMap<QueuedCall, readonly Answer[]>, request: RequestInfo): void {
    this.health.onAnswers(answersByCall);
    for (const [call, answers] of answersByCall) {
      const recorded = answers.map((answer, i) => this.ledger.record(call.commands[i], answer));
      const [answer] = recorded;
      if (recorded.length === 1 && answer?.ok === false && answer.fault.retryReason) {
        this.retryOrReject(call, answer.fault);
        continue;
      }
      this.scheduler.calls.remove(call);
      call.resolve(recorded, request);
    }
    this.rejectSpent();
  }

  /** The request failed as a whole. @param plan undefined if a peer sent it, which then backs off */
  private async onRequestFailed(calls: readonly QueuedCall[], fault: Fault, plan: Plan | undefined): Promise<void> {
    const { health, ledger } = this;
    const { retryReason } = fault;
    if (retryReason === 'batch_spent') ledger.refuse('batch', fault.retryAfterMs);
    if (retryReason && grantReasons.has(retryReason)) this.grantRefusals++;
    if (retryReason === 'bucket_full' && health.isRefusedForItself(calls.flatMap(({ commands }) => commands))) {
      for (const call of calls) this.reject(call, fault.final());
    } else {
      if (retryReason === 'bucket_full' && plan) await health.backOff(plan);
      const change = health.onFailure(fault);
      if (change === 'opened') this.rejectAll(health.circuit.openFault() ?? fault);
      else if (change === 'probe') void this.probe(fault);
      for (const call of calls) this.retryOrReject(call, fault);
    }
    this.rejectSpent();
  }

  private async probe(fault: Fault): Promise<void> {
    if (await this.health.probe(fault)) this.rejectAll(this.health.circuit.openFault() ?? fault);
    void this.dispatchAll();
  }

  /** Queues the call again if a retry is safe and useful, else rejects it. */
  private retryOrReject(call: QueuedCall, fault: Fault): void {
    if (fault.retryReason === 'reads_alone' && call.isWrite) {
      this.reject(call, lostInBatch(fault));
      return;
    }
    const isAlone = fault.retryReason === 'alone' || fault.retryReason === 'reads_alone';
    if (isAlone) call.batchBytes = undefined;
    const reason = call.waiters.size > 0 && this.health.circuit.state !== 'open' ? fault.retryReason : undefined;
    const delayMs = reason && retryDelayMs(reason, call.countRetry(reason));
    if (delayMs === undefined) {
      this.reject(call, isAlone ? fault.final() : fault);
      return;
    }
    call.retryCount++;
    if (call.sentAtMs !== undefined) this.scheduler.calls.requeue(call);
    if (delayMs === 0) return;
    call.isPaused = true;
    this.options.clock.after(delayMs, () => {
      call.isPaused = false;
      void this.dispatchAll();
    });
  }

  private reject(call: QueuedCall, fault: Fault): void {
    if (call.isAbandoned && call.isWrite && fault.code === 'outcome_unknown') this.holdOrder(call);
    else this.scheduler.calls.remove(call);
    const { upstream } = fault;
    const method = call.commands[0]?.method;
    // The vendor's error names `batch`, which the caller did not call.
    call.reject(upstream && method ? fault.with({ upstream: { ...upstream, method } }) : fault);
  }

  private rejectAll(fault: Fault): void {
    for (const call of [...this.scheduler.calls.calls()]) this.withdrawAndReject(call, fault);
  }

  /** Rejects waiting calls whose method has used up its operating time meanwhile. */
  private rejectSpent(): void {
    if (!this.ledger.hasSpent) return;
    for (const call of [...this.scheduler.calls.calls()]) {
      const fault = this.ledger.spentFault(call.commands);
      if (fault) this.withdrawAndReject(call, fault);
    }
  }

  /** Retries or rejects a waiting call. If it is offered, a peer may have claimed it: that must be known first. */
  private withdrawAndReject(call: QueuedCall, fault: Fault): void {
    if (!this.isClaimable(call)) {
      this.retryOrReject(call, fault);
      return;
    }
    // A paused call is being withdrawn already. A call that could be sent meanwhile might fail again at once, endlessly.
    if (call.isPaused) return;
    call.isPaused = true;
    const onWithdrawn = () => {
      call.isPaused = false;
      this.retryOrReject(call, fault);
    };
    void this.withdraw(call, onWithdrawn).then((state) => {
      if (state === 'withdrawn') return;
      call.isPaused = false;
      if (state === 'unknown') this.reject(call, call.isWrite ? new Fault('outcome_unknown') : fault);
    });
  }

  removeWaiter(call: QueuedCall, waiter: Waiter): void {
    this.scheduler.calls.removeWaiter(call, waiter);
  }

  detach(call: QueuedCall, waiter: Waiter, reason: unknown): void {
    const reject = () => {
      this.rejectWaiter(call, waiter, reason);
    };
    if (call.waiters.size === 1 && this.isClaimable(call)) void this.withdraw(call, reject).then(reject);
    else reject();
  }

  /** Rejects a waiting caller, so that its slot goes to another client's call. */
  private evict({ call, waiter }: WaiterEntry): void {
    const fault = this.queueFull(waiter.client);
    if (call.waiters.size > 1 || !this.isClaimable(call)) {
      this.rejectWaiter(call, waiter, fault);
      return;
    }
    this.scheduler.calls.releaseSlot(waiter);
    this.withdrawAndReject(call, fault);
  }

  private rejectWaiter(call: QueuedCall, waiter: Waiter, reason: unknown): void {
    const isWaiting = call.sentAtMs === undefined;
    waiter.reject(isWaiting ? asFault(reason) : afterSending(reason));
    if (call.waiters.size > 0) return;
    if (isWaiting) this.scheduler.calls.remove(call);
    else call.abandon();
  }

  private isClaimable(call: QueuedCall): boolean {
    return call.sentAtMs === undefined && this.batching.isOffered(call);
  }

  private async withdraw(call: QueuedCall, onWithdrawn: () => void): Promise<'withdrawn' | 'claimed' | 'unknown'> {
    const state = await this.batching.withdraw(call, onWithdrawn);
    if (state !== 'withdrawn') this.markClaimed(call);
    return state;
  }

  private markClaimed(call: QueuedCall, msAgo = 0): void {
    if (call.sentAtMs !== undefined) return;
    this.scheduler.calls.markInFlight([call], this.options.clock.now() - msAgo);
    this.options.observer.callSentByPeer(this.portal, call.queueTimesMs());
  }

  /** Keeps an abandoned write in its place on its entities, for as long as the portal may still run it. */
  private holdOrder(call: QueuedCall): void {
    const { clock, maxCallMs } = this.options;
    this.orderHolds.add((call.sentAtMs ?? clock.now()) + maxCallMs - clock.now(), () => {
      this.scheduler.calls.remove(call);
      void this.dispatchAll();
    });
  }

  private refusal(commands: readonly Command[], client: string, bytes: number): Fault | undefined {
    const fault = this.health.circuit.openFault() ?? this.ledger.spentFault(commands);
    return fault ?? (this.admission.admit(client, bytes) ? undefined : this.queueFull(client));
  }

  private queueFull(client: string): Fault {
    const requestsPerSecond = this.preparation.plan?.drainPerSecond ?? 1;
    return queueFullFault({
      waiting: this.scheduler.calls.waiting.total,
      ofClient: this.scheduler.calls.waiting.of(client),
      sentPerSecond: requestsPerSecond * this.commandsPerRequest,
      maxRetryAfterMs: this.options.callTimeoutMs,
    });
  }
}

const isRemote = ({ remoteId }: QueuedCall) => remoteId !== undefined;

/** How long each caller on this replica waited until its call was sent, ms. */
function queueTimesMs(calls: readonly QueuedCall[]): readonly number[] {
  const [first, ...others] = calls;
  return others.length === 0 ? (first?.queueTimesMs() ?? []) : calls.flatMap((call) => call.queueTimesMs());
}
