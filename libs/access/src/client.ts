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
}
