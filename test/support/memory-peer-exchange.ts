import { type Clock, Fault, type PortalId } from '@b24/portal';
import {
  type OfferedCall,
  type PeerExchange,
  type PeerResult,
  type PeerState,
  peerTtlMs,
  requestLeaseMs,
} from '@b24/queue';

interface StoredCall {
  readonly call: OfferedCall;
  /** The request that claimed it. */
  requestId?: string;
}

/** The state of one portal that the replicas share. */
interface SharedPortal {
  /** When each replica last waited for a permit, unix milliseconds. */
  readonly replicas: Map<string, number>;
  readonly calls: Map<string, StoredCall>;
  /** Until when the lease of each request lasts, unix milliseconds. */
  readonly leases: Map<string, number>;
}

/** Connects the peer exchanges of several replicas in memory. */
export class MemoryPeerHub {
  readonly listeners = new Map<string, (portal: PortalId, result: PeerResult) => void>();
  private readonly portals = new Map<PortalId, SharedPortal>();
  private replicas = 0;
  private operations = 0;

  constructor(
    readonly clock: Clock,
    /** The microtasks that each operation takes to arrive, and its reply to return, in rotation. */
    private readonly lags: readonly number[] = [0],
  ) {}

  async lag(): Promise<void> {
    const ticks = this.lags[this.operations++ % this.lags.length] ?? 0;
    for (let i = 0; i < ticks; i++) await Promise.resolve();
  }

  exchange(): MemoryPeerExchange {
    return new MemoryPeerExchange(this, `r${++this.replicas}`);
  }

  at(portal: PortalId): SharedPortal {
    let shared = this.portals.get(portal);
    if (!shared) this.portals.set(portal, (shared = { replicas: new Map(), calls: new Map(), leases: new Map() }));
    return shared;
  }
}

/** The peer exchange of one replica, in memory. */
export class MemoryPeerExchange implements PeerExchange {
  /** While true, operations reject with `store_unavailable`. */
  isDown = false;
  private isDead = false;
  private lastId = 0;

  constructor(
    private readonly hub: MemoryPeerHub,
    readonly replica: string,
  ) {}

  newId = () => `${this.replica}.${++this.lastId}`;

  offer(portal: PortalId, offered: readonly OfferedCall[], isWaiting: boolean): Promise<PeerState> {
    return this.run(() => {
      const { replicas, calls, leases } = this.hub.at(portal);
      const now = this.hub.clock.now();
      if (isWaiting) replicas.set(this.replica, now);
      for (const call of offered) calls.set(call.id, { call });
      const states = new Map<string, 'waiting' | 'claimed' | 'lost'>();
      for (const [id, { requestId }] of [...calls].filter(([id]) => this.isMine(id))) {
        const state = requestId === undefined ? 'waiting' : (leases.get(requestId) ?? 0) > now ? 'claimed' : 'lost';
        if (state === 'lost') calls.delete(id);
        states.set(id, state);
      }
      const others = [...replicas].filter(([replica, at]) => replica !== this.replica && now - at < peerTtlMs);
      return { peersWait: others.length > 0, offered: states };
    });
  }

  remoteCalls(portal: PortalId): Promise<readonly OfferedCall[]> {
    return this.run(() => {
      const { replicas, calls } = this.hub.at(portal);
      const since = this.hub.clock.now() - peerTtlMs;
      const isOwnerWaiting = ({ id }: OfferedCall) => (replicas.get(id.split('.')[0] ?? '') ?? 0) > since;
      return [...calls.values()]
        .filter(({ call, requestId }) => requestId === undefined && !this.isMine(call.id) && isOwnerWaiting(call))
        .map(({ call }) => call);
    });
  }

  claim(portal: PortalId, requestId: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.run(() => {
      const { calls, leases } = this.hub.at(portal);
      const claimed = ids.filter((id) => calls.has(id) && calls.get(id)?.requestId === undefined);
      for (const id of claimed) {
        const stored = calls.get(id);
        if (this.isMine(id)) calls.delete(id);
        else if (stored) {
          stored.requestId = requestId;
          leases.set(requestId, this.hub.clock.now() + requestLeaseMs);
        }
      }
      return new Set(claimed);
    });
  }

  renewLease(portal: PortalId, requestId: string): Promise<void> {
    return this.run(() => {
      const { leases } = this.hub.at(portal);
      const now = this.hub.clock.now();
      if ((leases.get(requestId) ?? 0) > now) leases.set(requestId, now + requestLeaseMs);
    });
  }

  publishResult(portal: PortalId, requestId: string, result: PeerResult): Promise<void> {
    return this.run(() => {
      const { calls, leases } = this.hub.at(portal);
      for (const [replica, listener] of this.hub.listeners) {
        const indexes = [...result.ids.keys()].filter((i) => result.ids[i]?.startsWith(`${replica}.`));
        const ids = indexes.map((i) => result.ids[i] ?? '');
        if (ids.length === 0) continue;
        if ('fault' in result) listener(portal, { ids, fault: result.fault });
        else listener(portal, { ids, answers: indexes.map((i) => result.answers[i] ?? []), request: result.request });
      }
      for (const id of result.ids) calls.delete(id);
      leases.delete(requestId);
    });
  }

  onResult(listener: (portal: PortalId, result: PeerResult) => void): void {
    this.hub.listeners.set(this.replica, listener);
  }

  close(): void {
    this.hub.listeners.delete(this.replica);
  }

  /** Stops this replica as SIGKILL does: its operations never settle. */
  kill(): void {
    this.isDead = true;
    this.close();
  }

  private isMine(id: string): boolean {
    return id.startsWith(`${this.replica}.`);
  }

  private async run<T>(operation: () => T): Promise<T> {
    await this.hub.lag();
    if (this.isDead) return new Promise(() => undefined);
    if (this.isDown) throw new Fault('store_unavailable');
    const reply = operation();
    await this.hub.lag();
    return reply;
  }
}
