import { portalId } from '@b24/portal';
import { keepsRights, type KeyRights } from './keeps-rights';

const [a, b] = [portalId('a'.repeat(32)), portalId('b'.repeat(32))];
const all: KeyRights = { scopes: ['call'], portals: 'all' };

describe('a change of a key', () => {
  it.each<[what: string, before: KeyRights, after: KeyRights, keeps: boolean]>([
    ['of nothing', all, all, true],
    ['that adds a scope', all, { ...all, scopes: ['call', 'admin'] }, true],
    ['that removes a scope', all, { ...all, scopes: ['admin'] }, false],
    ['from all portals to one', all, { ...all, portals: [a] }, false],
    ['from one portal to all', { ...all, portals: [a] }, all, true],
    ['from one portal to two', { ...all, portals: [a] }, { ...all, portals: [b, a] }, true],
    ['from two portals to one', { ...all, portals: [a, b] }, { ...all, portals: [a] }, false],
    ['that limits methods', all, { ...all, methods: ['crm.*'] }, false],
    ['that lifts a limit of methods', { ...all, methods: ['crm.*'] }, all, true],
    ['that adds methods', { ...all, methods: ['crm.*'] }, { ...all, methods: ['user.*', 'crm.*'] }, true],
    ['that replaces methods', { ...all, methods: ['crm.*'] }, { ...all, methods: ['crm.deal.*'] }, false],
  ])('%s: from %j to %j keeps its rights: %s', (_what, before, after, keeps) => {
    expect(keepsRights(before, after)).toBe(keeps);
  });
});
