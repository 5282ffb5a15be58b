import { type Clock, isPortalId, type PortalId } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Cluster, Redis } from 'ioredis';
import { bindingsKey, boundKey, subscriptionsKey } from './event-keys';

/** The last known event bindings of a portal. */
export interface BoundEvents {
  /** The wanted event patterns, sorted. */
  readonly wanted: string;
  /** The number of bound events. */
  readonly count: number;
  /** Events that the portal refused to bind. */
  readonly refused?: readonly string[];
  /** Why the last reconciliation failed, and the number of failures in a row. */
  readonly failure?: string;
  readonly times?: number;
  /** Unix milliseconds. */
  readonly atMs: number;
}

export interface HeldBinding {
  /** `*` stands for all portals. */
  readonly portal: PortalId | '*';
  readonly heldUntilMs: number;
}

/** Marks bindings that the portal may have lost without a change of ours. */
const unknownWanted = '?';

/** Portals whose bindings are due to be compared. Every method throws Fault `store_unavailable`. */
export class Bindings {
  private readonly run;

  constructor(
    private readonly redis: Redis | Cluster,
    private readonly clock: Clock,
  ) {
    this.run = loadScripts<{ takeBinding: string | null; settleBinding: null }>(redis, __dirname, {
      takeBinding: 1,
      settleBinding: 2,
    });
  }

  /**
   * Makes a portal due after an install or an update of its app, which removes its bindings. Does nothing without
   * subscriptions.
   */
  async renewed(portal: PortalId): Promise<void> {
    await orStoreUnavailable(async () => {
      if ((await this.redis.hlen(subscriptionsKey)) === 0 && !(await this.redis.hexists(boundKey, portal))) return;
      const bound: BoundEvents = { wanted: unknownWanted, count: 0, atMs: this.clock.now() };
      await this.redis.hset(boundKey, portal, JSON.stringify(bound));
      await this.redis.zadd(bindingsKey, this.clock.now(), portal);
    });
  }

  async add(portals: readonly PortalId[]): Promise<void> {
    if (portals.length === 0) return;
    const nowMs = this.clock.now();
    await orStoreUnavailable(() => this.redis.zadd(bindingsKey, ...portals.flatMap((portal) => [nowMs, portal])));
  }

  async take(holdMs: number): Promise<HeldBinding | undefined> {
    const heldUntilMs = this.clock.now() + holdMs;
    const portal = await orStoreUnavailable(() => this.run.takeBinding(bindingsKey, this.clock.now(), heldUntilMs));
    if (portal === '*') return { portal, heldUntilMs };
    return typeof portal === 'string' && isPortalId(portal) ? { portal, heldUntilMs } : undefined;
  }

  /** @param againAtMs unix milliseconds; never when absent */
  async settle({ portal, heldUntilMs }: HeldBinding, bound?: BoundEvents, againAtMs?: number): Promise<void> {
    const settled = [portal, heldUntilMs, againAtMs ?? '', bound ? JSON.stringify(bound) : ''];
    await orStoreUnavailable(() => this.run.settleBinding(bindingsKey, boundKey, ...settled));
  }

  async of(portal: PortalId): Promise<BoundEvents | undefined> {
    const text = await orStoreUnavailable(() => this.redis.hget(boundKey, portal));
    return text === null ? undefined : (JSON.parse(text) as BoundEvents);
  }

  /** Returns when a portal's bindings are compared next, unix milliseconds. */
  async nextAtMs(portal: PortalId): Promise<number | undefined> {
    const score = await orStoreUnavailable(() => this.redis.zscore(bindingsKey, portal));
    return score === null ? undefined : Number(score);
  }

  async all(): Promise<Map<PortalId, BoundEvents>> {
    const all = await orStoreUnavailable(() => this.redis.hgetall(boundKey));
    return new Map(Object.entries(all).map(([portal, text]) => [portal as PortalId, JSON.parse(text) as BoundEvents]));
  }
}
