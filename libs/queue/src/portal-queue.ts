import { type Answer, asFault, type Command, Fault, type PortalId, type RequestInfo } from '@b24/portal';
import { Admission, maxPortalQueueBytes, maxReplicaQueueBytes, type ReplicaUsage } from './admission';
import { RequestOutcomes } from './request-outcomes';
import { type QueuedCall, clientOf, type Waiter, type CallSize } from './queued-call';
import type { WaiterEntry } from './client-waiters';
import type { Permit, Level, Plan } from './rate-limiter';
import { CircuitBreaker } from './circuit-breaker';
import { BatchBuilder } from './batch-builder';
import { CrossReplicaBatching, type RequestOutcome } from './cross-replica-batching';
import type { QueueOptions } from './queue-options';
import type { PortalLedger } from './operating-ledger';
import type { PeerResult } from './peer-exchange';
import { queuedBytes } from './queued-bytes';
import { maxInFlight, InFlightRequests } from './in-flight-requests';
import { type SendFilter, CallQueue } from './call-queue';

export interface QueueCounts {
  /** Calls that wait on this replica. */
  readonly waiting: number;
  /** Requests that are under way from this replica. */
  readonly inFlight: number;
  /** Commands that shared a request, on the average of late. */
  readonly commandsPerRequest: number;
  /** Requests that could leave at once after the last departure of this replica. */
  readonly left: number;
  readonly circuit: CircuitBreaker['state'];
}

/**
 * The calls of this replica that wait for one portal, and their departures. There is no timer: whoever waits when the
 * bucket lets a request out travels with it, up to 50, and while the bucket is empty also those who wait on other
 * replicas. At most one departure waits at the bucket.
 */
export class PortalQueue {
  private readonly calls: CallQueue;
  private readonly circuit: CircuitBreaker;
  private readonly batching: CrossReplicaBatching;
  private readonly outcomes: RequestOutcomes;
  private readonly withRemoteCalls = new Set<Promise<void>>();
  private readonly inFlight: InFlightRequests;
  private readonly admission: Admission;
  private commandsPerRequest = 1;
  private left = 0;
  private isDispatching = false;
  private plan: Plan | undefined;
  private wasFound = false;
  /** When the queue last had anything to do, unix milliseconds. */
  private lastUsedAtMs: number;

  constructor(
    private readonly portal: PortalId,
    private readonly options: QueueOptions,
    private readonly ledger: PortalLedger,
    replica: ReplicaUsage,
    /** There is no such portal, and nobody waits for it any more. */
    private readonly onPortalMissing: () => void,
  ) {
    const { clock, peerExchange, queueLimit, maxBytes } = options;
    this.calls = new CallQueue(replica.usage);
    this.inFlight = new InFlightRequests(ledger);
    const bounds = {
      calls: queueLimit,
      portalBytes: maxBytes?.portal ?? maxPortalQueueBytes,
      replicaBytes: maxBytes?.replica ?? maxReplicaQueueBytes,
    };
    this.admission = new Admission(this.calls, bounds, replica, (caller) => {
      this.evict(caller);
    });
    this.circuit = new CircuitBreaker(clock);
    this.batching = new CrossReplicaBatching(portal, peerExchange, clock, {
      nextBatch: () => this.previewBatch(),
      onClaimed: (call) => {
        this.outcomes.markSentByPeer(call);
      },
      onReturned: (call) => {
        this.outcomes.onReturned(call);
      },
      onLost: (call) => {
        this.outcomes.onLost(call);
      },
    });
    const { calls, circuit, batching } = this;
    this.outcomes = new RequestOutcomes(
      portal,
      options,
      { calls, circuit, batching, ledger },
      () => void this.dispatchAll(),
    );
    this.lastUsedAtMs = clock.now();
  }

  /** Whether its portal is there: anyone may call for one that is not. */
  get isFound(): boolean {
    return this.wasFound;
  }

  /** The portal is there. */
  markFound(): void {
    this.wasFound = true;
  }

  get counts(): QueueCounts {
    const { commandsPerRequest, left, circuit } = this;
    const { total: waiting } = this.calls.waiting;
    const { count: inFlight } = this.inFlight;
    return {
      waiting,
      inFlight,
      commandsPerRequest: Math.round(commandsPerRequest * 10) / 10,
      left,
      circuit: circuit.state,
    };
  }

  idleSinceMs(): number | undefined {
    const busy =
      this.isDispatching ||
      !this.calls.isEmpty ||
      this.inFlight.count > 0 ||
      this.withRemoteCalls.size > 0 ||
      !this.batching.isEmpty;
    const isOwed = this.outcomes.holdsOrder || this.circuit.isProbing;
    return busy || isOwed || this.circuit.state === 'open' ? undefined : this.lastUsedAtMs;
  }

