import { Attacker } from '../support/attacker';
import { openFrame } from '../support/browser';
import { type HttpClient, World } from '../support/gateway';

/** A webhook on a machine of the operator's own network, as an attacker would like to have it asked. */
const webhookOn = (host: string) => `http://${host}/rest/1/abcdefgh12345678/`;

describe('addresses inside the network of the gateway', () => {
  let world: World;
  let inside: Attacker;
  let port: string;

  beforeAll(async () => {
    [world, inside] = await Promise.all([World.start(), Attacker.listen()]);
    port = inside.host.split(':')[1] ?? '';
  });
  afterAll(async () => {
    await inside.stop();
    await world.stop();
  });
  const add = (client: HttpClient, host: string) => client.call('POST', '/v1/portals', { webhookUrl: webhookOn(host) });

  it('are never connected to because a name that is allowed leads there', async () => {
    const client = await world.gateway({ B24_PORTAL_HOSTS: `localhost:${port}` });
    expect(await add(client, `localhost:${port}`)).toMatchObject({
      status: 502,
      body: { code: 'host_not_allowed', retryable: false },
    });
    expect(inside.asked).toEqual([]);
  });

  it('are connected to when the operator wrote the address down, as a range or as a portal', async () => {
    for (const hosts of [`localhost:${port},127.0.0.0/8:*,::1/128:*`, `127.0.0.1:${port}`]) {
      const before = inside.asked.length;
      await add(await world.gateway({ B24_PORTAL_HOSTS: hosts }), hosts.split(',')[0] ?? '');
      expect(inside.asked.length).toBe(before + 1);
    }
  });

  it('are connected to at the port that is written down with the range, and at no other', async () => {
    const other = await Attacker.listen();
    const range = `127.0.0.0/8:${port},::1/128:${port}`;
    const client = await world.gateway({
      B24_PORTAL_HOSTS: `${range},localhost:${new URL(`http://${other.host}`).port}`,
    });
    const before = inside.asked.length;
    await add(client, inside.host);
    expect(inside.asked.length).toBe(before + 1);
    expect(await add(client, other.host)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const byName = other.host.replace('127.0.0.1', 'localhost');
    expect(await add(client, byName)).toMatchObject({ status: 502, body: { code: 'host_not_allowed' } });
    const schemeOnly = await world.gateway({ B24_PORTAL_HOSTS: '127.0.0.0/8' });
    expect(await add(schemeOnly, inside.host)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect([inside.asked.length, other.asked]).toEqual([before + 1, []]);
    await other.stop();
  });

  it('are refused by other spellings of the address as well', async () => {
    const client = await world.gateway({ B24_PORTAL_HOSTS: '*.bitrix24.de,portal.example' });
    const asked = inside.asked.length;
    for (const host of ['2130706433', '0x7f.1', '127.1', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '0.0.0.0'])
      expect(await add(client, `${host}:${port}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(inside.asked.length).toBe(asked);
  });

  it('are refused to a portal installed while they were allowed: each call is looked at', async () => {
    const portal = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    const byName = portal.domain.replace('127.0.0.1', 'localhost');
    const webhookUrl = portal.webhookUrl(1, ['task']).replace(portal.domain, byName);
    const lenient = await world.gateway({ B24_PORTAL_HOSTS: `${byName},127.0.0.0/8:*` });
    const { status, body } = await lenient.call('POST', '/v1/portals', { webhookUrl });
    expect(status).toBe(201);
    const path = `/v1/portals/${body.memberId}/backlogs/fields`;
    expect(await lenient.get(path)).toMatchObject({ status: 200 });
    const asked = portal.requests.length;
    // Without its name, though its address may be connected to; and without both.
    for (const hosts of ['127.0.0.0/8:*', '*.bitrix24.de']) {
      const strict = await world.gateway({ B24_PORTAL_HOSTS: hosts });
      expect(await strict.get(path)).toMatchObject({ status: 502, body: { code: 'host_not_allowed' } });
    }
    expect(portal.requests.length).toBe(asked);
  });

  it('are not asked as an authorization server that has a name', async () => {
    const { port: there } = new URL(world.simulator.oauthServer);
    const portal = await world.simulator.addPortal();
    const hosts = portal.domain;
    const client = await world.gateway({
      B24_OAUTH_SERVER: `http://localhost:${there}`,
      B24_PORTAL_HOSTS: hosts,
    });
    const asked = world.simulator.oauth.tokenRequests.length;
    expect(await openFrame(client, portal.framePost())).toMatchObject({
      status: 502,
      html: expect.stringContaining('HOST_NOT_ALLOWED'),
    });
    expect(world.simulator.oauth.tokenRequests.length).toBe(asked);
    // The same server is asked where the operator wrote its address.
    const named = await world.gateway({ B24_PORTAL_HOSTS: hosts });
    expect(await openFrame(named, portal.framePost())).toMatchObject({ status: 200 });
  });

  it('are not reached by a redirect', async () => {
    const client = await world.gateway();
    const portal = await world.installed(client);
    portal.faults.next('redirect', { location: `http://${inside.host}/`, times: 5 });
    const asked = inside.asked.length;
    expect(await client.get(`/v1/portals/${portal.memberId}/backlogs/fields`)).toMatchObject({ status: 502 });
    expect(inside.asked.length).toBe(asked);
  });
});
