import { portalId, Secret } from '@b24/portal';
import { nextIssue, nextRejection, type ObservedIssue, rejectionBackoffMs } from './grant-issue';
import type { Grant, GrantIssue, TokenRejection } from './install';
import { authorization } from './authorization';
import { formerDomains } from './former-domains';
import { jitteredSavedAtMs } from './jittered-saved-at';
import { secretsOf } from './secrets-of';

const grant: Grant = {
  ...{ portal: portalId('a'.repeat(32)), kind: 'app', domain: 'p.example', endpoint: 'https://p.example/rest/' },
  ...{ oauthServer: 'https://oauth.example', scope: ['task'], suspended: false, version: 3, installedAtMs: 5 },
};

describe('the issue of a grant', () => {
  const seen = (backoffMs?: number): ObservedIssue => ({
    code: 'portal_payment_required',
    detail: 'Pay.',
    ...(backoffMs !== undefined && { backoffMs }),
  });

  it('lasts until a person resolves it if it has no back-off', () => {
    expect(nextIssue(undefined, seen(), 100)).toEqual({
      code: 'portal_payment_required',
      detail: 'Pay.',
      sinceMs: 100,
    });
  });

  it('keeps its start, and doubles its back-off up to an hour', () => {
    let issue: GrantIssue | undefined;
    const untilMs: (number | undefined)[] = [];
    for (let times = 1; times <= 8; times++) {
      issue = nextIssue(issue, seen(60_000), 100);
      expect(issue).toMatchObject({ sinceMs: 100, times });
      untilMs.push(issue.untilMs);
    }
    expect(untilMs.map((ms) => ((ms ?? 0) - 100) / 60_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('keeps a back-off that is longer than an hour', () => {
    const first = nextIssue(undefined, seen(7_200_000), 0);
    expect([first.untilMs, nextIssue(first, seen(7_200_000), 0).untilMs]).toEqual([7_200_000, 7_200_000]);
  });

  it('starts from the first back-off when it is another', () => {
    const before: GrantIssue = { code: 'portal_deleted', detail: '', sinceMs: 1, times: 5, untilMs: 2 };
    expect(nextIssue(before, seen(60_000), 100)).toMatchObject({ sinceMs: 100, times: 1, untilMs: 60_100 });
  });

  it('counts from one that had no back-off', () => {
    const before: GrantIssue = { code: 'portal_payment_required', detail: '', sinceMs: 1 };
    expect(nextIssue(before, seen(60_000), 100)).toMatchObject({ sinceMs: 1, times: 1, untilMs: 60_100 });
  });
});

describe('the rejection of a pair', () => {
  const rejection = (version: number, times = 2): TokenRejection => ({ version, reason: 'token', times, sinceMs: 9 });

  it.each<[what: string, before: TokenRejection | undefined, expected: TokenRejection]>([
    ['is the first', undefined, { version: 3, reason: 'user', times: 1, sinceMs: 100 }],
    ['is the same for one pair', rejection(3), { version: 3, reason: 'user', times: 2, sinceMs: 9 }],
    ['is one more for another pair', rejection(2), { version: 3, reason: 'user', times: 3, sinceMs: 9 }],
  ])('%s', (_what, before, expected) => {
    expect(nextRejection({ ...grant, ...(before && { rejection: before }) }, 'user', 100)).toEqual(expected);
  });

  it.each([
    [1, undefined],
    [2, 5000],
    [3, 10_000],
    [4, 20_000],
    [30, 3_600_000],
  ])('number %i in a row leaves the portal alone for %s ms', (times, expectedMs) => {
    expect(rejectionBackoffMs(rejection(3, times))).toBe(expectedMs);
  });
});

describe('what a grant authorizes with', () => {
  const pair = {
    accessToken: new Secret('access-1'),
    refreshToken: new Secret('refresh-1'),
    expiresAtMs: 1,
    lifetimeMs: 1,
  };
  const texts = (secrets: readonly Secret[]) => secrets.map((it) => it.reveal());

  it('is the pair at the endpoint of the portal, and stays one object', () => {
    const whole: Grant = { ...grant, pair, applicationToken: new Secret('proof-1') };
    const authorized = authorization(whole);
    expect([authorized.endpoint.reveal(), authorized.accessToken?.reveal()]).toEqual([grant.endpoint, 'access-1']);
    expect(texts(authorized.otherSecrets ?? [])).toEqual(['access-1', 'refresh-1', 'proof-1']);
    expect(authorization(whole)).toBe(authorized);
  });

  it('is the path of a webhook', () => {
    const authorized = authorization({ ...grant, webhook: new Secret('7/secretpath') });
    expect([authorized.endpoint.reveal(), authorized.accessToken]).toEqual([
      `${grant.endpoint}7/secretpath/`,
      undefined,
    ]);
    expect(texts(authorized.otherSecrets ?? [])).toEqual(['secretpath']);
  });

  it('is nothing without either', () => {
    const message = 'The grant has neither a token pair nor a webhook.';
    expect(() => authorization({ ...grant })).toThrow(expect.objectContaining({ code: 'internal_error', message }));
  });

  it('is secret, with the refresh tokens of all spares', () => {
    const spare = {
      id: 's',
      grantedAtMs: 1,
      oauthServer: '',
      scope: [],
      renewedAtMs: 1,
      refreshToken: new Secret('refresh-2'),
    };
    expect(texts(secretsOf({ ...grant, pair, spares: [spare] }))).toEqual(['access-1', 'refresh-1', 'refresh-2']);
    expect(secretsOf(grant)).toEqual([]);
  });
});

describe('the former hosts of a portal', () => {
  it.each<[what: string, before: Parameters<typeof formerDomains>[0], expected: string[]]>([
    ['are none for a new portal', undefined, []],
    ['are none while it stays', { domain: 'new' }, []],
    ['are the newest first', { domain: 'b', formerDomains: ['a'] }, ['b', 'a']],
    ['are three at most', { domain: 'd', formerDomains: ['c', 'b', 'a'] }, ['d', 'c', 'b']],
    ['are each once, and never the present one', { domain: 'b', formerDomains: ['new', 'b', 'a'] }, ['b', 'a']],
  ])('%s', (_what, before, expected) => {
    expect(formerDomains(before, 'new')).toEqual(expected);
  });
});

describe('when a pair counts as saved', () => {
  it.each([
    ['00000000', 0],
    ['80000000', 4.5],
    ['ffffffff', 9],
  ])('is up to nine days earlier, by the portal: %s %f', (start, days) => {
    const earlierMs = 1_700_000_000_000 - jitteredSavedAtMs(portalId(start.padEnd(32, '0')), 1_700_000_000_000);
    expect(earlierMs / 86_400_000).toBeCloseTo(days, 5);
    expect(Number.isInteger(earlierMs)).toBe(true);
  });
});