  send(commands: readonly Command[], signal: AbortSignal): Promise<readonly Answer[]> {
    const client = clientOf(commands);
    const weight = this.weigh(commands);
    const refusal = signal.aborted ? asFault(signal.reason) : this.denial(commands, client, weight);
    if (refusal) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.outcomes.detachWaiter(call, waiter, signal.reason);
      };
      const end = () => {
        this.calls.removeWaiter(call, waiter);
        signal.removeEventListener('abort', leave);
      };
      const waiter: Waiter = {
        client,
        bytes: weight.bytes,
        isCounted: false,
        isEvicted: false,
        queuedAtMs: this.options.clock.now(),
        resolve: (answers) => {
          end();
          resolve(answers);
        },
        reject: (fault) => {
          end();
          reject(fault);
        },
      };
      const call = this.calls.enqueue(commands, weight, waiter);
      signal.addEventListener('abort', leave, { once: true });
      void this.dispatchAll();
    });
  }

  /** The bytes that the key's calls occupy here while they wait. */
  bytesOf(key: string): number {
    return this.calls.bytes.of(key);
  }

  /** Refuses the newest waiting calls of the key until there is enough. */
  evictFrom(key: string, isShort: () => boolean): void {
    this.admission.evictFrom(key, isShort);
  }

  /** Everyone who still waits is told the fault, and nothing more is sent. */
  close(fault: Fault): void {
    this.outcomes.rejectAll(fault);
    this.outcomes.close();
  }

  /** Another replica's trip is back that had taken calls of ours along. */
  async onPeerResult(result: PeerResult): Promise<void> {
    await this.outcomes.onPeerResult(result);
    void this.dispatchAll();
  }

  /** Resolves when those of other replicas that we carry have been delivered; our own callers wait for theirs. */
  async settle(): Promise<void> {
    while (this.withRemoteCalls.size > 0) await Promise.all(this.withRemoteCalls);
  }

  /** Departures one after the other, for as long as anyone can leave. Never rejects. */
  private async dispatchAll(): Promise<void> {
    if (this.isDispatching) return;
    this.isDispatching = true;
    while (this.canDispatch()) {
      try {
        const { grantRefusals } = this.outcomes;
        this.plan = await this.prepare();
        if (!this.canDispatch()) break;
        const permit = await this.options.rateLimiter.acquire(this.portal, this.plan, this.whileWaiting);
        // What was fresh when this departure began to wait may be refused meanwhile.
        await this.dispatch(permit, () => grantRefusals !== this.outcomes.grantRefusals);
      } catch (error) {
        this.outcomes.rejectAll(asFault(error));
      }
      this.outcomes.rejectSpent();
    }
    this.isDispatching = false;
    this.lastUsedAtMs = this.options.clock.now();
    if (!this.wasFound) this.onPortalMissing();
  }

  private async prepare(): Promise<Plan> {
    try {
      const plan = await this.options.prepare(this.portal);
      this.markFound();
      return plan;
    } catch (error) {
      const { code } = asFault(error);
      // A store that does not answer says nothing of the portal.
      if (code === 'portal_not_found') this.wasFound = false;
      else if (code !== 'store_unavailable') this.markFound();
      throw error;
    }
  }

  private readonly whileWaiting = () => {
    this.batching.offerNext();
  };

  private canDispatch(): boolean {
    if (this.calls.isEmpty || this.inFlight.count >= maxInFlight) return false;
    // The probe goes alone; what becomes of it decides about the others.
    if (this.circuit.state === 'probing' && (this.inFlight.count > 0 || this.circuit.isProbing)) return false;
    return this.calls.hasSendable(this.sendable);
  }

  private readonly sendable: SendFilter = {
    client: (from) => this.inFlight.canSend(from),
    call: (call) => !call.isPaused && !this.inFlight.isHeld(call),
  };

  /** The same, where the keys take turns with a method that goes one by one. */
  private sendableInTurn(): SendFilter {
    const { ledger, inFlight, calls, sendable } = this;
    if (!ledger.hasNearLimit) return sendable;
    const ready = [...calls.calls()].filter((call) => sendable.call(call) && calls.canSend(call, sendable));
    const turns = inFlight.turnsOf(ready.filter(({ clients }) => clients.some((key) => sendable.client(key))));
    return { ...sendable, call: (it) => sendable.call(it) && !inFlight.yields(it, turns) };
  }

  private async dispatch(permit: Permit, isOutdated: () => boolean): Promise<void> {
    const { level } = permit;
    const name = this.batching.newRequestId();
    const batch = await this.buildBatch(name, level, isOutdated);
    // Everyone left while the departure waited, or it would meet what others just met: the permit is not wasted.
    if (batch.calls.length === 0) return permit.refund();
    const seats = batch.commands.length;
    this.left = level.left;
    this.commandsPerRequest += (seats - this.commandsPerRequest) / 10;
    const queueMs = batch.calls.flatMap((call) => call.queueTimesMs());
    this.options.observer.requestSent(this.portal, seats, queueMs);
    const sending = this.sendBatch(name, batch, { commands: batch.commands.length, ...level }, permit).finally(() =>
      this.withRemoteCalls.delete(sending),
    );
    if (batch.calls.some(({ remoteId }) => remoteId !== undefined)) this.withRemoteCalls.add(sending);
  }

  /** Those who travel; when the bucket is empty, others may wait for it on other replicas. */
  private async buildBatch(request: string, { left }: Level, isOutdated: () => boolean): Promise<BatchBuilder> {
    const batch = new BatchBuilder(this.ledger);
    const remoteCalls: QueuedCall[] = [];
    const offers = left < 1 ? await this.batching.remoteCalls() : [];
    const gone = await this.batching.claim(request, () => {
      // Whoever was refused meanwhile would be refused again, for good.
      if (isOutdated()) return [];
      for (const { id, commands } of offers)
        remoteCalls.push(this.calls.enqueueRemote(commands, this.weigh(commands), id));
      this.calls.fill(batch, this.sendableInTurn(), this.options.clock.now());
      return batch.calls;
    });
    for (const remoteCall of remoteCalls)
      if (remoteCall.sentAtMs === undefined || gone.has(remoteCall)) this.calls.remove(remoteCall);
    return gone.size > 0 ? batch.without(gone) : batch;
  }

  /** Who would leave now and may share a trip. */
  private previewBatch(): readonly QueuedCall[] {
    const batch = new BatchBuilder(this.ledger);
    const leave = this.sendableInTurn();
    this.calls.pick(batch, { ...leave, call: (it) => it.batchBytes !== undefined && leave.call(it) });
    // Whoever joined it once it is on offer might be told a state from before its own last write.
    for (const call of batch.calls) this.calls.stopSharing(call);
    return batch.calls;
  }

  private async sendBatch(name: string, batch: BatchBuilder, request: RequestInfo, permit: Permit): Promise<void> {
    const { calls, commands } = batch;
    const remoteCalls = calls.filter(({ remoteId }) => remoteId !== undefined);
    const stopKeeping = remoteCalls.length > 0 ? this.batching.keepLease(name) : () => undefined;
    const end = this.inFlight.start(calls);
    let outcome: RequestOutcome;
    try {
      const answers = batch.answersByCall(await this.options.next(this.portal, commands, abortWhenAbandoned(calls)));
      outcome = { answersOf: (call) => answers.get(call) ?? [], request };
      this.outcomes.onAnswers(answers, request);
    } catch (error) {
      outcome = asFault(error);
      await this.outcomes.onRequestFailed(calls, outcome, this.plan);
    }
    end();
    permit.settle();
    this.lastUsedAtMs = this.options.clock.now();
    void this.dispatchAll();
    await this.batching.publishResult(name, remoteCalls, outcome).finally(stopKeeping);
  }

  private denial(commands: readonly Command[], from: string, { bytes }: CallSize): Fault | undefined {
    const refusal = this.circuit.openFault() ?? this.outcomes.spentFault(commands);
    if (refusal || this.admission.admit(from, bytes)) return refusal;
    return this.queueFull(from);
  }

  /** Another key's call gets its place. */
  private evict({ call, waiter }: WaiterEntry): void {
    this.outcomes.evict(call, waiter, this.queueFull(waiter.client));
  }

  private queueFull(from: string): Fault {
    const { waiting } = this.calls;
    const perSecond = (this.plan?.drainPerSecond ?? 1) * this.commandsPerRequest;
    const halfGoneMs = (waiting.total / 2 / perSecond) * 1000;
    // Nobody waits here longer than its deadline, so by then the queue has room whatever it holds now.
    const retryAfterMs = Math.max(1000, Math.min(halfGoneMs, this.options.callTimeoutMs));
    return new Fault('queue_full', {
      detail: `${waiting.total} calls wait for this portal, ${waiting.of(from)} of them of this key; about ${Math.round(perSecond)} leave a second. This call was not sent; come back after Retry-After.`,
      retryAfterMs,
    });
  }

  private weigh(commands: readonly Command[]): CallSize {
    let batchBytes: number | undefined = 0;
    let bytes = 0;
    for (const command of commands) {
      const own = this.options.batchBytesOf(command);
      batchBytes = batchBytes === undefined || own === undefined ? undefined : batchBytes + own;
      bytes += queuedBytes(command);
    }
    return { batchBytes, bytes };
  }
}

/** Aborts when nobody waits for any of them any more. */
function abortWhenAbandoned(calls: readonly QueuedCall[]): AbortSignal {
  const controller = new AbortController();
  let waitedFor = calls.length;
  for (const call of calls) {
    call.onAbandoned = () => {
      if (--waitedFor === 0) controller.abort(new Fault('deadline_exceeded'));
    };
  }
  return controller.signal;
}
