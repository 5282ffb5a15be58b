import type { ClientKey } from '../api-types';
import { changesOf, draftOf } from './key-changes';

const client: ClientKey = {
  ...{ id: 'c_1', name: 'planning', createdAt: '2026-11-01T09:00:00.000Z' },
  ...{ scopes: ['call', 'backlog:read'], portals: ['a', 'b'], methods: ['crm.*'], ratePerSecond: 5, burst: 10 },
};

describe('the changes of a key', () => {
  it('are none when nothing was typed', () => {
    expect(changesOf(client, draftOf(client))).toEqual({});
  });

  it.each([
    [{ name: 'reports' }, { name: 'reports' }],
    [{ scopes: ['call'] }, { scopes: ['call'] }],
    [{ portals: 'acme globex' }, { portals: ['acme', 'globex'] }],
    [{ portals: ' ' }, { portals: 'all' }],
    [{ methods: '' }, { methods: null }],
    [{ rate: '' }, { ratePerSecond: null }],
    [{ rate: '2.5' }, { ratePerSecond: 2.5 }],
    [{ expiry: 'never' }, { expiresAt: null }],
    [{ expiry: '30' }, { expiresInDays: 30 }],
  ])('of %j are %j', (typed, changes) => {
    expect(changesOf(client, { ...draftOf(client), ...typed })).toEqual(changes);
  });
});
