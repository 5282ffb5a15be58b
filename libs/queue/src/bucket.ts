import type { PortalId } from '@b24/portal';

/** The vendor's leaky bucket for one portal: X requests fit, Y leak out each second. */
export interface Plan {
  /** X. */
  readonly burst: number;
  /** Y. */
  readonly drainPerSecond: number;
}

/** What our side of the bucket has left. */
export interface Level extends Pick<Plan, 'drainPerSecond'> {
  /** Requests that may leave at once; negative while the lane stands back. */
  readonly left: number;
  readonly capacity: number;
}

/** Leave for one request. Until `arrived` or `giveBack` is called, or some seconds have passed, it takes up room. */
export interface Drop {
  /** What is left beside it. */
  readonly level: Level;
  /** The request has been answered or was lost: the vendor has counted it, so that it leaks out from now on. */
  arrived(): void;
  /** Returns what was taken and not used. */
  giveBack(): Promise<void>;
}

/**
 * Our side of the vendor's leaky bucket, one per portal, shared by every replica. It goes by the last plan it was given.
 * Every method throws Fault `store_unavailable` when the store cannot be asked.
 */
export interface Bucket {
  /** Resolves when one request may leave. Until then it calls `waits` now and again. */
  take(portal: PortalId, plan: Plan, waits?: () => void): Promise<Drop>;
  /** The vendor says its bucket is full: nothing leaves for so long, on any replica. */
  standBack(portal: PortalId, plan: Plan, forMs: number): Promise<void>;
  /** Makes no bucket where there is none. */
  level(portal: PortalId, plan: Plan): Promise<Level>;
  /** Makes the portal known, so that its bucket fills from now on. */
  open(portal: PortalId, plan: Plan): Promise<void>;
  /** Frees what this replica holds for an idle portal; the bucket itself stays. */
  leave(portal: PortalId): void;
  /** Removes the bucket of a portal that turned out not to be one. */
  forget(portal: PortalId): Promise<void>;
  close(): void;
}

/**
 * How many requests we let out in a burst: X − 2Y.
 * One Y because the vendor's second and ours need not begin together: within one of its seconds two of our drips can
 * fall. One more for what arrives later than a drop waits for its request (docs/decisions/0003).
 */
export function capacityOf(plan: Plan): number {
  return Math.max(1, plan.burst - 2 * plan.drainPerSecond);
}
