import { Fault, portalId, Secret } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import type { GrantStore, RefreshedGrant } from './grant-store';
import type { Grant, GrantIssue, SparePair } from './install';
import type { OAuthServer } from './oauth-server';
import { OutageRecorder } from './outage-recorder';
import { PortalHosts } from './portal-hosts';
import type { GrantedTokens, TokenVerdict } from './token-answer';
import { formerUserOf, TokenRefresh } from './token-refresh';

const portal = portalId('a'.repeat(32));
const hour = 3_600_000;
const oauthServer = 'https://oauth.example';
const pairOf = (name: string) => ({
  ...{ accessToken: new Secret(`access-${name}`), refreshToken: new Secret(`refresh-${name}`) },
  ...{ expiresAtMs: 1, lifetimeMs: hour },
});
const tokens = (more: Partial<GrantedTokens> = {}): TokenVerdict => ({
  kind: 'granted',
  granted: { portal, pair: pairOf('new'), endpoint: 'https://p.example/rest/', scope: ['task'], ...more },
});
const dead: TokenVerdict = { kind: 'refused', code: 'reauthorization_required', detail: 'spent' };
const refused = (code: GrantIssue['code'], forMs?: number): TokenVerdict => ({
  ...{ kind: 'refused', code, detail: 'why' },
  ...(forMs !== undefined && { forMs }),
});

