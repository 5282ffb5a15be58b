import dns from 'node:dns';
import { EventTarget } from '../support/event-target';
import { type HttpClient, eventually, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

const wide = { burst: 1000, drainPerSecond: 100 };
const pace = { B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' };

describe('where events are sent', () => {
  let world: World;
  let target: EventTarget;

  const subscribe = (client: HttpClient, url: string) =>
    client.call('POST', '/v1/subscriptions', { url, events: ['ONTASKADD'] });
  const tried = async (client: HttpClient, id: unknown) =>
    (await client.call('POST', `/v1/subscriptions/${id as string}/test`)).body;

  beforeAll(async () => {
    world = await World.start();
  });
  beforeEach(async () => {
    target = await EventTarget.listen();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await world.closeGateways();
    await target.stop();
  });
  afterAll(() => world.stop());

  it('is nowhere unless the operator says so, and the problem tells how', async () => {
    const client = await world.gateway(pace);
    expect(await subscribe(client, target.url)).toMatchObject({
      status: 422,
      body: { code: 'target_not_allowed', detail: expect.stringContaining('EVENT_TARGET_HOSTS') },
    });
  });

  it.each(['ftp://127.0.0.1/x', 'http://user:word@127.0.0.1/x', 'http://127.0.0.1/x#y', 'not a url'])(
    'is no %s',
    async (url) => {
      const client = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
      expect(await subscribe(client, url)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    },
  );

  it('is looked at for each delivery, whatever was allowed before', async () => {
    const before = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
    const portal = await world.installed(before, wide);
    const { body } = await subscribe(before, target.url);
    await world.closeGateways();
    const client = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: 'hooks.corp.example' });
    expect(await client.call('POST', `/v1/subscriptions/${body.id}/test`)).toMatchObject({ status: 422 });
    await new VendorEvents(world, client).post(portal.event('ONTASKADD', {}));
    await eventually(async () => (await client.get<string>('/metrics')).body.includes('outcome="failed"'));
    expect(target.arrivals).toEqual([]);
    expect((await client.get(`/v1/subscriptions/${body.id}`)).body).toMatchObject({ waiting: 1 });
  });

  it('is no inner address that an allowed name leads to, unless that is written down too', async () => {
    const named = `localhost:${target.port}`;
    const narrow = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: named });
    const { body } = await subscribe(narrow, `http://${named}/hooks`);
    expect(await tried(narrow, body.id)).toMatchObject({ delivered: false, detail: /EVENT_TARGET_HOSTS/ });
    expect(target.arrivals).toEqual([]);
    const open = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: `${named},127.0.0.0/8:*,::1/128:*` });
    expect(await tried(open, body.id)).toMatchObject({ delivered: true });
  });

  it('is no other port of an address than the one that is written down, for subscriptions, jobs and names alike', async () => {
    const other = await EventTarget.listen();
    const range = `127.0.0.0/8:${target.port},::1/128:${target.port}`;
    const client = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: `${range},localhost:${other.port}` });
    const portal = await world.installed(client, wide);
    const notAllowed = { status: 422, body: { code: 'target_not_allowed' } };
    expect(await subscribe(client, other.url)).toMatchObject(notAllowed);
    const job = { commands: [{ method: 'user.current' }], callbackUrl: other.url };
    const path = `/v1/portals/${portal.memberId}/batch`;
    expect(await client.call('POST', path, job, { Prefer: 'respond-async' })).toMatchObject(notAllowed);
    // The name is allowed at its port, and leads to an address that is not.
    const { body: named } = await subscribe(client, `http://localhost:${other.port}/hooks`);
    expect(await tried(client, named.id)).toMatchObject({ delivered: false, detail: /EVENT_TARGET_HOSTS/ });
    const { body } = await subscribe(client, target.url);
    expect(await tried(client, body.id)).toMatchObject({ delivered: true });
    expect([target.arrivals.length, other.arrivals.length]).toEqual([1, 0]);
    await other.stop();
  });

  it('is the port of the scheme where a range names none', async () => {
    const client = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: '127.0.0.0/8' });
    expect(await subscribe(client, target.url)).toMatchObject({ status: 422, body: { code: 'target_not_allowed' } });
    expect(await subscribe(client, 'https://127.0.0.1/hooks')).toMatchObject({ status: 201 });
  });

  it('is not where the name of a target was moved to by DNS', async () => {
    let leadsTo = '127.0.0.1';
    const { lookup } = dns;
    const reported = (name: string, options: object, answer: (...all: unknown[]) => void) => {
      if (name === 'hooks.corp.example') answer(null, [{ address: leadsTo, family: 4 }]);
      else (lookup as (...all: unknown[]) => void)(name, options, answer);
    };
    jest.spyOn(dns, 'lookup').mockImplementation(reported as unknown as typeof lookup);
    target.answer = () => ({ status: 204, headers: { Connection: 'close' } });
    const host = `hooks.corp.example:${target.port}`;
    const client = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: `${host},127.0.0.1/32:*` });
    const { body } = await subscribe(client, `http://${host}/hooks`);
    expect(await tried(client, body.id)).toMatchObject({ delivered: true });
    // It would answer here as well, were it asked.
    leadsTo = '127.0.0.2';
    expect(await tried(client, body.id)).toMatchObject({ delivered: false, detail: /EVENT_TARGET_HOSTS/ });
    expect(target.arrivals).toHaveLength(1);
  });

  it('is not where a target redirects to', async () => {
    const elsewhere = await EventTarget.listen();
    target.answer = () => ({ status: 307, headers: { Location: elsewhere.url } });
    const client = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
    const { body } = await subscribe(client, target.url);
    expect(await tried(client, body.id)).toMatchObject({ delivered: false, status: 307 });
    expect([target.arrivals.length, elsewhere.arrivals.length]).toEqual([1, 0]);
    await elsewhere.stop();
  });

  it('keeps its secrets: none is in Redis, the log, the metrics, the audit log or an answer', async () => {
    const client = await world.gateway({ ...pace, EVENT_TARGET_HOSTS: '127.0.0.0/8:*', LOG_LEVEL: 'trace' });
    const portal = await world.installed(client, wide);
    target.answer = () => ({ status: 500 });
    const { body } = await subscribe(client, `${target.url}?token=url-canary-1`);
    const rotated = await client.call('POST', `/v1/subscriptions/${body.id}/rotate`);
    const event = portal.event('ONTASKADD', { TEXT: 'text-canary-1' });
    await new VendorEvents(world, client).post(event);
    await eventually(() => target.arrivals.length > 0);
    const reported = ['', `/${body.id}`, `/${body.id}/dead-letters`].map((it) => client.get(`/v1/subscriptions${it}`));
    const answers = JSON.stringify((await Promise.all(reported)).map((it) => it.body));
    await eventually(async () => (await client.get('/v1/audit')).body.items.length >= 2);
    const audit = JSON.stringify((await client.get('/v1/audit')).body);
    expect(audit).toContain('rotateSubscriptionSecret');
    const { body: metrics } = await client.get<string>('/metrics');

    const accessToken = new URLSearchParams(event.body).get('auth[access_token]') ?? '';
    const secrets = [body.secret, rotated.body.secret, portal.applicationToken, accessToken] as string[];
    expect(secrets.filter((it) => it.length < 8)).toEqual([]);
    const redis = world.redis.client();
    const kept: string[] = [];
    for (const key of await redis.keys('b24:{events}*')) {
      const type = await redis.type(key);
      if (type === 'hash') kept.push(JSON.stringify(await redis.hgetall(key)));
      if (type === 'zset') kept.push(JSON.stringify(await redis.zrange(key, '0', '-1')));
    }
    redis.disconnect();
    expect(kept.length).toBeGreaterThan(3);
    const seen = (places: readonly string[], all: readonly string[]) =>
      all.filter((it) => places.some((place) => place.includes(it) || place.includes(it.replace('whsec_', ''))));
    const words = ['url-canary-1', 'text-canary-1'];
    expect(seen([...kept, ...world.logLines, metrics, audit], [...secrets, ...words])).toEqual([]);
    expect(seen([answers, ...target.arrivals.map(({ text }) => text)], secrets)).toEqual([]);
  });
});
