import type { PortalId } from '@b24/portal';

/** The parameters of the leaky bucket that the vendor keeps for one portal (docs/bitrix24-rules.md#limits). */
export interface Plan {
  /** X: the requests that fit into the bucket. */
  readonly burst: number;
  /** Y: the requests that leak out per second. */
  readonly drainPerSecond: number;
}

/** The permits that the gateway has available for one portal. */
export interface Level extends Pick<Plan, 'drainPerSecond'> {
  /** Requests that may be sent at once; negative while the queue backs off. */
  readonly left: number;
  readonly capacity: number;
}

/**
 * Leave to send one request. It is outstanding until it is settled or refunded, or for some seconds: the vendor may
 * count its request at any moment until then.
 */
export interface Permit {
  /** The level after this permit was acquired. */
  readonly level: Level;
  /** The request was answered or lost: the vendor has counted it, and its counter drains from now on. */
  settle(): void;
  /** Returns a permit that was not used. It has no effect on a permit that was settled or refunded. */
  refund(): void;
}

/**
 * The gateway's side of the vendor's leaky bucket, one per portal, shared by all replicas. It follows the last plan that
 * it was given. Every method throws Fault `store_unavailable` if the store does not answer.
 */
export interface RateLimiter {
  /** Returns a permit if this replica has one in hand that nobody waits for. Never asks the store. */
  tryAcquire(portal: PortalId, plan: Plan): Permit | undefined;
  /** Resolves when one request may be sent. Until then it calls `onWait` periodically. */
  acquire(portal: PortalId, plan: Plan, onWait?: () => void): Promise<Permit>;
  /** Grants no permit for `forMs` on any replica, because the vendor says that its bucket is full. */
  backOff(portal: PortalId, plan: Plan, forMs: number): Promise<void>;
  /** Returns the level without creating anything. */
  level(portal: PortalId, plan: Plan): Promise<Level>;
  /** Makes the portal known, so that its permits are refilled from now on. */
  open(portal: PortalId, plan: Plan): Promise<void>;
  /** Frees the memory that this replica holds for an idle portal. The stored level stays. */
  unload(portal: PortalId): void;
  /** Deletes the stored level of a portal that does not exist. */
  remove(portal: PortalId): Promise<void>;
  close(): void;
}

/**
 * Returns the requests that the gateway sends in one burst: X − 2Y.
 * One Y, because the vendor's counter falls once per second, and ours all the time. Another Y is a reserve
 * (docs/decisions/0031-leased-permits.md).
 */
export function capacityOf(plan: Plan): number {
  return Math.max(1, plan.burst - 2 * plan.drainPerSecond);
}
