import type { PortalId } from '@b24/portal';

/** A right of a key. The gateway lists the scopes that exist. */
export type Scope = 'call' | 'admin' | `${string}:${'read' | 'write'}`;

/** What a person may do at the console, in ascending order. */
export const personRoles = ['viewer', 'operator', 'admin'] as const;
export type PersonRole = (typeof personRoles)[number];

/** A person who signed in through the identity provider. */
export interface Person {
  /** The subject that the provider gave the person. */
  readonly sub: string;
  readonly role: PersonRole;
}

/** An internal service and the rights of its key, or a person with a session of the console. */
export interface Client {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly portals: 'all' | readonly PortalId[];
  /** Patterns of the Bitrix24 methods that the key may run, for example `tasks.api.scrum.*`. Absent: all that its scopes allow. */
  readonly methods?: readonly string[];
  readonly createdAtMs: number;
  /** When the key expires. Absent: never. */
  readonly expiresAtMs?: number;
  /** Counts the changes that took rights away. Absent: none did. */
  readonly revision?: number;
  /** Rate limit over all replicas, in commands. Absent: no limit. */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  /** Present for a person, who has a role instead of a key. */
  readonly person?: Person;
}

/** A client as an administrator sees it. Times of use are exact to the minute. */
export interface ListedClient extends Client {
  readonly lastUsedAtMs?: number;
  /** The replaced key while it still works. It has no end when the rotation was interrupted. */
  readonly previous?: { readonly untilMs?: number; readonly lastUsedAtMs?: number };
}
