import { type Answer, type Clock, Fault, type PortalId, sleep, type RequestInfo } from '@b24/portal';
import type { QueuedCall } from './queued-call';
import type { PeerResult, OfferedCall, PeerState, PeerExchange } from './peer-exchange';

/** What is on offer is looked after so often while no departure of ours does it. */
const pollIntervalMs = 3000;
/** What is neither on offer nor with a request, and was not delivered for so long, is lost. */
const lostAfterMs = 3000;
/** A caller whose time is up is not kept longer by a platform that does not answer. */
const maxWithdrawMs = 250;
/** A trip's lease begins anew so often. */
const renewLeaseIntervalMs = 3000;
const publishRetryMs = 500;
const maxPublishAttempts = 20;

/** What the queue does about calls of its own that are on the platform. */
export interface OfferOwner {
  /** Who would leave with the next departure, if it left now and may share its trip. */
  nextBatch(): readonly QueuedCall[];
  /** Another replica's trip has taken it along. */
  onClaimed(call: QueuedCall): void;
  /** It was taken to have left, and waits. */
  onReturned(call: QueuedCall): void;
  /** The trip that took it told nothing and is over. */
  onLost(call: QueuedCall): void;
}

/** What came of a request: an answer for each command of the call, or the failure of the whole. */
export type RequestOutcome =
  { readonly answersOf: (call: QueuedCall) => readonly Answer[]; readonly request: RequestInfo } | Fault;

/**
 * One queue's dealings with the platform: what it has on offer for others' trips, and whom its own trips take along.
 * While several replicas wait for one portal, whichever departs next carries what waits on all of them.
 * Questions are asked one after the other, so that no answer is older than what was done after it.
 */
export class CrossReplicaBatching {
  /** Bookings of ours that are on offer or were taken along by others, by the offer's id. */
  private readonly offered = new Map<string, QueuedCall>();
  private readonly idOf = new Map<QueuedCall, string>();
  private readonly missingSinceMs = new Map<string, number>();
  private peersWait = false;
  private isOffering = false;
  private lastExchange: Promise<unknown> = Promise.resolve();
  private stopWatching: (() => void) | undefined;

  constructor(
    private readonly portal: PortalId,
    private readonly exchange: PeerExchange,
    private readonly clock: Clock,
    private readonly owner: OfferOwner,
  ) {}

  isOffered(call: QueuedCall): boolean {
    return this.idOf.has(call);
  }

  get isEmpty(): boolean {
    return this.offered.size === 0;
  }

  /** Our departure still waits at the bucket: the next batch goes on offer, if anyone is there to take it. */
  offerNext(): void {
    if (this.isOffering) return;
    this.isOffering = true;
    void this.inOrder(() => this.exchangeState(true)).finally(() => (this.isOffering = false));
  }

  /** What other replicas have on offer. None when the platform can't be asked. */
  remoteCalls(): Promise<readonly OfferedCall[]> {
    return this.exchange.remoteCalls(this.portal).catch(() => []);
  }

  newRequestId(): string {
    return this.exchange.newId();
  }

  /** Seats a trip's batch; answers who of it may not leave, since another trip has it or its owner withdrew it. */
  claim(request: string, seat: () => readonly QueuedCall[]): Promise<ReadonlySet<QueuedCall>> {
    return this.inOrder(async () => {
      const ids = new Map(seat().map((call) => [call, call.remoteId ?? this.idOf.get(call)]));
      const offered = [...ids].flatMap(([call, id]) => (id === undefined ? [] : [{ call, id }]));
      if (offered.length === 0) return new Set();
      // When it can't be known, those on the platform stay behind.
      const wanted = offered.map(({ id }) => id);
      const taken = await this.exchange.claim(this.portal, request, wanted).catch(() => new Set<string>());
      for (const id of taken) this.forget(id);
      return new Set(offered.filter(({ id }) => !taken.has(id)).map(({ call }) => call));
    });
  }

