import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { ConnectProxy } from '../support/connect-proxy';
import { EventTarget } from '../support/event-target';
import { type HttpClient, World } from '../support/gateway';
import { TestAuthority } from '../support/test-authority';
import { TlsFront } from '../support/tls-front';

const wide = { burst: 1000, drainPerSecond: 100 };
const password = 'pr0xy-passw0rd-canary';

describe('egress', () => {
  let world: World;
  let portal: SimulatedPortal;
  let proxy: ConnectProxy;
  const add = (client: HttpClient, webhookUrl: string) => client.call('POST', '/v1/portals', { webhookUrl });
  /** The webhook of the portal at another origin. */
  const webhookAt = (origin: string) => portal.webhookUrl().replace(`http://${portal.domain}`, origin);

  beforeAll(async () => {
    world = await World.start();
    portal = await world.simulator.addPortal(wide);
  });
  beforeEach(async () => {
    proxy = await ConnectProxy.listen();
  });
  afterEach(async () => {
    await world.closeGateways();
    await proxy.stop();
  });
  afterAll(() => world.stop());

  describe('through a proxy', () => {
    it('leads to portals, authorization servers and event targets', async () => {
      const target = await EventTarget.listen();
      const hosts = { EVENT_TARGET_HOSTS: `127.0.0.1:${target.port}` };
      const client = await world.gateway({ HTTP_PROXY: proxy.url, ...hosts });
      const installed = await world.installed(client, wide);
      expect(await client.get(`/v1/portals/${installed.memberId}/backlogs/fields`)).toMatchObject({ status: 200 });
      const { body } = await client.call('POST', '/v1/subscriptions', { url: target.url, events: ['ONTASKADD'] });
      const tested = await client.call('POST', `/v1/subscriptions/${body.id}/test`);
      expect(tested.body).toMatchObject({ delivered: true });
      const reached = [new URL(world.simulator.oauthServer).host, installed.domain, `127.0.0.1:${target.port}`];
      expect([...new Set(proxy.tunnels)].sort()).toEqual(reached.sort());
      expect(proxy.plainRequests).toEqual([]);
      await target.stop();
    });

    it('leads to names that only the proxy resolves, if B24_PORTAL_HOSTS allows them', async () => {
      const host = `portal.corp.example:${portal.domain.split(':')[1]}`;
      const client = await world.gateway({ HTTP_PROXY: proxy.url, B24_PORTAL_HOSTS: host });
      expect(await add(client, webhookAt(`http://${host}`))).toMatchObject({ status: 201 });
      expect(new Set(proxy.tunnels)).toEqual(new Set([host]));
      const elsewhere = host.replace('portal.', 'other.');
      expect(await add(client, webhookAt(`http://${elsewhere}`))).toMatchObject({ status: 400 });
      // An inner address in the URL needs to be allowed as without a proxy.
      expect(await add(client, portal.webhookUrl())).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(new Set(proxy.tunnels)).toEqual(new Set([host]));
    });

    it('leads past it to the hosts of NO_PROXY', async () => {
      const client = await world.gateway({ http_proxy: proxy.url, no_proxy: 'corp.example,127.0.0.0/8' });
      const installed = await world.installed(client, wide);
      expect(await client.get(`/v1/portals/${installed.memberId}/backlogs/fields`)).toMatchObject({ status: 200 });
      expect([proxy.logins, proxy.plainRequests]).toEqual([[], []]);
    });

    it('ends in portal_unreachable where the proxy refuses or is down: a write was not sent, and no login is shown', async () => {
      const installed = await world.installed(await world.gateway(), wide);
      await world.closeGateways();
      proxy.behavior = 407;
      const client = await world.gateway({ HTTP_PROXY: proxy.urlWith(`ada-canary:${password}`) });
      const write = () =>
        client.call('POST', `/v1/portals/${installed.memberId}/backlogs`, { groupId: 126, createdBy: 6 });
      const refused = await write();
      expect(refused).toMatchObject({ status: 502, body: { code: 'portal_unreachable', retryable: true } });
      expect(refused.body.detail).toMatch(/outgoing proxy .*\(PROXY_STATUS_407\), so the call was not sent/);
      await proxy.stop();
      const dead = await write();
      expect(dead.body.detail).toMatch(/outgoing proxy .*\(PROXY_ECONNREFUSED\), so the call was not sent/);
      proxy = await ConnectProxy.listen();
      expect(installed.requests).toEqual([]);
      const health = await client.get('/health/ready');
      const texts = JSON.stringify([refused.body, dead.body, health.body, world.logLines]);
      const login = Buffer.from(`ada-canary:${password}`).toString('base64');
      expect([password, 'ada-canary', login].filter((secret) => texts.includes(secret))).toEqual([]);
    });
  });

  describe('to servers with certificates of a private CA', () => {
    let authority: TestAuthority;
    let fronts: TlsFront[];
    const origins = () => fronts.map(({ port }) => `https://localhost:${port}`);
    const hosts = () => `${origins().join().replaceAll('https://', '')},127.0.0.0/8:*,::1/128:*`;
    const added = async (more: Record<string, string>) => {
      const client = await world.gateway({ B24_PORTAL_HOSTS: hosts(), ...more });
      const replies = [];
      for (const origin of origins()) replies.push(await add(client, webhookAt(origin)));
      return replies.map(({ status, body }) => [status, body.code ?? body.status]);
    };
    const [trusted, untrusted] = [
      [expect.any(Number), 'active'],
      [502, 'portal_unreachable'],
    ];

    beforeAll(async () => {
      authority = TestAuthority.create('Corp Root');
      const front = () => TlsFront.before(portal.domain, authority.issue('DNS:localhost'));
      fronts = await Promise.all([front(), front()]);
    });
    afterAll(async () => {
      await Promise.all(fronts.map((front) => front.stop()));
      authority.remove();
    });

    it('fails without a CA file', async () => {
      expect(await added({})).toEqual([untrusted, untrusted]);
    });

    it('trusts B24_CA_FILE for all of them', async () => {
      expect(await added({ B24_CA_FILE: authority.caFile })).toEqual([trusted, trusted]);
    });

    it('trusts a file of B24_PORTAL_CA_FILES for its portal, and not for another', async () => {
      const [first, second] = hosts().split(',');
      expect(await added({ B24_PORTAL_CA_FILES: `${first}=${authority.caFile}` })).toEqual([trusted, untrusted]);
      expect(await added({ B24_PORTAL_CA_FILES: `${second}=${authority.caFile}` })).toEqual([untrusted, trusted]);
    });

    it('verifies them through a proxy, too', async () => {
      const [first] = hosts().split(',');
      const viaProxy = { HTTPS_PROXY: proxy.url, B24_PORTAL_CA_FILES: `${first}=${authority.caFile}` };
      expect(await added(viaProxy)).toEqual([trusted, untrusted]);
      expect(new Set(proxy.tunnels)).toEqual(new Set(hosts().split(',').slice(0, 2)));
    });
  });
});
