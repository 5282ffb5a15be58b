import { Fault, portalId, Secret } from '@b24/portal';
import fc from 'fast-check';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { MemoryGrantStore } from '../../../test/support/memory-grant-store';
import { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import type { TokenRejection } from './install';
import type { OAuthServer } from './oauth-server';
import { PortalHosts } from './portal-hosts';
import type { TokenVerdict } from './token-answer';

const portal = portalId('a'.repeat(32));
const hour = 3_600_000;

/** An authorization server that accepts a refresh token once, and answers with a delay. */
class StrictServer {
  asked = 0;
  granted = 0;
  spentTwice = 0;
  tookMs = 100;
  next: (() => TokenVerdict | Promise<TokenVerdict>) | undefined;
  private good = 'r0';

  constructor(private readonly clock: HandClock) {}

  refresh = async (_app: string, token: Secret): Promise<TokenVerdict> => {
    this.asked++;
    await new Promise<void>((resolve) => {
      this.clock.after(this.tookMs, resolve);
    });
    if (this.next) return this.next();
    if (token.reveal() !== this.good) {
      this.spentTwice++;
      return { kind: 'refused', code: 'reauthorization_required', detail: 'spent' };
    }
    return this.grant();
  };

  grant(id = portal): TokenVerdict {
    this.good = `r${++this.granted}`;
    const pair = {
      accessToken: new Secret(`a${this.granted}`),
      refreshToken: new Secret(this.good),
      expiresAtMs: this.clock.now() + hour,
      lifetimeMs: hour,
    };
    return { kind: 'granted', granted: { portal: id, pair, endpoint: 'https://moved.example/rest/', scope: ['task'] } };
  }

  get newest(): string {
    return this.good;
  }
}

async function world() {
  const clock = new HandClock();
  const store = new MemoryGrantStore(clock);
  const server = new StrictServer(clock);
  const outcomes: string[] = [];
  const replica = (through: GrantStore = store, own = clock) =>
    new FreshGrants({
      store: through,
      clock: own,
      oauth: server as unknown as OAuthServer,
      rules: { hosts: new PortalHosts(['p.example', 'moved.example']), allowHttp: false },
      authorizeUrl: ({ domain }) => `https://gw.example/install?portal=${domain}`,
      observer: {
        refreshed: (_, outcome) => {
          outcomes.push(outcome);
        },
      },
    });
  const pair = {
    accessToken: new Secret('a0'),
    refreshToken: new Secret('r0'),
    expiresAtMs: clock.now() + hour,
    lifetimeMs: hour,
  };
  const place = { domain: 'p.example', endpoint: 'https://p.example/rest/', oauthServer: 'https://oauth.example' };
  const install = { portal, kind: 'app' as const, ...place, scope: ['task'], installedAtMs: clock.now() };
  await store.install({ install, pair });
  /** A replica is killed in the middle of a refresh. */
  const refreshAndDie = async () => {
    await clock.advance(hour);
    const stopped = new HandClock(clock.now());
    server.next = () => new Promise(() => undefined);
    watched(replica(store, stopped).ensure(portal));
    await clock.advance(150);
    server.next = undefined;
    expect(server.asked).toBe(1);
  };
  return { clock, store, server, outcomes, replica, refreshAndDie };
}

const rejectionOf = (version = 0, reason: TokenRejection['reason'] = 'token'): TokenRejection => ({
  version,
  reason,
  times: 1,
  sinceMs: 1,
});

/** Records the outcome of a promise, to check it while the test advances time. */
function watched(promise: Promise<unknown>): { code?: string } {
  const it: { code?: string } = {};
  promise.then(
    () => (it.code = 'fresh'),
    (fault: unknown) => (it.code = (fault as Fault).code),
  );
  return it;
}

describe('a fresh grant', () => {
  it('is not refreshed while it is valid, but from a minute before it expires', async () => {
    const { clock, server, replica } = await world();
    const grants = replica();
    await clock.advance(hour - 61_000);
    await grants.ensure(portal);
    expect(server.asked).toBe(0);
    await clock.advance(1000);
    const asked = watched(grants.ensure(portal));
    await clock.advance(100);
    expect([asked.code, server.asked]).toEqual(['fresh', 1]);
  });

  it('is ready without a wait while it can be sent as it is', async () => {
    const { clock, store, replica } = await world();
    const grants = replica();
    const stored = await store.load(portal);
    expect(grants.ready(portal)).toBe(stored);
    expect(grants.ready(portalId('b'.repeat(32)))).toBeUndefined();
    await store.changeSettings(portal, { suspended: true });
    expect(grants.ready(portal)).toBeUndefined();
    await store.changeSettings(portal, { suspended: false });
    await store.recordRejection(portal, rejectionOf(stored?.version));
    expect(grants.ready(portal)).toBeUndefined();
    await store.clearIssue(portal, stored?.version ?? 0);
    await store.recordIssue(portal, stored?.version ?? 0, {
      code: 'portal_payment_required',
      detail: 'pay',
      sinceMs: 1,
      untilMs: 2,
    });
    expect(grants.ready(portal)).toBeUndefined();
    await store.clearIssue(portal, stored?.version ?? 0);
    expect(grants.ready(portal)?.pair).toEqual(stored?.pair);
    await clock.advance(hour - 60_000);
    expect(grants.ready(portal)).toBeUndefined();
  });

  it('in memory that another replica has refreshed is never refreshed once more', async () => {
    const { clock, store, server, replica } = await world();
    const old = await store.load(portal);
    const behind = Object.assign(Object.create(store) as GrantStore, {
      loadCached: () => Promise.resolve(old),
      peek: () => old,
    });
    await clock.advance(hour);
    const quick = watched(replica().ensure(portal));
    await clock.advance(200);
    const late = watched(replica(behind).ensure(portal));
    await clock.advance(200);
    expect([quick.code, late.code, server.asked, server.spentTwice]).toEqual(['fresh', 'fresh', 1, 0]);
  });

  it('is refreshed once for all callers of all replicas', async () => {
    const { clock, server, replica } = await world();
    await clock.advance(hour);
    const replicas = [replica(), replica(), replica()];
    const asked = Array.from({ length: 300 }, (_, i) => watched(replicas[i % 3]!.ensure(portal)));
    await clock.advance(1000);
    expect(new Set(asked.map(({ code }) => code))).toEqual(new Set(['fresh']));
    expect(server.asked).toBe(1);
  });

  it('is loaded again under the lease, so that a replica that gets the lease late does not refresh', async () => {
    const { clock, store, server, replica } = await world();
    await clock.advance(hour);
    const acquireLease: GrantStore['acquireLease'] = async (...asked) => {
      await new Promise<void>((resolve) => {
        clock.after(500, resolve);
      });
      return store.acquireLease(...asked);
    };
    const slow = watched(replica(Object.assign(Object.create(store) as GrantStore, { acquireLease })).ensure(portal));
    const quick = watched(replica().ensure(portal));
    await clock.advance(1000);
    expect([slow.code, quick.code, server.asked]).toEqual(['fresh', 'fresh', 1]);
  });

  it('is refreshed at once if the portal rejected this very pair, but not for an older one', async () => {
    const { clock, store, server, replica } = await world();
    const before = await store.load(portal);
    await store.recordRejection(portal, rejectionOf(before?.version));
    const asked = watched(replica().ensure(portal));
    await clock.advance(100);
    await store.recordRejection(portal, rejectionOf(before?.version));
    await replica().ensure(portal);
    expect([asked.code, server.asked]).toEqual(['fresh', 1]);
  });

  it('takes over the current host of the portal', async () => {
    const { clock, store, replica } = await world();
    await clock.advance(hour);
    void replica().ensure(portal);
    await clock.advance(100);
    expect((await store.load(portal))?.domain).toBe('moved.example');
  });

  it('is dead for every caller once the server says so, and the server is not asked again', async () => {
    const { clock, server, outcomes, replica } = await world();
    server.next = () => ({ kind: 'refused', code: 'reauthorization_required', detail: 'spent' });
    await clock.advance(hour);
    const asked = watched(replica().ensure(portal));
    await clock.advance(100);
    expect(asked.code).toBe('reauthorization_required');
    await expect(replica().ensure(portal)).rejects.toMatchObject({
      authorizeUrl: 'https://gw.example/install?portal=p.example',
    });
    expect([server.asked, outcomes]).toEqual([1, ['refused']]);
  });

  it('is tried again when a temporary issue is over', async () => {
    const { clock, server, replica } = await world();
    server.next = () => ({ kind: 'refused', code: 'portal_payment_required', detail: 'pay', forMs: 60_000 });
    await clock.advance(hour);
    void watched(replica().ensure(portal));
    await clock.advance(100);
    await expect(replica().ensure(portal)).rejects.toMatchObject({
      code: 'portal_payment_required',
      retryAfterMs: 60_000,
    });
    server.next = undefined;
    await clock.advance(60_000);
    const asked = watched(replica().ensure(portal));
    await clock.advance(100);
    expect([asked.code, server.asked]).toEqual(['fresh', 2]);
  });

  it('does not accept the tokens of another portal', async () => {
    const { clock, store, server, replica } = await world();
    server.next = () => server.grant(portalId('b'.repeat(32)));
    await clock.advance(hour);
    const asked = watched(replica().ensure(portal));
    await clock.advance(100);
    expect(asked.code).toBe('authorization_server_error');
    expect((await store.load(portal))?.pair?.accessToken.reveal()).toBe('a0');
  });

  it('is saved as soon as the store is back if it failed during the refresh', async () => {
    const { clock, store, replica } = await world();
    await clock.advance(hour);
    const asked = watched(replica().ensure(portal));
    await clock.advance(50);
    store.away = true;
    await clock.advance(30_000);
    expect(asked.code).toBeUndefined();
    store.away = false;
    await clock.advance(2000);
    expect([asked.code, (await store.load(portal))?.pair?.refreshToken.reveal()]).toEqual(['fresh', 'r1']);
  });

  it('is refreshed by another replica if the first one died and its lease has expired', async () => {
    const { clock, store, server, replica } = await world();
    await clock.advance(hour);
    await store.acquireLease(portal, 'a replica that was killed', 90_000);
    const asked = watched(replica().ensure(portal));
    await clock.advance(89_000);
    expect([asked.code, server.asked]).toEqual([undefined, 0]);
    await clock.advance(2000);
    expect([asked.code, server.asked]).toEqual(['fresh', 1]);
  });

  it('is refreshed by another replica within four seconds after the first is killed, however long a refresh may take', async () => {
    const { clock, server, replica, refreshAndDie } = await world();
    await refreshAndDie();
    const asked = watched(replica().ensure(portal));
    await clock.advance(1900);
    expect([asked.code, server.asked]).toEqual([undefined, 1]);
    await clock.advance(2000);
    expect([asked.code, server.asked]).toEqual(['fresh', 2]);
  });

  it('waits no longer when replicas that wait for a dead one are killed, too', async () => {
    const { clock, store, server, replica, refreshAndDie } = await world();
    await refreshAndDie();
    const second = new HandClock(clock.now());
    watched(replica(store, second).ensure(portal));
    for (let ms = 0; ms < 2700; ms += 50) await Promise.all([clock.advance(50), second.advance(50)]);
    const asked = watched(replica().ensure(portal));
    await clock.advance(1300);
    expect([asked.code, server.asked]).toEqual(['fresh', 2]);
  });

  it('is refreshed once when its holder cannot renew the lease for seconds, and the server takes longer than that', async () => {
    const { clock, store, server, replica } = await world();
    await clock.advance(hour);
    server.tookMs = 20_000;
    const holder = watched(replica().ensure(portal));
    await clock.advance(100);
    store.away = true;
    await clock.advance(5000);
    store.away = false;
    const others = [replica(), replica()].map((it) => watched(it.ensure(portal)));
    await clock.advance(16_000);
    expect([holder, ...others].map(({ code }) => code)).toEqual(['fresh', 'fresh', 'fresh']);
    expect([server.asked, server.spentTwice]).toEqual([1, 0]);
  });

  it('is not overwritten by a replica that was frozen during its refresh', async () => {
    const { clock, store, server, replica } = await world();
    await clock.advance(hour);
    const frozen = new HandClock(clock.now());
    let thaw: (verdict: TokenVerdict) => void = () => undefined;
    server.next = () => new Promise((resolve) => (thaw = resolve));
    const first = watched(replica(store, frozen).ensure(portal));
    await clock.advance(100);
    const lost = server.grant();
    server.next = () => server.grant();
    const second = watched(replica().ensure(portal));
    await clock.advance(4000);
    thaw(lost);
    await frozen.advance(4000);
    expect([first.code, second.code]).toEqual(['fresh', 'fresh']);
    expect((await store.load(portal))?.pair?.refreshToken.reveal()).toBe('r2');
  });

  it('is saved by a replica that was frozen during its refresh, after another one found its token spent', async () => {
    const { clock, store, server, replica } = await world();
    await clock.advance(hour);
    const frozen = new HandClock(clock.now());
    let thaw: (verdict: TokenVerdict) => void = () => undefined;
    server.next = () => new Promise((resolve) => (thaw = resolve));
    watched(replica(store, frozen).ensure(portal));
    await clock.advance(100);
    const late = server.grant();
    server.next = undefined;
    const second = watched(replica().ensure(portal));
    await clock.advance(4000);
    expect(second.code).toBe('reauthorization_required');
    thaw(late);
    await settle();
    expect((await replica().ensure(portal)).pair?.refreshToken.reveal()).toBe('r1');
  });

  it('is not requested from the server by a replica that was frozen before it announced the refresh', async () => {
    const { clock, store, server, replica } = await world();
    await clock.advance(hour);
    let thaw = () => undefined as void;
    const markRefreshing: GrantStore['markRefreshing'] = async (...marked) => {
      await new Promise<void>((resolve) => (thaw = resolve));
      return store.markRefreshing(...marked);
    };
    const frozen = new HandClock(clock.now());
    const slow = Object.assign(Object.create(store) as GrantStore, { markRefreshing });
    const first = watched(replica(slow, frozen).ensure(portal));
    await clock.advance(100);
    const second = watched(replica().ensure(portal));
    await clock.advance(4000);
    thaw();
    await settle();
    expect([first.code, second.code]).toEqual(['fresh', 'fresh']);
    expect([server.asked, server.spentTwice]).toEqual([1, 0]);
  });

  it('keeps its lease for as long as the server takes', async () => {
    const { clock, server, replica } = await world();
    await clock.advance(hour);
    server.tookMs = 60_000;
    const asked = [replica(), replica()].map((it) => watched(it.ensure(portal)));
    await clock.advance(61_000);
    expect(asked.map(({ code }) => code)).toEqual(['fresh', 'fresh']);
    expect([server.asked, server.spentTwice]).toEqual([1, 0]);
  });

  it('is not overwritten by a slow save that an install overtook', async () => {
    const { clock, store, replica } = await world();
    const install = await store.load(portal);
    await clock.advance(hour);
    const asked = watched(replica().ensure(portal));
    await clock.advance(50);
    const tokens = { accessToken: new Secret('new'), refreshToken: new Secret('new-r') };
    const pair = { ...tokens, expiresAtMs: clock.now() + hour, lifetimeMs: hour };
    if (install) await store.install({ install, pair });
    await clock.advance(1000);
    expect([asked.code, (await store.load(portal))?.pair?.accessToken.reveal()]).toEqual(['fresh', 'new']);
  });

  it('is awaited when the replica stops', async () => {
    const { clock, store, replica } = await world();
    const grants = replica();
    await clock.advance(hour);
    void watched(grants.ensure(portal));
    await clock.advance(50);
    const settled = watched(grants.settle());
    await clock.advance(0);
    expect(settled.code).toBeUndefined();
    await clock.advance(1000);
    expect([settled.code, (await store.load(portal))?.pair?.refreshToken.reveal()]).toEqual(['fresh', 'r1']);
  });
});

describe('refreshes of many replicas', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('ask' as const), replica: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant('refuse' as const) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 40, 150, 2000, hour) }),
    fc.record({ kind: fc.constant('away' as const), away: fc.boolean() }),
  );

  it('never spend a refresh token twice, and leave the newest pair in the store', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.constantFrom(100, 3000, 15_000), async (steps, tookMs) => {
        const { clock, store, server, replica } = await world();
        server.tookMs = tookMs;
        const replicas = [replica(), replica(), replica()];
        const asked: { code?: string }[] = [];
        for (const it of steps) {
          if (it.kind === 'ask') asked.push(watched(replicas[it.replica]!.ensure(portal)));
          else if (it.kind === 'pass') await clock.advance(it.ms);
          else if (it.kind === 'away') store.away = it.away;
          else if (!store.away) await store.recordRejection(portal, rejectionOf((await store.load(portal))?.version));
          await settle();
        }
        store.away = false;
        await clock.advance(200_000);
        expect(server.spentTwice).toBe(0);
        expect((await store.load(portal))?.pair?.refreshToken.reveal()).toBe(server.newest);
        for (const { code } of asked) expect(['fresh', 'store_unavailable']).toContain(code);
      }),
    );
  });
});
