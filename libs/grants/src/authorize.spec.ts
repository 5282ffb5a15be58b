import { type Answer, type Authorization, type Command, Fault, type FaultCode, portalId, Secret } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { MemoryGrantStore } from '../../../test/support/memory-grant-store';
import { authorize } from './authorize';
import { FreshGrants } from './fresh-grants';
import type { OAuthServer } from './oauth-server';
import { PortalHosts } from './portal-hosts';
import { PortalProbe } from './portal-probe';

const portal = portalId('a'.repeat(32));
const hour = 3_600_000;
const rules = { hosts: new PortalHosts(['p.example']), allowHttp: false };
const command = (method: string): Command => ({ method, params: {}, effect: 'read' });
const signal = new AbortController().signal;

/** The vendor's errors, as `upstream` throws them. */
const said = (error: string, code: FaultCode, more: object = {}, status = 401) =>
  new Fault(code, { upstream: { method: 'm', status, error, description: 'words', said: { error } }, ...more });
const verdicts = {
  NO_AUTH_FOUND: said('NO_AUTH_FOUND', 'reauthorization_required', { retryReason: 'token_refused' }),
  INVALID_CREDENTIALS: said('INVALID_CREDENTIALS', 'reauthorization_required', { retryReason: 'token_refused' }),
  expired_token: said('expired_token', 'reauthorization_required', { retryReason: 'token_refused' }),
  user_access_error: said('user_access_error', 'reauthorization_required', { retryReason: 'user_refused' }, 403),
  PAYMENT_REQUIRED: said('PAYMENT_REQUIRED', 'portal_payment_required'),
  NOT_INSTALLED: said('NOT_INSTALLED', 'portal_uninstalled'),
  PORTAL_DELETED: said('PORTAL_DELETED', 'portal_deleted', {}, 500),
  OVERLOAD_LIMIT: said('OVERLOAD_LIMIT', 'portal_overloaded', { haltMs: 300_000 }, 503),
} as const;
type Verdict = keyof typeof verdicts;
const names = Object.keys(verdicts) as Verdict[];

type Word = Fault | 'silence' | undefined;
type Portal = (method: string) => Word | Promise<Word>;

/** A portal whose answer to each method the test sets, on a clock that the test controls. */
async function world(kind: 'app' | 'webhook' = 'app') {
  const clock = new HandClock();
  const store = new MemoryGrantStore(clock);
  let refreshes = 0;
  const oauth = {
    refresh: () => {
      const n = ++refreshes;
      const tokens = { accessToken: new Secret(`a${n}`), refreshToken: new Secret(`r${n}`) };
      const pair = { ...tokens, expiresAtMs: clock.now() + hour, lifetimeMs: hour };
      const granted = { portal, pair, endpoint: 'https://p.example/rest/', scope: ['task'] };
      return Promise.resolve({ kind: 'granted', granted });
    },
  } as unknown as OAuthServer;
  const observer = { refreshed: () => undefined };
  const authorizeUrl = () => 'https://gw.example/install?portal=p.example';
  const grants = new FreshGrants({ store, clock, oauth, rules, authorizeUrl, observer });
  const place = { domain: 'p.example', endpoint: 'https://p.example/rest/', oauthServer: 'https://oauth.example' };
  const install = { portal, kind, ...place, scope: ['task'], installedAtMs: clock.now() };
  const tokens = { accessToken: new Secret('a0'), refreshToken: new Secret('r0') };
  const pair = { ...tokens, expiresAtMs: clock.now() + hour, lifetimeMs: hour };
  await store.install(kind === 'app' ? { install, pair } : { install, webhook: new Secret('1/secret') });

  const sent: string[] = [];
  const permits = { given: 0, over: 0 };
  const it = { says: (() => undefined) as Portal };
  const wire = async (
    _: Authorization,
    [{ method } = command(''), ...others]: readonly Command[],
    ends: AbortSignal,
  ) => {
    const name = others.length > 0 ? 'batch' : method;
    sent.push(name);
    const outcome = await it.says(name);
    if (outcome instanceof Fault) throw outcome;
    if (outcome)
      await new Promise((_resolve, reject) => ends.addEventListener('abort', () => reject(ends.reason as Error)));
    const answer: Answer = { ok: true, value: name, timing: { queueMs: 0, upstreamMs: 0 } };
    return [answer, ...others.map(() => answer)];
  };
  const permit = () => {
    permits.given++;
    return Promise.resolve(() => void permits.over++);
  };
  const probe = new PortalProbe({ clock, acquirePermit: permit, send: wire });
  const relocation = { hasMoved: () => Promise.resolve(false) };
  const bind = authorize({ grants, relocation, store, clock, probe }, wire);
  /** Calls as a portal queue does: retries once with a fresh token. */
  const call = async (...methods: string[]): Promise<string> => {
    const once = async () => {
      const send = bind(await grants.ensure(portal));
      const [answer] = await send(portal, methods.map(command), signal);
      return answer?.ok ? 'ok' : `answer ${answer?.fault.code} ${answer?.fault.retryReason ?? 'final'}`;
    };
    const describeFault = (error: unknown) =>
      `fault ${(error as Fault).code} ${(error as Fault).retryReason ?? 'final'}`;
    const first = await once().catch(describeFault);
    return first.endsWith('_refused') ? once().catch(describeFault) : first;
  };
  const only =
    (refused: string, what: Fault): Portal =>
    (method) =>
      method === refused ? what : undefined;
  const record = async () => (await store.load(portal))!;
  return Object.assign(it, {
    clock,
    store,
    grants,
    sent,
    permits,
    /** Sends with the stored grant, without refreshing it before. */
    sendStored: async (method: string) => bind(await record())(portal, [command(method)], signal),
    bind,
    call,
    only,
    record,
    refreshed: () => refreshes,
  });
}

