import { portalId, Secret } from '@b24/portal';
import type { Grant, SparePair } from './install';
import { canTakeOver, replaceSpare, selectSpares, sparesAfterInstall, sparesToTry, toSpares } from './spares';

const dayMs = 86_400_000;
const nowMs = 1_700_000_000_000;
const portal = portalId('a'.repeat(32));
const spare = (id: string, more: Partial<SparePair> = {}): SparePair => ({
  ...{ id, grantedAtMs: 1, oauthServer: 'https://oauth.example', scope: ['task'], renewedAtMs: nowMs - 1000 },
  ...{ refreshToken: new Secret(`refresh-${id}`) },
  ...more,
});
const grantOf = (more: Partial<Grant> = {}): Grant => ({
  ...{ portal, kind: 'app', domain: 'p.example', endpoint: 'https://p.example/rest/', installedAtMs: 5 },
  ...{ oauthServer: 'https://oauth.example', scope: ['task'], suspended: false, version: 1 },
  ...more,
});
const pair = { accessToken: new Secret('access'), refreshToken: new Secret('refresh'), expiresAtMs: 1, lifetimeMs: 1 };
const ids = (spares: readonly SparePair[]) => spares.map(({ id }) => id).join(' ');
const mine = { userId: 7 };
const administrators = { userId: 8, byAdministrator: true };
const strangers = { userId: 9 };

describe('a spare may take over', () => {
  it.each<
    [byAdministrator: boolean | undefined, userId: number | undefined, inUse: number | undefined, expected: boolean]
  >([
    [true, 8, 7, true],
    [true, undefined, undefined, true],
    [false, 7, 7, true],
    [undefined, 7, 7, true],
    [false, 8, 7, false],
    [undefined, 8, 7, false],
    [undefined, undefined, undefined, false],
    [undefined, undefined, 7, false],
  ])('by an administrator: %s, of user %s beside user %s: %s', (byAdministrator, userId, inUse, expected) => {
    const it = { ...(byAdministrator !== undefined && { byAdministrator }), ...(userId !== undefined && { userId }) };
    expect(canTakeOver(it, { userId: inUse })).toBe(expected);
  });
});

describe('the spares of a portal', () => {
  it.each<[what: string, spares: SparePair[], selected: string]>([
    ['none', [], ''],
    [
      'the newest three',
      [
        spare('a', { ...mine, renewedAtMs: nowMs - 4 }),
        spare('b', { ...mine, renewedAtMs: nowMs - 1 }),
        spare('c', { ...mine, renewedAtMs: nowMs - 3 }),
        spare('d', { ...mine, renewedAtMs: nowMs - 2 }),
      ],
      'b d c',
    ],
    [
      'another administrator’s in place of the oldest',
      [
        spare('a', { ...mine, renewedAtMs: nowMs - 1 }),
        spare('b', { ...mine, renewedAtMs: nowMs - 2 }),
        spare('c', { ...mine, renewedAtMs: nowMs - 3 }),
        spare('d', { ...administrators, renewedAtMs: nowMs - 4 }),
      ],
      'a b d',
    ],
    [
      'another administrator’s only once',
      [spare('a', { ...administrators, renewedAtMs: nowMs - 1 }), spare('b', mine), spare('c', mine), spare('d', mine)],
      'a b c',
    ],
    [
      'no rejected one of another administrator in place of a good one',
      [
        spare('a', { ...mine, renewedAtMs: nowMs - 1 }),
        spare('b', { ...mine, renewedAtMs: nowMs - 2 }),
        spare('c', { ...mine, renewedAtMs: nowMs - 3 }),
        spare('d', { ...administrators, refusedAtMs: nowMs - 1 }),
      ],
      'a b c',
    ],
    [
      'one that may take over before a newer one that may not',
      [spare('a', { ...strangers, renewedAtMs: nowMs }), spare('b', mine), spare('c', mine), spare('d', mine)],
      'b c d',
    ],
    [
      'a good one before a newer one that was rejected',
      [spare('a', { ...mine, renewedAtMs: nowMs, refusedAtMs: nowMs }), spare('b', mine)],
      'b a',
    ],
    [
      'none that has expired, and none that was rejected a day ago',
      [
        spare('a', { ...mine, renewedAtMs: nowMs - 179 * dayMs }),
        spare('b', { ...mine, renewedAtMs: nowMs - 179 * dayMs + 1 }),
        spare('c', { ...mine, refusedAtMs: nowMs - dayMs }),
        spare('d', { ...mine, refusedAtMs: nowMs - dayMs + 1 }),
      ],
      'b d',
    ],
  ])('are %s', (_what, spares, selected) => {
    expect(ids(selectSpares(spares, mine, nowMs))).toBe(selected);
  });

  const all = [
    spare('own', mine),
    spare('administrator', administrators),
    spare('stranger', strangers),
    spare('rejected', { ...mine, refusedAtMs: nowMs - 1 }),
    spare('old', { ...mine, renewedAtMs: nowMs - 180 * dayMs }),
    spare('own2', mine),
  ];

  it.each<[reason: 'token' | 'user', tried: string]>([
    ['token', 'own own2 administrator'],
    ['user', 'administrator'],
  ])('are tried when the %s was rejected: %s', (reason, tried) => {
    expect(ids(sparesToTry(grantOf({ ...mine, spares: all }), reason, nowMs))).toBe(tried);
  });

  it('are not tried if there are none', () => {
    expect(sparesToTry(grantOf(mine), 'token', nowMs)).toEqual([]);
  });

  it('are the family in use, once it is replaced', () => {
    const family = { id: 'f', grantedAtMs: 3 };
    const plain = { ...family, oauthServer: 'https://oauth.example', scope: ['task'], refreshToken: pair.refreshToken };
    expect(toSpares(grantOf({ family, pair }))).toEqual([{ ...plain, renewedAtMs: 3 }]);
    expect(toSpares(grantOf({ family, pair, refreshedAtMs: 4, userId: 7, byAdministrator: false }), 9)).toEqual([
      { ...plain, renewedAtMs: 4, userId: 7, byAdministrator: false, refusedAtMs: 9 },
    ]);
    expect([toSpares(grantOf({ pair })), toSpares(grantOf({ family }))]).toEqual([[], []]);
  });

  it('have only the fields that are known', () => {
    const [one] = toSpares(grantOf({ family: { id: 'f', grantedAtMs: 3 }, pair }));
    expect(Object.keys(one ?? {}).sort()).toEqual(
      ['grantedAtMs', 'id', 'oauthServer', 'refreshToken', 'renewedAtMs', 'scope'].sort(),
    );
  });

  it('are those of the same app after an install', () => {
    const before = grantOf({ family: { id: 'f', grantedAtMs: 3 }, pair, spares: [spare('a')], app: 'one' });
    expect(ids(sparesAfterInstall(before, { app: 'one' }))).toBe('f a');
    expect(sparesAfterInstall(before, { app: 'two' })).toEqual([]);
    expect(sparesAfterInstall(undefined, { app: 'one' })).toEqual([]);
    expect(sparesAfterInstall(grantOf(), {})).toEqual([]);
  });

  it('are replaced by their id', () => {
    const changed = spare('b', mine);
    expect(replaceSpare([spare('a'), spare('b'), spare('c')], changed)[1]).toBe(changed);
    expect(ids(replaceSpare([spare('a'), spare('b')], changed))).toBe('a b');
  });
});