describe('the refresh of a grant', () => {
  let clock: HandClock;
  let events: string[];
  let saved: RefreshedGrant[];
  let issues: GrantIssue[];
  /** What the authorization server says, in turn. */
  let verdicts: (TokenVerdict | Fault)[];
  let isCurrent: boolean;
  let savings: (boolean | Fault)[];
  let skews: number[];
  let refresh: TokenRefresh;

  const spare = (id: string, more: Partial<SparePair> = {}): SparePair => ({
    ...{ id, grantedAtMs: 1, oauthServer: `https://${id}.example`, scope: [`of ${id}`], renewedAtMs: clock.now() },
    ...{ refreshToken: new Secret(`refresh-${id}`), userId: 7 },
    ...more,
  });
  const grantOf = (more: Partial<Grant> = {}, without: readonly (keyof Grant)[] = []): Grant => {
    const grant: { -readonly [Field in keyof Grant]: Grant[Field] } = {
      ...{ portal, kind: 'app', domain: 'p.example', endpoint: 'https://p.example/rest/', installedAtMs: 5 },
      ...{ oauthServer, scope: ['old'], suspended: false, version: 3, userId: 7, pair: pairOf('old') },
      family: { id: 'f', grantedAtMs: 4 },
      ...more,
    };
    for (const field of without) Reflect.deleteProperty(grant, field);
    return grant;
  };

  beforeEach(() => {
    clock = new HandClock();
    events = [];
    saved = [];
    issues = [];
    verdicts = [tokens()];
    isCurrent = true;
    savings = [];
    skews = [];
    const store = {
      markRefreshing: (_portal: string, version: number, begun: true | null) => {
        events.push(`${begun ? 'begin' : 'end'} ${version}`);
        return begun ? Promise.resolve(isCurrent) : Promise.reject(new Fault('store_unavailable'));
      },
      saveRefresh: (_portal: string, version: number, renewal: RefreshedGrant) => {
        const result = savings.shift() ?? true;
        if (result instanceof Fault) return Promise.reject(result);
        events.push(`save ${version} ${renewal.family.id}`);
        saved.push(renewal);
        return Promise.resolve(result);
      },
      rejectSpare: (_portal: string, id: string, atMs: number) => {
        events.push(`reject ${id} ${atMs === clock.now()}`);
        return Promise.resolve();
      },
      recordIssue: (_portal: string, version: number, issue: GrantIssue) => {
        events.push(`issue ${version} ${issue.code}`);
        issues.push(issue);
        return Promise.resolve();
      },
    } as unknown as GrantStore;
    const oauth = {
      refresh: (app: string, token: Secret, server: string) => {
        events.push(`ask ${app} ${token.reveal()} ${server}`);
        const verdict = verdicts.shift() ?? dead;
        return verdict instanceof Fault ? Promise.reject(verdict) : Promise.resolve(verdict);
      },
    } as unknown as OAuthServer;
    refresh = new TokenRefresh({
      ...{ store, oauth, clock, rules: { hosts: new PortalHosts(['p.example', 'moved.example']), allowHttp: false } },
      observer: {
        refreshed: (_portal, outcome) => events.push(outcome),
        skewed: (ms) => skews.push(ms),
      },
    });
  });

  const run = (grant: Grant, reason: 'token' | 'user' = 'token', extend = () => Promise.resolve(true)) =>
    refresh.run(grant, reason, extend);

  it('is announced, saved, and ended', async () => {
    await run(grantOf());
    const asked = `ask default refresh-old ${oauthServer}`;
    expect(events).toEqual(['begin 3', asked, 'granted', 'save 3 f', 'end 3']);
    expect(issues).toEqual([]);
  });

  it('saves the pair with its family and its install', async () => {
    await run(grantOf({ app: 'a_1', byAdministrator: true, formerUser: { userId: 1, untilMs: 2 } }));
    expect(events[1]).toBe(`ask a_1 refresh-old ${oauthServer}`);
    expect(saved).toEqual([
      {
        family: { id: 'f', grantedAtMs: 4 },
        pair: pairOf('new'),
        refreshedAtMs: clock.now(),
        install: {
          ...{ portal, kind: 'app', app: 'a_1', domain: 'p.example', endpoint: 'https://p.example/rest/', oauthServer },
          ...{ scope: ['task'], installedAtMs: 5, userId: 7, byAdministrator: true },
          formerUser: { userId: 1, untilMs: 2 },
        },
      },
    ]);
  });

  it.each<[what: string, granted: Partial<GrantedTokens>, expected: object]>([
    [
      'follows the portal to an allowed host',
      { endpoint: 'https://moved.example/rest/' },
      { domain: 'moved.example', endpoint: 'https://moved.example/rest/' },
    ],
    [
      'stays where it was for another host',
      { endpoint: 'https://evil.example/rest/' },
      { domain: 'p.example', endpoint: 'https://p.example/rest/' },
    ],
    ['keeps its scope if none is named', { scope: [] }, { scope: ['old'] }],
    ['takes the licence', { licence: 'T' }, { licence: 'T' }],
    ['takes the user', { userId: 9 }, { userId: 9 }],
  ])('%s', async (_what, granted, expected) => {
    verdicts = [tokens(granted)];
    await run(grantOf());
    expect(saved[0]?.install).toMatchObject(expected);
  });

  it('saves only the fields that are known', async () => {
    await run(grantOf({}, ['userId', 'family']));
    const [first] = saved;
    expect(first?.family).toEqual({ id: 'first', grantedAtMs: 5 });
    expect(Object.keys(first?.install ?? {}).sort()).toEqual(
      ['domain', 'endpoint', 'installedAtMs', 'kind', 'oauthServer', 'portal', 'scope'].sort(),
    );
  });

  it('reports how far the server’s clock is ahead, if it says so', async () => {
    verdicts = [tokens({ skewMs: -5 }), tokens()];
    await run(grantOf());
    await run(grantOf());
    expect(skews).toEqual([-5]);
  });

  it('is left when another pair was stored meanwhile', async () => {
    isCurrent = false;
    await run(grantOf());
    expect(events).toEqual(['begin 3']);
  });

  it('does nothing without a pair', async () => {
    await run(grantOf({}, ['pair']));
    expect(events).toEqual([]);
  });

  it('is saved once the store can be reached, and is done if another pair was saved instead', async () => {
    savings = [new Fault('store_unavailable'), false];
    const running = run(grantOf());
    await clock.advance(50);
    await running;
    expect(events.slice(-2)).toEqual(['save 3 f', 'end 3']);
  });

  it('is over when the server gives no verdict', async () => {
    verdicts = [new Fault('authorization_server_error')];
    await expect(run(grantOf({ spares: [spare('s')] }))).rejects.toMatchObject({ code: 'authorization_server_error' });
    expect(events.slice(2)).toEqual(['failed', 'end 3']);
  });

  it.each<[what: string, verdict: TokenVerdict]>([
    ['tokens of another portal', tokens({ portal: portalId('b'.repeat(32)) })],
    ['no verdict in the end', { kind: 'transient', reason: 'x' }],
  ])('fails for %s, and saves nothing', async (_what, verdict) => {
    verdicts = [verdict];
    await expect(run(grantOf({ spares: [spare('s')] }))).rejects.toMatchObject({
      code: 'authorization_server_error',
      message: 'The authorization server returned tokens of another portal.',
    });
    expect(events.slice(2)).toEqual(['failed', 'end 3']);
  });

  it.each<[what: string, verdict: TokenVerdict, issue: object]>([
    [
      'with a back-off',
      refused('portal_payment_required', 60_000),
      { code: 'portal_payment_required', detail: 'why', times: 1 },
    ],
    ['without one', refused('portal_uninstalled'), { code: 'portal_uninstalled', detail: 'why' }],
  ])('records a refusal as the grant’s issue, %s, and tries no spare', async (_what, verdict, issue) => {
    verdicts = [verdict];
    await run(grantOf({ spares: [spare('s')] }));
    const [first] = issues;
    expect(first).toEqual({
      ...issue,
      sinceMs: clock.now(),
      ...('times' in issue && { untilMs: clock.now() + 60_000 }),
    });
    expect(events.slice(2)).toEqual(['refused', `issue 3 ${first?.code}`, 'end 3']);
  });

  describe('whose family is lost', () => {
    it('needs a new authorization if there is no spare', async () => {
      verdicts = [dead];
      await run(grantOf());
      expect(issues).toMatchObject([
        {
          code: 'reauthorization_required',
          detail: 'The authorization server no longer honours the refresh token; the portal must be authorized again.',
        },
      ]);
    });

    it('tries one spare after the other, and rejects those that are lost too', async () => {
      verdicts = [dead, dead, tokens()];
      await run(grantOf({ spares: [spare('s'), spare('t'), spare('u')] }));
      expect(events.slice(4)).toEqual([
        'ask default refresh-s https://s.example',
        'refused',
        'reject s true',
        'ask default refresh-t https://t.example',
        'granted',
        'save 3 t',
      ]);
      expect(saved[0]?.install).toMatchObject({ oauthServer: 'https://t.example', userId: 7 });
      expect(saved[0]?.install).not.toHaveProperty('formerUser');
      expect(issues).toEqual([]);
    });

    it('stops when its lease is lost', async () => {
      verdicts = [dead];
      await run(grantOf({ spares: [spare('s')] }), 'token', () => Promise.resolve(false));
      expect([events.length, issues]).toEqual([4, []]);
    });

    it('remembers the user whose grant is replaced', async () => {
      verdicts = [dead, tokens()];
      await run(grantOf({ spares: [spare('s', { userId: 8, byAdministrator: true })] }));
      const former = { userId: 8, byAdministrator: true, formerUser: { userId: 7, untilMs: clock.now() } };
      expect(saved[0]?.install).toMatchObject(former);
    });
  });

  describe('whose user was rejected', () => {
    it('tries the spares of other administrators only', async () => {
      const spares = [spare('s'), spare('t', { userId: 8, byAdministrator: true })];
      await run(grantOf({ spares }), 'user');
      expect(events).toEqual(['ask default refresh-t https://t.example', 'granted', 'save 3 t']);
    });

    it.each<[userId: number | undefined, name: string]>([
      [7, '7'],
      [undefined, 'unknown'],
    ])('says whose access ended: %s', async (userId, name) => {
      await run(userId === undefined ? grantOf({}, ['userId']) : grantOf({ userId }), 'user');
      expect(issues[0]?.detail).toBe(
        `The user who granted access (${name}) was dismissed or may no longer use the app; another administrator must authorize the portal.`,
      );
    });
  });
});

