import { type Answer, type Clock, Fault, type PortalId, type RequestInfo, sleep } from '@b24/portal';
import { heartbeat } from '@b24/redis';
import type { OfferedCall, PeerExchange, PeerResult, PeerState } from './peer-exchange';
import type { QueuedCall } from './queued-call';

/** How often the state of offered calls is read while no request of this replica waits for a permit, ms. */
const pollIntervalMs = 3000;
/** A call that is neither offered nor claimed, and has no result after this long, is lost, ms. */
const lostAfterMs = 3000;
/** How long a withdrawal may keep a caller waiting whose time is up, ms. */
const maxWithdrawMs = 250;
const renewLeaseIntervalMs = 3000;
const publishRetryMs = 500;
const maxPublishAttempts = 20;

/** The queue whose calls are offered to peers. */
export interface OfferOwner {
  /** Returns the calls to offer: those that could be sent now and may share a batch. */
  previewBatch(): readonly QueuedCall[];
  /** A peer's request has claimed the call. */
  onClaimed(call: QueuedCall): void;
  /** A call that was believed to be claimed still waits. */
  onReturned(call: QueuedCall): void;
  /** The request that claimed the call is over, and published no result. */
  onLost(call: QueuedCall): void;
}

/** The outcome of a request: the answers of each call, or the fault of the whole request. */
export type RequestOutcome =
  { readonly answersOf: (call: QueuedCall) => readonly Answer[]; readonly request: RequestInfo } | Fault;

/**
 * Batches the calls of one portal across replicas: offers this replica's waiting calls to its peers, and claims theirs for
 * its own requests. While several replicas wait for a permit, the next request of any of them carries the calls of all.
 * Operations on the exchange run one after the other, so that no state is older than a later change.
 */
export class CrossReplicaBatching {
  /** This replica's calls that are offered or claimed, by offer id. */
  private readonly offered = new Map<string, QueuedCall>();
  private readonly idOf = new Map<QueuedCall, string>();
  private readonly missingSinceMs = new Map<string, number>();
  private peersWait = false;
  private isOffering = false;
  private lastOperation: Promise<unknown> = Promise.resolve();
  private pendingOperations = 0;
  private stopPolling: (() => void) | undefined;

  constructor(
    private readonly portal: PortalId,
    private readonly exchange: PeerExchange,
    private readonly clock: Clock,
    private readonly owner: OfferOwner,
  ) {}

  isOffered(call: QueuedCall): boolean {
    return this.idOf.has(call);
  }

  /** Whether no call of this replica is offered or claimed. */
  get isEmpty(): boolean {
    return this.offered.size === 0;
  }

  /** Whether peers know nothing of this replica's calls, and are not being asked. */
  get isQuiet(): boolean {
    return this.offered.size === 0 && this.pendingOperations === 0;
  }

  /** Offers the next batch if peers wait. Called periodically while a request of this replica waits for a permit. */
  offerNext(): void {
    if (this.isOffering) return;
    this.isOffering = true;
    void this.inOrder(() => this.exchangeState(true)).finally(() => (this.isOffering = false));
  }

  /** Returns the calls that peers offer; none if the exchange does not reply. */
  remoteCalls(): Promise<readonly OfferedCall[]> {
    return this.exchange.remoteCalls(this.portal).catch(() => []);
  }

  newRequestId(): string {
    return this.exchange.newId();
  }

  /**
   * Claims the calls that `select` returns for a request. Resolves with the calls that must not be sent, because another
   * request has claimed them or their owner withdrew them.
   */
  claim(requestId: string, select: () => readonly QueuedCall[]): Promise<ReadonlySet<QueuedCall>> {
    return this.inOrder(async () => {
      const ids = new Map(select().map((call) => [call, call.remoteId ?? this.idOf.get(call)]));
      const offered = [...ids].flatMap(([call, id]) => (id === undefined ? [] : [{ call, id }]));
      if (offered.length === 0) return new Set();
      const wanted = offered.map(({ id }) => id);
      // If the exchange does not reply, offered calls are not sent, because a peer may send them.
      const claimed = await this.exchange.claim(this.portal, requestId, wanted).catch(() => new Set<string>());
      for (const id of claimed) this.take(id);
      return new Set(offered.filter(({ id }) => !claimed.has(id)).map(({ call }) => call));
    });
  }

