import type { GrantStore } from '@b24/grants';
import { RedisGrantStore } from '@b24/grants';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Attacker } from '../support/attacker';
import { Browser } from '../support/browser';
import { HttpClient, World } from '../support/gateway';
import { memoryOf } from '../support/redis-memory';

describe('a portal by incoming webhook', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const secretOf = (url: string) => url.split('/').at(-2) ?? '';
  const add = (webhookUrl: unknown, more: object = {}) => client.call('POST', '/v1/portals', { webhookUrl, ...more });
  /** The bucket counts a trial, so only what the gateway keeps of portals is compared. */
  const kept = async () => {
    const memory = Object.entries(await memoryOf(world.redis));
    return Object.fromEntries(memory.filter(([name]) => name.startsWith('b24:')));
  };
  const refused = async (webhookUrl: unknown, problem: object, more: object = {}) => {
    const before = await kept();
    const answer = await add(webhookUrl, more);
    expect(answer).toMatchObject(problem);
    expect(await kept()).toEqual(before);
    return answer;
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' });
  });
  beforeEach(async () => {
    portal = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
  });
  afterAll(() => world.stop());

  it('is tried, kept and can be called by alias, domain and member id', async () => {
    const added = await add(portal.webhookUrl(6), { alias: 'acme' });
    const { memberId } = added.body;
    expect(added).toMatchObject({
      status: 201,
      body: { kind: 'webhook', status: 'active', alias: 'acme', userId: 6, scope: ['task'] },
    });
    expect(added.headers.get('location')).toBe(`/v1/portals/${memberId}`);
    for (const name of ['acme', portal.domain, memberId])
      expect(await client.get(`/v1/portals/${name}/backlogs/fields`)).toMatchObject({ status: 200 });
  });

  it('never shows its secret: not in an answer, Redis or the log', async () => {
    const url = portal.webhookUrl();
    const added = await add(url);
    const answers = [added, await client.get('/v1/portals'), await client.get(`/v1/portals/${portal.domain}`)];
    portal.revokeWebhooks();
    answers.push(await client.get(`/v1/portals/${portal.domain}/backlogs/fields`));
    const redis = world.redis.client();
    const hash = await redis.hgetall(`b24:{${added.body.memberId}}:grant`);
    redis.disconnect();
    const seen = JSON.stringify([answers.map(({ body, headers }) => [body, [...headers]]), hash, world.logLines]);
    expect(answers.at(-1)).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    expect(seen).not.toContain(secretOf(url));
  });

  it('is refused when the portal does not know the secret, and nothing is kept', async () => {
    const wrong = portal.webhookUrl().replace(/[^/]+\/$/, 'wrongsecret12345/');
    const answer = await refused(wrong, { status: 409, body: { code: 'reauthorization_required' } });
    expect(JSON.stringify([answer.body, world.logLines])).not.toContain('wrongsecret12345');
  });

  it('replaces the webhook of the same portal, and keeps the old one when the new one does not work', async () => {
    const first = await add(portal.webhookUrl(1));
    await refused(portal.webhookUrl(1).replace(/[^/]+\/$/, 'wrongsecret12345/'), { status: 409 });
    const second = await add(portal.webhookUrl(6));
    expect(second.body).toMatchObject({ memberId: first.body.memberId, userId: 6 });
    expect(await client.get(`/v1/portals/${portal.domain}/backlogs/fields`)).toMatchObject({ status: 200 });
  });

  it.each([
    'https://evil.example/rest/1/abcdefgh12345678/',
    'http://10.0.0.1/rest/1/abcdefgh12345678/',
    'http://127.0.0.1@evil.example/rest/1/abcdefgh12345678/',
    'http://evil.example#@127.0.0.1/rest/1/abcdefgh12345678/',
    'http://evil.example?x=/rest/1/abcdefgh12345678/',
    'http://evil.example\\@127.0.0.1/rest/1/abcdefgh12345678/',
    'http://127.0.0.1/rest/1/abcdefgh12345678/../../admin/',
    'http://127.0.0.1/rest/1/%2e%2e%2f%2e%2e%2fadmin/',
    'http://127.0.0.1/rest/x/abcdefgh12345678/',
    'http://127.0.0.1/other/rest/1/abcdefgh12345678/',
    'ftp://127.0.0.1/rest/1/abcdefgh12345678/',
    'javascript:alert(1)',
    '',
    42,
    null,
    ['http://127.0.0.1/rest/1/abcdefgh12345678/'],
  ])('is refused when its address is not one of an allowed portal (%#)', async (url) => {
    const answer = await refused(url, { status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.errors).toEqual([{ path: 'webhookUrl', message: expect.any(String) }]);
    expect(JSON.stringify(answer.body)).not.toContain('abcdefgh12345678');
  });

  it('does not follow the portal to another host', async () => {
    const attacker = await Attacker.listen();
    portal.faults.next('redirect', { location: `http://${attacker.host}/rest/1/x/scope` });
    await refused(portal.webhookUrl(), { status: 502 });
    await attacker.stop();
    expect(attacker.asked).toEqual([]);
  });

  it("is refused for a portal that has the app, whose grant it leaves alone; and for another portal's alias", async () => {
    const other = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    await client.call('PATCH', `/v1/portals/${other.memberId}`, { alias: 'taken' });
    await refused(other.webhookUrl(), { status: 409, body: { code: 'portal_already_installed' } });
    await refused(portal.webhookUrl(), { status: 409, body: { code: 'alias_taken' } }, { alias: 'taken' });
    await add(portal.webhookUrl(), { alias: 'mine' });
    const third = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    await refused(third.webhookUrl(), { status: 409, body: { code: 'alias_taken' } }, { alias: 'mine' });
    expect(await client.get(`/v1/portals/${other.memberId}/backlogs/fields`)).toMatchObject({ status: 200 });
  });

  it('gives way to an install of the app, which keeps its alias and what the operator set', async () => {
    const { body } = await add(portal.webhookUrl(), { alias: 'moved', tags: ['retail'] });
    await client.call('PATCH', '/v1/portals/moved', { suspended: true });
    const browser = new Browser();
    await browser.open(await browser.allow(client, portal));
    const view = await client.get('/v1/portals/moved');
    expect(view.body).toMatchObject({
      ...{ memberId: portal.memberId, kind: 'app', alias: 'moved', status: 'suspended', tags: ['retail'] },
    });
    expect(await client.get(`/v1/portals/${body.memberId}`)).toMatchObject({ status: 404 });
    expect(await client.get(`/v1/portals/${portal.domain}`)).toMatchObject({ body: { memberId: portal.memberId } });
    await client.call('PATCH', '/v1/portals/moved', { suspended: false });
    expect(await client.get('/v1/portals/moved/backlogs/fields')).toMatchObject({ status: 200 });
  });

  it('is added only with a key that may write portals, of all portals', async () => {
    const keyed = async (client_: object) => {
      const { body } = await client.call('POST', '/v1/clients', client_);
      return new HttpClient(client.url, body.key);
    };
    const reader = await keyed({ name: 'reader', scopes: ['portals:read'], portals: 'all' });
    const narrow = await keyed({ name: 'narrow', scopes: ['portals:write'], portals: ['a'.repeat(32)] });
    const before = await kept();
    for (const caller of [reader, narrow])
      expect(await caller.call('POST', '/v1/portals', { webhookUrl: portal.webhookUrl() })).toMatchObject({
        status: 403,
        body: { code: 'not_allowed' },
      });
    const stranger = new HttpClient(client.url, 'b24_made_up');
    expect(await stranger.call('POST', '/v1/portals', { webhookUrl: portal.webhookUrl() })).toMatchObject({
      status: 401,
    });
    expect(portal.requests).toEqual([]);
    expect(await kept()).toEqual(before);
  });

  it('that somebody else forgets in the same moment is not found', async () => {
    const store = world.newest.app.get<GrantStore>(RedisGrantStore);
    jest.spyOn(store, 'changeSettings').mockImplementationOnce(async (id) => {
      await store.remove(id);
      return undefined;
    });
    const answer = await add(portal.webhookUrl(), { alias: 'gone' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'portal_not_found' } });
  });
});
