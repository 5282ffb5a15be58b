import { portalId, Secret } from '@b24/portal';
import type { Sealer } from '@b24/seal';
import { type GrantHash, GrantHashFields, installOf, settingsFields, toGrant, toPortalRecord } from './grant-hash';
import type { Grant, Install, PortalRecord, SparePair } from './install';

const portal = portalId('a'.repeat(32));
const install: Install = {
  ...{ portal, kind: 'app', domain: 'p.example', endpoint: 'https://p.example/rest/' },
  ...{ oauthServer: 'https://oauth.example', scope: ['task'], installedAtMs: 5 },
};
const wholeInstall: Install = {
  ...install,
  ...{ app: 'a_1', userId: 0, byAdministrator: false, licence: 'T', formerUser: { userId: 1, untilMs: 2 } },
};
/** Writes what it seals, and for what, in plain text. */
const seal = {
  seal: (secret: Secret, context: string) => `${context}=${secret.reveal()}`,
  open: (text: string, context: string) => {
    if (!text.startsWith(`${context}=`)) throw new Error(`sealed for another context: ${text}`);
    return new Secret(text.slice(context.length + 1));
  },
} as unknown as Sealer;
const pair = {
  accessToken: new Secret('access'),
  refreshToken: new Secret('refresh'),
  expiresAtMs: 10,
  lifetimeMs: 20,
};
const spare = (n: number, more: Partial<SparePair> = {}): SparePair => ({
  ...{ id: `s${n}`, grantedAtMs: n, oauthServer: '', scope: [], renewedAtMs: n, refreshToken: new Secret(`r${n}`) },
  ...more,
});
const fields = () => new GrantHashFields(portal, seal);
const hashOf = (list: readonly string[]): GrantHash =>
  Object.fromEntries(Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i], list[2 * i + 1]]));
const readGrant = (hash: GrantHash): Grant => {
  const record = toPortalRecord(hash);
  if (!record) throw new Error('no record');
  return toGrant(record, hash, seal);
};

describe('a grant as a hash', () => {
  it('has all of its fields when it is read', () => {
    const open = {
      ...{ alias: 'shop', limits: { burst: 1, drainPerSecond: 2 }, tags: ['x'], waitingSinceMs: 6, version: 3 },
      ...{ refreshedAtMs: 7, issue: { code: 'portal_deleted', detail: 'd', sinceMs: 1 } },
      ...{
        family: { id: 'f', grantedAtMs: 4 },
        formerDomains: ['old.example'],
        tariff: { licence: 'x', requestedAtMs: 1 },
      },
    } as const;
    const rejection = { version: 3, reason: 'user', times: 1, sinceMs: 2 } as const;
    const written = fields()
      .open({ install: wholeInstall, ...open, suspended: 1, rejection, refreshingVersion: 3 })
      .pair(pair)
      .spares([spare(1, { userId: 0, byAdministrator: false, refusedAtMs: 9 }), spare(2)])
      .sealed({ webhook: new Secret('7/path'), applicationToken: new Secret('proof') });
    expect(readGrant(hashOf(written.list))).toEqual({
      ...{ ...wholeInstall, ...open, suspended: true, rejection, refreshingVersion: 3, pair, expiresAtMs: 10 },
      ...{ webhook: new Secret('7/path'), applicationToken: new Secret('proof') },
      spares: [spare(1, { userId: 0, byAdministrator: false, refusedAtMs: 9 }), spare(2)],
    });
  });

  it('has only the fields that are stored', () => {
    const grant = readGrant(hashOf(fields().open({ install, version: 3 }).list));
    expect(grant).toEqual({ ...install, suspended: false, version: 3 });
    expect(Object.keys(grant).sort()).toEqual([...Object.keys(install), 'suspended', 'version'].sort());
  });

  it('is nothing without an install', () => {
    expect(toPortalRecord({ version: '3', suspended: '1' })).toBeUndefined();
  });

  it.each([['accessToken'], ['refreshToken']] as const)('has no pair with only its %s', (field) => {
    const written = fields()
      .open({ install, version: 3 })
      .sealed({ [field]: pair[field] });
    expect(readGrant(hashOf(written.list)).pair).toBeUndefined();
  });

  it('has no spare whose token is missing, and no list of none', () => {
    const written = fields()
      .open({ install, version: 3 })
      .spares([spare(1), spare(2)]);
    const hash = hashOf(written.list);
    expect(hash['spare1']).toBe(`${portal}|spare1=r1`);
    expect(readGrant({ ...hash, spare1: undefined }).spares).toEqual([spare(2)]);
    expect(readGrant({ ...hash, spare1: undefined, spare2: undefined })).not.toHaveProperty('spares');
  });
});

describe('what is written of a grant', () => {
  it('is text, and no field for what is missing or an empty list', () => {
    const written = fields().open({ version: 3, alias: undefined, formerDomains: [], tags: ['a'], limits: {} });
    expect(written.list).toEqual(['version', '3', 'tags', '["a"]', 'limits', '{}']);
  });

  it('is sealed for its portal and field', () => {
    const written = fields().sealed({ webhook: new Secret('w'), applicationToken: undefined });
    expect(written.list).toEqual(['webhook', `${portal}|webhook=w`]);
    expect(fields().pair(undefined).list).toEqual([]);
  });

  it('is at most three spares, without their tokens among the open fields', () => {
    const { list } = fields().spares([1, 2, 3, 4].map((n) => spare(n)));
    const hash = hashOf(list);
    expect(Object.keys(hash)).toEqual(['spares', 'spare1', 'spare2', 'spare3']);
    expect((JSON.parse(hash['spares'] ?? '') as object[])[0]).toEqual({
      ...{ id: 's1', grantedAtMs: 1, oauthServer: '', scope: [], renewedAtMs: 1 },
    });
    expect(fields().spares([]).list).toEqual([]);
  });

  it.each<[what: string, install: Install]>([
    ['all fields of an install', wholeInstall],
    ['the required fields of an install', install],
  ])('is %s, and none of the record', (_what, expected) => {
    const record: PortalRecord = { ...expected, suspended: true, version: 3, alias: 'shop' };
    expect(installOf(record)).toEqual(expected);
    expect(Object.keys(installOf(record)).sort()).toEqual(Object.keys(expected).sort());
  });

  it.each<[change: Parameters<typeof settingsFields>[0], fields: string[]]>([
    [{}, []],
    [{ alias: 'shop' }, ['alias', 'shop']],
    [{ alias: null }, ['alias', '']],
    [{ suspended: true }, ['suspended', '1']],
    [{ suspended: false }, ['suspended', '']],
    [{ limits: { burst: 1, drainPerSecond: 2 } }, ['limits', '{"burst":1,"drainPerSecond":2}']],
    [{ limits: null }, ['limits', '']],
    [{ admitted: true }, ['waitingSinceMs', '']],
    [{ tags: ['b', 'a', 'b'] }, ['tags', '["a","b"]']],
    [{ tags: [] }, ['tags', '']],
  ])('is a change of the settings: %j', (change, expected) => {
    expect(settingsFields(change)).toEqual(expected);
  });
});
