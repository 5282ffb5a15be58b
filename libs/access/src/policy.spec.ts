import { type Command, portalId } from '@b24/portal';
import fc from 'fast-check';
import type { Client } from './client';
import {
  type AccessRequest,
  allowCommand,
  checkAccess,
  denialReason,
  isAdministrator,
  matchesMethodPattern,
} from './policy';

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
    }).toThrow(expect.objectContaining({ code: 'portal_not_found' }));
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
        expect(matchesMethodPattern(pattern, name)).toBe(oracle.test(name));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a command', () => {
  const here = { scope: 'call', portal: mine } as const;
  const caller = client({ scopes: ['call'], portals: [mine], methods: ['crm.deal.*', 'batch*'] });
  const command = (method: string, more: Partial<Command> = {}): Command => ({
    method,
    params: {},
    effect: 'read',
    ...more,
  });
  const batch = (cmd: unknown, inside: Command['inside'], params: object = {}) =>
    command('batch', { params: { cmd, ...params }, ...(inside && { inside }) });
  const get = { name: 'a', method: 'crm.deal.get' };
  const outcome = (it: Command, by = caller, to: Parameters<typeof allowCommand>[1] = here) => {
    try {
      return allowCommand(by, to, it) === it ? 'allowed' : 'changed';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it.each<[string, Command]>([
    ['a method of its patterns', command('crm.deal.get')],
    ['the same in another case', command('CRM.Deal.GET')],
    ['a batch of such', batch({ a: 'crm.deal.get?id=1' }, [get])],
    ['a batch that halts', batch({ a: 'crm.deal.get' }, [get], { halt: 1 })],
    ['a command with a fragment', batch({ a: 'crm.deal.get#x?id=1' }, [get])],
  ])('is allowed: %s', (_, it) => {
    expect(outcome(it)).toBe('allowed');
  });

  it.each<[string, Command]>([
    ['another method', command('crm.lead.get')],
    ['a batch that says nothing of what is inside', batch({ a: 'crm.deal.get' }, undefined)],
    ['a batch with nothing inside', batch({}, [])],
    ['a batch in another case with nothing inside', command('BATCH', { params: {} })],
    ['a batch whose name has a transport', command('batch.json', { params: { cmd: { a: 'crm.deal.get' } } })],
    ['a name with a transport', command('crm.deal.get.xml')],
    ['a download', command('download')],
    [
      'a command inside that is not of its patterns',
      batch({ a: 'crm.lead.get' }, [{ name: 'a', method: 'crm.lead.get' }]),
    ],
    ['a batch inside a batch', batch({ a: 'batch?cmd[x]=y' }, [{ name: 'a', method: 'batch' }])],
    [
      'another spelling beside what was read',
      batch({ a: 'crm.deal.get' }, [get], { CMD: { b: 'crm.deal.delete?id=1' } }),
    ],
    ['more commands than are named', batch({ a: 'crm.deal.get', b: 'crm.lead.get' }, [get])],
    ['another command than is named', batch({ a: 'crm.lead.get' }, [get])],
    ['another key than is named', batch({ b: 'crm.deal.get' }, [get])],
    ['a command that is no text', batch({ a: ['crm.deal.get'] }, [get])],
    ['commands that are a text', batch('crm.deal.get', [get])],
    ['something inside what is no batch', command('crm.deal.get', { inside: [get] })],
  ])('is denied: %s', (_, it) => {
    expect(outcome(it)).toBe('not_allowed');
  });

  const v3Batch = (body: unknown, method = 'batch') => command(method, { v3: { body } });

  it.each<[string, Command, 'allowed' | 'not_allowed']>([
    ['of version 3', command('crm.deal.get', { v3: { body: {} } }), 'allowed'],
    ['of version 3 beyond its patterns', command('crm.lead.get', { v3: { body: {} } }), 'not_allowed'],
    ['batch of version 3', v3Batch([{ method: 'crm.deal.get' }, { method: 'CRM.deal.list' }]), 'allowed'],
    ['batch of version 3 in another case', v3Batch([{ method: 'crm.deal.get' }], 'BATCH'), 'allowed'],
    [
      'batch of version 3 with one beyond its patterns',
      v3Batch([{ method: 'crm.deal.get' }, { method: 'crm.lead.get' }]),
      'not_allowed',
    ],
    ['batch of version 3 with nothing in it', v3Batch([]), 'not_allowed'],
    ['batch of version 3 that is no list', v3Batch({ length: 1, 0: { method: 'crm.deal.get' } }), 'not_allowed'],
    ['batch of version 3 with a text', v3Batch([{ method: 'crm.deal.get' }, 'crm.deal.get']), 'not_allowed'],
    ['batch of version 3 with null', v3Batch([null]), 'not_allowed'],
    [
      'batch of version 3 with an inherited method',
      v3Batch([Object.create({ method: 'crm.deal.get' })]),
      'not_allowed',
    ],
    ['batch of version 3 whose method is no text', v3Batch([{ method: ['crm.deal.get'] }]), 'not_allowed'],
    ['batch of version 3 whose method is no name', v3Batch([{ method: 'crm.deal.get?x' }]), 'not_allowed'],
  ])('%s: %j is %s', (_, it, expected) => {
    expect(outcome(it)).toBe(expected);
  });

  it('with unlimited methods is denied unless all of its methods can be named', () => {
    const unlimited = client({ scopes: ['call'], portals: [mine] });
    const one = { name: 'a', method: 'crm.deal.get' };
    const rows: [Command, 'allowed' | 'not_allowed'][] = [
      [batch({ a: 'crm.deal.get' }, [one]), 'allowed'],
      [v3Batch([{ method: 'crm.deal.get' }]), 'allowed'],
      [batch(null, [one]), 'not_allowed'],
      [batch(undefined, [one]), 'not_allowed'],
      [batch('x', [one]), 'not_allowed'],
      [batch(['crm.deal.get'], [one]), 'not_allowed'],
      [batch({ a: 'crm.deal.get', b: 'x?y' }, [one, { name: 'b', method: 'x?y' }]), 'not_allowed'],
      [batch({ a: 'crm.deal.get', b: 'm' }, [one, { name: 'b', method: 'n' }]), 'not_allowed'],
      [v3Batch([{ method: 'crm.deal.get' }, {}]), 'not_allowed'],
      [v3Batch('x'), 'not_allowed'],
      [command('crm.deal.get', { inside: [] }), 'not_allowed'],
    ];
    expect(rows.map(([it]) => outcome(it, unlimited))).toEqual(rows.map(([, expected]) => expected));
  });

  it.each<[what: string, by: Partial<Client>, request: AccessRequest, reason: string | undefined]>([
    ['another portal', { portals: [mine] }, { scope: 'call', portal: other }, 'This key may not use this portal.'],
    ['no portal', { portals: [mine], scopes: ['call'] }, { scope: 'call' }, undefined],
    ['another scope', { scopes: ['call'] }, { scope: 'task:read' }, 'This key lacks the scope task:read.'],
    ['an administrator', { scopes: ['admin'] }, { scope: 'task:read' }, undefined],
    [
      'an administrator of one portal',
      { scopes: ['admin'], portals: [mine] },
      { scope: 'admin' },
      'This key lacks the scope admin. A key for certain portals or methods can’t have it.',
    ],
    [
      'another method',
      { scopes: ['call'], methods: ['a.*'] },
      { scope: 'call', method: 'b.c' },
      'This key may not run b.c.',
    ],
    ['no method', { scopes: ['call'], methods: ['a.*'] }, { scope: 'call' }, undefined],
  ])('is denied with a sentence: %s', (_what, by, request, reason) => {
    expect(denialReason(client({ portals: 'all', ...by }), request)).toBe(reason);
  });

  it('whose methods can’t be determined says so', () => {
    const detail = 'The methods that this call would run can’t be determined.';
    expect(() => allowCommand(caller, here, command('download'))).toThrow(expect.objectContaining({ message: detail }));
  });

  it('is denied on another portal as if that were not there, whatever else is wrong with it', () => {
    const elsewhere = { scope: 'backlog:read', portal: other } as const;
    expect(outcome(command('crm.deal.get'), caller, elsewhere)).toBe('portal_not_found');
    expect(outcome(command('crm.lead.get'), client({ portals: [mine] }), elsewhere)).toBe('portal_not_found');
  });

  it('is denied without the scope', () => {
    expect(outcome(command('crm.deal.get'), client({ scopes: ['backlog:read'] }))).toBe('not_allowed');
  });
});

describe('an administrator', () => {
  it.each<[boolean, Partial<Client>]>([
    [true, { scopes: ['admin'] }],
    [true, { scopes: ['admin', 'call'] }],
    [false, { scopes: ['call', 'portals:write'] }],
    [false, { scopes: ['admin'], portals: [mine] }],
    [false, { scopes: ['admin'], portals: [] }],
    [false, { scopes: ['admin'], methods: ['*'] }],
  ])('is one (%s) with %j', (is, given) => {
    expect(isAdministrator(client(given))).toBe(is);
    const ask = () => {
      checkAccess(client(given), { scope: 'admin' });
    };
    if (is) expect(ask).not.toThrow();
    else expect(ask).toThrow(expect.objectContaining({ code: 'not_allowed' }));
  });
});
