import { Fault, type HttpAnswer, type Post, portalId, Secret } from '@b24/portal';
import fc from 'fast-check';
import { HandClock } from '../../../test/support/hand-clock';
import { MemoryGrantStore } from '../../../test/support/memory-grant-store';
import type { Grantor, InstallPolicy } from './granted-installs';
import type { PortalRecord } from './install';
import { type ClaimedInstall, Installer } from './installer';
import { OAuthServer } from './oauth-server';
import { PortalHosts } from './portal-hosts';

const portal = portalId('a'.repeat(32));
const app = {
  id: 'default',
  name: 'default',
  clientId: 'local.1',
  clientSecret: new Secret('client secret'),
  scope: [],
};

/** An authorization server that confirms every pair `<user>-<n>`, and a portal that reports who is an administrator. */
class Vendor {
  readonly administrators = new Set([1]);
  answers: 'truly' | 'silence' = 'truly';
  endpoint = 'https://acme.example/rest/';
  asked = 0;
  private made = 0;
  private readonly spent = new Set<string>();

  readonly post: Post = (url, body) => {
    const form = new URLSearchParams(String(body.text));
    if (url.endsWith('/rest/app.info')) return Promise.resolve(json(this.info(userOf(form.get('auth')))));
    const token = form.get('refresh_token') ?? form.get('code') ?? '';
    if (this.spent.has(token)) return Promise.resolve(json({ error: 'invalid_grant' }));
    this.spent.add(token);
    return Promise.resolve(json(this.pairOf(userOf(token), form.has('code'))));
  };

  readonly grantorOf = (_portal: string, _endpoint: Secret, accessToken: Secret): Promise<Grantor> => {
    this.asked++;
    if (this.answers === 'silence') return Promise.reject(new Fault('portal_unreachable'));
    const userId = userOf(accessToken.reveal());
    return Promise.resolve({ userId, administrator: this.administrators.has(userId) });
  };

  isSpent({ refreshToken }: ClaimedInstall): boolean {
    return this.spent.has(refreshToken.reveal());
  }

  claim(userId: number, applicationToken?: string): ClaimedInstall {
    return {
      ...{ app: 'default', memberId: portal },
      accessToken: new Secret(`${userId}-access-${++this.made}`),
      refreshToken: new Secret(`${userId}-refresh-${this.made}`),
      ...(applicationToken && { applicationToken: new Secret(applicationToken) }),
    };
  }

  code(userId: number): Secret {
    return new Secret(`${userId}-code-${++this.made}`);
  }

  private info(userId: number): object {
    const install = { client_endpoint: this.endpoint, member_id: portal };
    return { result: { client_id: app.clientId, scope: 'task', user_id: userId, install } };
  }

  private pairOf(userId: number, isExchange: boolean): object {
    const n = ++this.made;
    const tokens = { access_token: `${userId}-access-${n}`, refresh_token: `${userId}-refresh-${n}` };
    const whose = { member_id: portal, client_endpoint: this.endpoint, scope: 'task', expires_in: 3600 };
    return { ...tokens, ...whose, ...(!isExchange && { user_id: userId }) };
  }
}

const userOf = (token: string | null) => Number(token?.split('-')[0]);
const json = (body: object): HttpAnswer => ({ status: 200, headers: {}, body: JSON.stringify(body) }) as HttpAnswer;

function world(policy: InstallPolicy = 'open', hosts = '*.example') {
  const clock = new HandClock();
  const vendor = new Vendor();
  const store = new MemoryGrantStore(clock);
  const seen: { record: PortalRecord; isNew: boolean }[] = [];
  const rules = { hosts: new PortalHosts(hosts.split(',')), allowHttp: false };
  const apps = { get: () => Promise.resolve(app) };
  const oauth = new OAuthServer({ servers: ['https://oauth.example'], apps, post: vendor.post, clock });
  const installer = new Installer({
    ...{ store, oauth, clock, rules, grantorOf: vendor.grantorOf },
    policyOf: () => Promise.resolve(policy),
    installed: (record, isNew) => {
      seen.push({ record, isNew });
      return Promise.resolve();
    },
  });
  const grant = () => store.load(portal);
  const token = async () => (await store.applicationToken(portal, 'default'))?.reveal();
  const die = async () => {
    const issue = { code: 'reauthorization_required', detail: 'x', sinceMs: 1 } as const;
    await store.recordIssue(portal, (await grant())?.version ?? 0, issue);
  };
  return { clock, vendor, store, installer, seen, grant, token, die };
}