  /** Keeps the lease of a trip with remoteCalls until it is over. */
  keepLease(request: string): () => void {
    let stop: () => void = () => undefined;
    const again = () => {
      this.exchange.renewLease(this.portal, request).catch(() => undefined);
      stop = this.clock.after(renewLeaseIntervalMs, again);
    };
    stop = this.clock.after(renewLeaseIntervalMs, again);
    return () => {
      stop();
    };
  }

  /** Tells the owners of a trip's remoteCalls what came of it; tries for as long as they wait for it. */
  async publishResult(request: string, remoteCalls: readonly QueuedCall[], outcome: RequestOutcome): Promise<void> {
    if (remoteCalls.length === 0) return;
    const ids = remoteCalls.map(({ remoteId }) => remoteId ?? '');
    const result: PeerResult =
      outcome instanceof Fault
        ? { ids, fault: outcome }
        : { ids, answers: remoteCalls.map((remoteCall) => outcome.answersOf(remoteCall)), request: outcome.request };
    for (let tries = 1; tries <= maxPublishAttempts; tries++) {
      try {
        await this.exchange.publishResult(this.portal, request, result);
        return;
      } catch {
        await sleep(this.clock, publishRetryMs);
      }
    }
  }

  /**
   * Takes an own call off the platform, unless a trip has it; unknown when the platform does not say in time.
   * `back` runs as soon as it is off, before anything else can happen to it.
   */
  async withdraw(call: QueuedCall, back: () => void = () => undefined): Promise<'back' | 'taken' | 'unknown'> {
    const answer = this.inOrder(async () => {
      const id = this.idOf.get(call);
      const taken = id === undefined ? undefined : await this.exchange.claim(this.portal, '', [id]);
      if (id !== undefined && !taken?.has(id)) return 'taken';
      if (id !== undefined) this.forget(id);
      back();
      return 'back';
    }).catch(() => 'unknown' as const);
    return Promise.race([answer, sleep(this.clock, maxWithdrawMs).then(() => 'unknown' as const)]);
  }

  /** The call behind an offer of ours that the platform has nothing more to tell of. */
  forget(id: string): QueuedCall | undefined {
    const call = this.offered.get(id);
    this.offered.delete(id);
    this.missingSinceMs.delete(id);
    if (call) this.idOf.delete(call);
    return call;
  }

  private async exchangeState(waiting: boolean): Promise<void> {
    const fresh = waiting && this.peersWait ? this.owner.nextBatch().filter((it) => !this.isOffered(it)) : [];
    const offers = fresh.map((call) => {
      const id = this.exchange.newId();
      this.offered.set(id, call);
      this.idOf.set(call, id);
      return { id, commands: call.commands };
    });
    this.watch();
    const state = await this.exchange.offer(this.portal, offers, waiting).catch(() => undefined);
    if (state) this.apply(state);
  }

  private apply({ peersWait, offered }: PeerState): void {
    this.peersWait = peersWait;
    for (const [id, call] of [...this.offered]) {
      const state = offered.get(id) ?? this.missing(id);
      if (state === 'lost') {
        this.forget(id);
        this.owner.onLost(call);
      } else if (state === 'claimed' && call.sentAtMs === undefined) this.owner.onClaimed(call);
      else if (state === 'waiting' && call.sentAtMs !== undefined) this.owner.onReturned(call);
      if (offered.has(id)) this.missingSinceMs.delete(id);
    }
  }

  /** Its result is on the way, or the platform has forgotten it. */
  private missing(id: string): 'lost' | undefined {
    const now = this.clock.now();
    const sinceMs = this.missingSinceMs.get(id) ?? now;
    this.missingSinceMs.set(id, sinceMs);
    return now - sinceMs >= lostAfterMs ? 'lost' : undefined;
  }

  private watch(): void {
    if (this.isEmpty) return;
    this.stopWatching ??= this.clock.after(pollIntervalMs, () => {
      this.stopWatching = undefined;
      if (!this.isEmpty) void this.inOrder(() => this.exchangeState(false));
    });
  }

  private inOrder<T>(question: () => Promise<T>): Promise<T> {
    const answer = this.lastExchange.then(question);
    this.lastExchange = answer.catch(() => undefined);
    return answer;
  }
}
