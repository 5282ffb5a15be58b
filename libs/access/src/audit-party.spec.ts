import { type AuditParty, partyOf } from './audit-party';

describe('who acted', () => {
  it.each<[what: string, entry: Parameters<typeof partyOf>[0], party: AuditParty]>([
    ['the admin key', { actor: 'admin', action: 'createClient' }, 'people'],
    ['a sign-in', { actor: 'c_5f2b8c1d9e0a7b64', action: 'signIn' }, 'people'],
    ['the console', { actor: 'c_5f2b8c1d9e0a7b64', action: 'createClient', ids: { console: true } }, 'people'],
    ['a key', { actor: 'c_5f2b8c1d9e0a7b64', action: 'addBacklog', ids: { groupId: 1 } }, 'services'],
    ['an event', { actor: 'portal event', action: 'uninstallPortal' }, 'portals'],
    ['a page', { actor: 'portal page', action: 'installPortal' }, 'portals'],
    ['an authorization', { actor: 'authorization', action: 'installPortal' }, 'portals'],
  ])('by %s is one of the %s', (_what, entry, party) => {
    expect(partyOf(entry)).toBe(party);
  });
});
