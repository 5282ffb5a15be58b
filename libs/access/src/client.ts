import type { PortalId } from '@b24/portal';

export const scopes = [
  'backlog:read',
  'backlog:write',
  'scrum:read',
  'scrum:write',
  'call',
  'portals:read',
  'portals:write',
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

/** An internal service and what its key may do. */
export interface Client {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly portals: 'all' | readonly PortalId[];
  /** Vendor methods the key may run, as `tasks.api.scrum.*`; any that its scopes allow when absent. */
  readonly methods?: readonly string[];
  readonly createdAtMs: number;
  /** From then on its key is refused; never when absent. */
  readonly expiresAtMs?: number;
  /** So many calls at once and each second, over all replicas; as many as it likes when absent. */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
}

/** A client as an administrator sees it. Uses are known to the minute. */
export interface ListedClient extends Client {
  readonly lastUsedAtMs?: number;
  /** The key that was replaced, while it still works: without an end when the rotation was cut off. */
  readonly previous?: { readonly untilMs?: number; readonly lastUsedAtMs?: number };
}