describe('an installer', () => {
  it('accepts the first install of a portal from any user, and records that no administrator granted it', async () => {
    const { installer, vendor, grant, token } = world();
    await installer.fromClaim(vendor.claim(6, 'chosen-by-6'));
    expect(await grant()).toMatchObject({ userId: 6, byAdministrator: false });
    expect(await token()).toBe('chosen-by-6');
  });

  it('gives an administrator the grant and the application token of the first installer', async () => {
    const { installer, vendor, grant, token } = world();
    await installer.fromClaim(vendor.claim(6, 'chosen-by-6'));
    await installer.fromClaim(vendor.claim(1, 'genuine-token'));
    expect(await grant()).toMatchObject({ userId: 1, byAdministrator: true, formerUser: { userId: 6 } });
    expect(await token()).toBe('genuine-token');
  });

  it('drops an application token of a non-administrator once an administrator installs without one', async () => {
    const { installer, vendor, grant, token } = world();
    await installer.fromClaim(vendor.claim(6, 'chosen-by-6'));
    await installer.fromCode('default', vendor.code(1));
    expect(await grant()).toMatchObject({ userId: 1, byAdministrator: true });
    expect(await token()).toBeUndefined();
  });

  it('keeps an application token from an administrator when an administrator authorizes again by code', async () => {
    const { installer, vendor, token } = world();
    await installer.fromClaim(vendor.claim(1, 'genuine-token'));
    await installer.fromCode('default', vendor.code(1));
    expect(await token()).toBe('genuine-token');
  });

  it('changes neither grant, user nor application token for a non-administrator, in any order and way', async () => {
    const way = fc.constantFrom('claim' as const, 'claim with a token' as const, 'code' as const);
    const answers = fc.constantFrom('truly' as const, 'silence' as const);
    const attempt = fc.record({ userId: fc.constantFrom(6, 7), way, answers });
    const attempts = fc.array(attempt, { minLength: 1, maxLength: 6 });
    const everyCase = fc.asyncProperty(attempts, fc.boolean(), fc.boolean(), async (tries, isDead, hasToken) => {
      const { installer, vendor, grant, token, die } = world();
      await installer.fromClaim(vendor.claim(1, hasToken ? 'genuine-token' : undefined));
      if (isDead) await die();
      const before = await grant();
      for (const { userId, way: how, answers: reported } of tries) {
        vendor.answers = reported;
        const claim = vendor.claim(userId, how === 'claim' ? undefined : `chosen-by-${userId}`);
        const install =
          how === 'code' ? installer.fromCode('default', vendor.code(userId)) : installer.fromClaim(claim);
        await expect(install).rejects.toMatchObject({ code: expect.stringMatching(/^administrator_/), portal });
      }
      expect({ ...(await grant()), spares: undefined }).toEqual({ ...before, spares: undefined });
      expect(await token()).toBe(hasToken ? 'genuine-token' : undefined);
    });
    await fc.assert(everyCase, { numRuns: 60 });
  });

  it('keeps no pair of a user whom the portal does not report as an administrator', async () => {
    const { installer, vendor, grant } = world();
    await installer.fromClaim(vendor.claim(1));
    await expect(installer.fromClaim(vendor.claim(6))).rejects.toMatchObject({ code: 'administrator_required' });
    expect((await grant())?.spares).toBeUndefined();
  });

  it('stores a pair of an unknown user as a spare, and such a spare displaces no good one', async () => {
    const { installer, vendor, grant } = world();
    for (let i = 0; i < 4; i++) await installer.fromClaim(vendor.claim(1));
    const good = (await grant())?.spares?.map(({ id }) => id);
    expect(good).toHaveLength(3);
    vendor.answers = 'silence';
    for (let i = 0; i < 5; i++)
      await expect(installer.fromClaim(vendor.claim(6))).rejects.toMatchObject({ code: 'administrator_unknown' });
    expect((await grant())?.spares?.map(({ id }) => id)).toEqual(good);
  });

  it('stores the fresh pair for the retry before it asks the portal, and then keeps no spare', async () => {
    const { installer, vendor, grant } = world();
    await installer.fromClaim(vendor.claim(1));
    vendor.answers = 'silence';
    const kept: ClaimedInstall[] = [];
    const asked = vendor.asked;
    const keepFresh = (claim: ClaimedInstall) => {
      expect(vendor.asked).toBe(asked);
      kept.push(claim);
      return Promise.resolve();
    };
    const claim = vendor.claim(1, 'newer-token');
    await expect(installer.fromClaim(claim, keepFresh)).rejects.toMatchObject({ code: 'administrator_unknown' });
    expect((await grant())?.spares).toBeUndefined();
    vendor.answers = 'truly';
    const [fresh] = kept;
    expect(fresh?.refreshToken.reveal()).not.toBe(claim.refreshToken.reveal());
    expect(fresh && (await installer.fromClaim(fresh))).toMatchObject({ userId: 1 });
  });

  it('does not let a first install land on what an administrator installed in the same moment', async () => {
    const { installer, vendor, store, grant, token } = world();
    const install = store.install;
    store.install = async (wanted) => {
      store.install = install;
      await installer.fromClaim(vendor.claim(1, 'genuine-token'));
      return install(wanted);
    };
    const early = installer.fromClaim(vendor.claim(6, 'chosen-by-6'));
    await expect(early).rejects.toMatchObject({ code: 'administrator_required' });
    expect([(await grant())?.userId, await token()]).toEqual([1, 'genuine-token']);
  });

  it('restores a dead grant of the same user, but not with another application token', async () => {
    const { installer, vendor, grant, token, die } = world();
    await installer.fromClaim(vendor.claim(1, 'genuine-token'));
    await die();
    vendor.administrators.clear();
    await installer.fromClaim(vendor.claim(1, 'chosen-later'));
    expect([(await grant())?.issue, (await grant())?.byAdministrator]).toEqual([undefined, false]);
    expect(await token()).toBe('genuine-token');
  });

  it('asks the portal who granted a code, and records the previous user even if unknown', async () => {
    const { installer, vendor, grant } = world();
    vendor.answers = 'silence';
    await installer.fromCode('default', vendor.code(1));
    expect(await grant()).not.toHaveProperty('userId');
    vendor.answers = 'truly';
    await installer.fromCode('default', vendor.code(1));
    expect(await grant()).toMatchObject({ userId: 1, formerUser: { untilMs: expect.any(Number) } });
    expect((await grant())?.formerUser).not.toHaveProperty('userId');
  });

  it('keeps a new portal waiting under the policy approve, whoever installs it again', async () => {
    const { installer, vendor, grant, seen } = world('approve');
    await installer.fromClaim(vendor.claim(6));
    await installer.fromClaim(vendor.claim(1));
    expect(await grant()).toMatchObject({ userId: 1, waitingSinceMs: expect.any(Number) });
    expect(seen.map(({ isNew, record }) => [isNew, record.waitingSinceMs !== undefined])).toEqual([
      [true, true],
      [false, true],
    ]);
  });

  it('accepts a portal that is already here without a wait under the policy approve', async () => {
    const { installer, vendor, store, grant } = world('approve');
    await installer.fromClaim(vendor.claim(1));
    await store.changeSettings(portal, { admitted: true });
    await installer.fromClaim(vendor.claim(1));
    expect(await grant()).not.toHaveProperty('waitingSinceMs');
  });

  it('refuses an unknown portal where only known ones may come, before its refresh token is spent', async () => {
    const { installer, vendor, grant } = world('known');
    const claim = vendor.claim(1);
    await expect(installer.fromClaim(claim)).rejects.toMatchObject({
      code: 'install_refused',
      message: expect.stringContaining('INSTALLS'),
    });
    expect(vendor.isSpent(claim)).toBe(false);
    await expect(installer.fromCode('default', vendor.code(1))).rejects.toMatchObject({ code: 'install_refused' });
    expect(await grant()).toBeUndefined();
    const open = world('known', 'acme.example');
    expect(await open.installer.fromClaim(open.vendor.claim(1))).toMatchObject({ portal });
  });

  it('keeps a portal waiting under every policy if another portal still has its host', async () => {
    const { installer, vendor, store, grant } = world('open');
    const other = portalId('b'.repeat(32));
    const at = (domain: string) => ({ domain, endpoint: `https://${domain}/rest/` });
    const place = { oauthServer: 'https://oauth.example', scope: [], installedAtMs: 1 };
    await store.install({ install: { portal: other, kind: 'app', ...place, ...at('acme.example') } });
    await store.relocate(other, (await store.load(other))?.version ?? 0, at('moved.example'));
    await installer.fromClaim(vendor.claim(1));
    expect(await grant()).toHaveProperty('waitingSinceMs');
    expect(await store.find('acme.example')).toBe(other);
    await store.changeSettings(portal, { admitted: true });
    expect(await store.find('acme.example')).toBe(portal);
  });

  it('replaces a portal that was added by webhook only for an administrator', async () => {
    const { installer, vendor, store, grant } = world('approve');
    const hook = await installer.fromWebhook('https://acme.example/rest/1/abcdefgh12345678/', () =>
      Promise.resolve(['task']),
    );
    await store.changeSettings(hook.portal, { alias: 'acme' });
    await expect(installer.fromClaim(vendor.claim(6))).rejects.toMatchObject({ code: 'administrator_required' });
    expect([await grant(), await store.find('acme.example')]).toEqual([undefined, hook.portal]);
    await installer.fromClaim(vendor.claim(1));
    expect(await grant()).toMatchObject({ alias: 'acme', userId: 1 });
    expect(await grant()).not.toHaveProperty('waitingSinceMs');
  });
});
