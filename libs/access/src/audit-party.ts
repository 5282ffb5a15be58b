import type { AuditEntry } from './audit-entry';

/**
 * Who acted. people: an operator, in the console or with the admin key. services: a client's key. portals: a portal, by an
 * event, a page or an authorization.
 */
export const auditParties = ['people', 'services', 'portals'] as const;
export type AuditParty = (typeof auditParties)[number];

export function partyOf({ actor, action, ids }: Pick<AuditEntry, 'actor' | 'action' | 'ids'>): AuditParty {
  const isPerson = actor === 'admin' || actor.startsWith('p_') || ['signIn', 'signOut'].includes(action);
  if (isPerson || ids?.['console'] === true) return 'people';
  return actor.startsWith('c_') ? 'services' : 'portals';
}
