import { portalId } from '@b24/portal';
import fc from 'fast-check';
import type { Client } from './client';
import { checkAccess, matches } from './policy';

const mine = portalId('a'.repeat(32));
const other = portalId('b'.repeat(32));
const client = (more: Partial<Client> = {}): Client => ({
  id: 'c',
  name: 'n',
  scopes: ['backlog:read'],
  portals: 'all',
  createdAtMs: 0,
  ...more,
});

describe('the policy', () => {
  it('allows what the scopes name, and an administrator everything', () => {
    expect(() => {
      checkAccess(client(), { scope: 'backlog:read' });
    }).not.toThrow();
    expect(() => {
      checkAccess(client(), { scope: 'backlog:write' });
    }).toThrow('backlog:write');
    expect(() => {
      checkAccess(client({ scopes: ['admin'] }), { scope: 'portals:write', portal: other });
    }).not.toThrow();
  });

  it('keeps a key to its portals, also an administrator of some', () => {
    const some = client({ portals: [mine], scopes: ['admin'] });
    expect(() => {
      checkAccess(some, { scope: 'call', portal: mine });
    }).not.toThrow();
    expect(() => {
      checkAccess(some, { scope: 'call', portal: other });
    }).toThrow('may not use this portal');
  });

  it('keeps a key to its methods', () => {
    const some = client({ methods: ['tasks.api.scrum.*.get'] });
    const run = (method: string) => () => {
      checkAccess(some, { scope: 'backlog:read', method });
    };
    expect(run('tasks.api.scrum.backlog.get')).not.toThrow();
    expect(run('tasks.api.scrum.backlog.getFields')).toThrow('may not run');
  });

  it('matches a pattern as a regular expression of it would', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
    const names = fc.string({ unit: fc.constantFrom('a', 'B', '.'), maxLength: 8 });
    fc.assert(
      fc.property(letters, names, (pattern, name) => {
        const oracle = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 'i');
        expect(matches(pattern, name)).toBe(oracle.test(name));
      }),
      { numRuns: 2000 },
    );
  });
});