describe('a portal error that would concern every command', () => {
  it.each(names)("concerns only the caller's command when the probe passes: %s", async (name) => {
    for (const kind of ['app', 'webhook'] as const) {
      const it = await world(kind);
      it.says = it.only('odd.get', verdicts[name]);
      const before = await it.record();
      for (let times = 0; times < 10; times++) {
        const outcome = await it.call('odd.get');
        // An error that clearly means an expired token is retried once; the second one is not trusted either.
        expect(outcome).toMatch(name === 'expired_token' ? /^fault rejected_by_portal alone$/ : /^answer \w+ final$/);
        expect(await it.call('user.current')).toBe('ok');
      }
      expect(await it.record()).toEqual(before);
      // A passed probe is valid for five seconds, but not against an error that clearly concerns the token.
      const asked = name === 'expired_token' ? 10 : 1;
      expect([it.refreshed(), it.permits.given]).toEqual([0, asked]);
      await it.clock.advance(5000);
      await it.call('odd.get');
      expect([it.permits.given, it.permits.over]).toEqual([asked + 1, asked + 1]);
    }
  });

  it.each(names)("keeps the vendor's text, and drops everything that could be acted on: %s", async (name) => {
    const it = await world();
    it.says = it.only('odd.get', verdicts[name]);
    const answers = await it.sendStored('odd.get').catch((fault: unknown) => [{ fault }]);
    const { fault } = answers[0] as { fault: Fault };
    expect(fault.upstream).toEqual(verdicts[name].upstream);
    expect([fault.haltMs, fault.authorizeUrl, fault.code === 'reauthorization_required']).toEqual([
      undefined,
      undefined,
      false,
    ]);
  });

  it.each(names.filter((name) => verdicts[name].code !== 'reauthorization_required' && name !== 'OVERLOAD_LIMIT'))(
    'is believed when our own command meets it too, and is over when that is taken again: %s',
    async (name) => {
      for (const kind of ['app', 'webhook'] as const) {
        const it = await world(kind);
        it.says = () => verdicts[name];
        expect(await it.call('odd.get')).toBe(`fault ${verdicts[name].code} final`);
        expect(await it.record()).toMatchObject({ issue: { code: verdicts[name].code, times: 1 } });
        expect(await it.call('user.current')).toBe(`fault ${verdicts[name].code} final`);
        expect(it.sent).toEqual(['odd.get', 'profile']);
        await it.clock.advance(60_000);
        // The first request after the back-off fails on its own account; the probe passes.
        it.says = it.only('odd.get', verdicts[name]);
        expect(await it.call('odd.get')).toMatch(/^answer/);
        expect((await it.record()).issue).toBeUndefined();
      }
    },
  );

  it('is rested from for twice as long each time that our own command meets it again, whoever asked', async () => {
    const it = await world();
    it.says = () => verdicts.PAYMENT_REQUIRED;
    const rests: number[] = [];
    for (let times = 0; times < 3; times++) {
      await Promise.all(Array.from({ length: 20 }, (_, n) => it.call(`m${n}`)));
      const restMs = ((await it.record()).issue?.untilMs ?? 0) - it.clock.now();
      rests.push(restMs);
      await it.clock.advance(restMs);
    }
    expect(rests).toEqual([60_000, 120_000, 240_000]);
    expect(it.sent.filter((method) => method === 'profile')).toHaveLength(3);
  });

  it('of the token leads to one refresh when our own command meets it, and to none while it does not', async () => {
    const it = await world();
    it.says = () => (it.refreshed() === 0 ? verdicts.NO_AUTH_FOUND : undefined);
    expect(await it.call('m')).toBe('ok');
    expect([it.refreshed(), it.sent]).toEqual([1, ['m', 'profile', 'm']]);
    expect((await it.record()).issue).toBeUndefined();
  });

  it('about the token causes a refresh without a probe if the pair is expired or was replaced', async () => {
    const it = await world();
    it.says = () => {
      it.clock.jump(hour);
      return verdicts.expired_token;
    };
    await expect(it.sendStored('m')).rejects.toMatchObject({ retryReason: 'token_refused' });
    expect(it.sent).toEqual(['m']);
    const late = await world();
    late.says = async () => {
      const install = await late.record();
      await late.store.install({ install, pair: install.pair! });
      return verdicts.expired_token;
    };
    await expect(late.sendStored('m')).rejects.toMatchObject({ retryReason: 'token_refused' });
    expect([late.sent, (await late.record()).rejection]).toEqual([['m'], undefined]);
  });

  it('about token after token causes a back-off that grows each time', async () => {
    const it = await world();
    it.says = () => verdicts.NO_AUTH_FOUND;
    expect(await it.call('m')).toBe('fault reauthorization_required token_refused');
    expect([it.refreshed(), it.sent]).toEqual([1, ['m', 'profile', 'm', 'profile']]);
    expect((await it.record()).issue?.untilMs).toBe(it.clock.now() + 5000);
  });

  it('about a webhook is stored and backed off from when the probe confirms it', async () => {
    const it = await world('webhook');
    it.says = () => verdicts.INVALID_CREDENTIALS;
    expect(await it.call('m')).toBe('fault reauthorization_required final');
    expect((await it.record()).issue?.code).toBe('reauthorization_required');
  });

  it('is reported with the error of the probe if that one is a different error', async () => {
    const it = await world();
    it.says = (method) => (method === 'profile' ? verdicts.PORTAL_DELETED : verdicts.NO_AUTH_FOUND);
    expect(await it.call('m')).toBe('fault portal_deleted final');
    expect((await it.record()).issue?.code).toBe('portal_deleted');
    expect(it.refreshed()).toBe(0);
  });

  it('is not trusted if the probe gets no answer, except a clear statement that a token is expired', async () => {
    const it = await world();
    it.says = (method) => (method === 'profile' ? 'silence' : verdicts.PAYMENT_REQUIRED);
    const outcome = it.call('m');
    await it.clock.advance(10_000);
    expect(await outcome).toBe('answer portal_payment_required final');
    expect((await it.record()).issue).toBeUndefined();
    it.says = (method) =>
      method === 'profile' ? 'silence' : it.refreshed() === 0 ? verdicts.expired_token : undefined;
    const plain = it.call('m');
    await it.clock.advance(10_000);
    expect([await plain, it.refreshed()]).toEqual(['ok', 1]);
  });

  it('causes one probe for all requests that meet it together', async () => {
    const it = await world();
    it.says = (method) => (method === 'profile' ? undefined : verdicts.PAYMENT_REQUIRED);
    await Promise.all(Array.from({ length: 50 }, () => it.call('m')));
    expect(it.sent.filter((method) => method === 'profile')).toHaveLength(1);
  });

  it('about a batch sends each of its commands alone if the probe passes', async () => {
    const it = await world();
    it.says = it.only('batch', verdicts.NO_AUTH_FOUND);
    expect(await it.call('m1', 'm2')).toBe('fault rejected_by_portal alone');
    expect((await it.record()).rejection).toBeUndefined();
  });
});