describe('the user whose grant is replaced', () => {
  const former = { userId: 1, untilMs: 2 };

  it.each<[before: number | undefined, now: number | undefined, earlier: object | undefined, expected: object]>([
    [7, 8, undefined, { formerUser: { userId: 7, untilMs: 9 } }],
    [7, undefined, former, { formerUser: { userId: 7, untilMs: 9 } }],
    [undefined, 8, undefined, { formerUser: { untilMs: 9 } }],
    [undefined, undefined, former, { formerUser: { untilMs: 9 } }],
    [7, 7, former, { formerUser: former }],
    [7, 7, undefined, {}],
  ])('%s by %s, after %j, is %j', (before, now, earlier, expected) => {
    const grant = { ...(before !== undefined && { userId: before }), ...(earlier && { formerUser: former }) };
    expect(formerUserOf(grant, now, 9)).toEqual(expected);
  });
});

describe('an outage of a portal', () => {
  const fault = new Fault('portal_unreachable', { detail: 'No answer.' });

  it.each<[what: string, grant: Partial<Grant> | undefined, recorded: object[]]>([
    ['is recorded', {}, [{ version: 3, sinceMs: 1000, times: 1 }]],
    [
      'is recorded once more',
      { issue: { code: 'portal_unreachable', detail: '', sinceMs: 1, times: 1 } },
      [{ version: 3, sinceMs: 1, times: 2 }],
    ],
    ['replaces no other issue', { issue: { code: 'portal_deleted', detail: '', sinceMs: 1 } }, []],
    ['of a portal that is gone is not recorded', undefined, []],
  ])('%s', async (_what, grant, recorded) => {
    const found: object[] = [];
    const store = {
      load: () => Promise.resolve(grant && { ...grant, version: 3 }),
      recordIssue: (_portal: string, version: number, issue: GrantIssue) => {
        const { sinceMs, times, untilMs, detail, code } = issue;
        expect([code, detail, untilMs]).toEqual(['portal_unreachable', 'No answer.', 1000]);
        found.push({ version, sinceMs, times });
        return Promise.resolve();
      },
    } as unknown as GrantStore;
    await new OutageRecorder(store, new HandClock(1000)).record(portal, fault);
    expect(found).toEqual(recorded);
  });

  it('is not recorded while the store is away, and nothing fails', async () => {
    const store = { load: () => Promise.reject(new Fault('store_unavailable')) } as unknown as GrantStore;
    await expect(new OutageRecorder(store, new HandClock()).record(portal, fault)).resolves.toBeUndefined();
  });
});