  /** Renews the lease of a request with remote calls until the returned function is called. */
  keepLease(requestId: string): () => void {
    const renew = () => this.exchange.renewLease(this.portal, requestId);
    return heartbeat({ clock: this.clock, everyMs: renewLeaseIntervalMs, renew });
  }

  /** Publishes the outcome of a request to the owners of its remote calls. Retries for as long as their lease lasts. */
  async publish(requestId: string, calls: readonly QueuedCall[], outcome: RequestOutcome): Promise<void> {
    if (calls.length === 0) return;
    const ids = calls.map(({ remoteId }) => remoteId ?? '');
    const result: PeerResult =
      outcome instanceof Fault
        ? { ids, fault: outcome }
        : { ids, answers: calls.map((call) => outcome.answersOf(call)), request: outcome.request };
    for (let attempt = 1; attempt <= maxPublishAttempts; attempt++) {
      try {
        await this.exchange.publishResult(this.portal, requestId, result);
        return;
      } catch {
        await sleep(this.clock, publishRetryMs);
      }
    }
  }

  /**
   * Withdraws a call of this replica, unless a peer has claimed it. Resolves with `unknown` if the exchange does not reply
   * in time. `onWithdrawn` runs before anything else can happen to the call.
   */
  async withdraw(
    call: QueuedCall,
    onWithdrawn: () => void = () => undefined,
  ): Promise<'withdrawn' | 'claimed' | 'unknown'> {
    const outcome = this.inOrder(async () => {
      const id = this.idOf.get(call);
      const claimed = id === undefined ? undefined : await this.exchange.claim(this.portal, '', [id]);
      if (id !== undefined && !claimed?.has(id)) return 'claimed';
      if (id !== undefined) this.take(id);
      onWithdrawn();
      return 'withdrawn';
    }).catch(() => 'unknown' as const);
    return Promise.race([outcome, sleep(this.clock, maxWithdrawMs).then(() => 'unknown' as const)]);
  }

  /** Removes and returns the call behind an offer whose result or withdrawal is known. */
  take(id: string): QueuedCall | undefined {
    const call = this.offered.get(id);
    this.offered.delete(id);
    this.missingSinceMs.delete(id);
    if (call) this.idOf.delete(call);
    return call;
  }

  private async exchangeState(isWaiting: boolean): Promise<void> {
    const fresh = isWaiting && this.peersWait ? this.owner.previewBatch().filter((it) => !this.isOffered(it)) : [];
    const calls = fresh.map((call) => {
      const id = this.exchange.newId();
      this.offered.set(id, call);
      this.idOf.set(call, id);
      return { id, commands: call.commands };
    });
    this.startPolling();
    const state = await this.exchange.offer(this.portal, calls, isWaiting).catch(() => undefined);
    if (state) this.apply(state);
  }

  private apply({ peersWait, offered }: PeerState): void {
    this.peersWait = peersWait;
    for (const [id, call] of [...this.offered]) {
      const state = offered.get(id) ?? this.stateOfMissing(id);
      if (state === 'lost') {
        this.take(id);
        this.owner.onLost(call);
      } else if (state === 'claimed' && call.sentAtMs === undefined) this.owner.onClaimed(call);
      else if (state === 'waiting' && call.sentAtMs !== undefined) this.owner.onReturned(call);
      if (offered.has(id)) this.missingSinceMs.delete(id);
    }
  }

  /** The exchange does not know the call: its result is on the way, or the exchange has lost it. */
  private stateOfMissing(id: string): 'lost' | undefined {
    const now = this.clock.now();
    const sinceMs = this.missingSinceMs.get(id) ?? now;
    this.missingSinceMs.set(id, sinceMs);
    return now - sinceMs >= lostAfterMs ? 'lost' : undefined;
  }

  private startPolling(): void {
    if (this.isEmpty) return;
    this.stopPolling ??= this.clock.after(pollIntervalMs, () => {
      this.stopPolling = undefined;
      if (!this.isEmpty) void this.inOrder(() => this.exchangeState(false));
    });
  }

  private inOrder<T>(operation: () => Promise<T>): Promise<T> {
    this.pendingOperations++;
    const result = this.lastOperation.then(operation).finally(() => this.pendingOperations--);
    this.lastOperation = result.catch(() => undefined);
    return result;
  }
}
