import { HandClock } from '../support/hand-clock';
import { HttpClient, World } from '../support/gateway';

describe('the keys of clients', () => {
  let world: World;
  let admin: HttpClient;
  let clock: HandClock;

  beforeAll(async () => {
    world = await World.start();
  });
  beforeEach(async () => {
    clock = new HandClock(Date.now());
    admin = await world.gateway({}, clock);
  });
  afterEach(() => world.closeGateways());
  afterAll(() => world.stop());

  const make = async (more: object = {}) => {
    const { status, body } = await admin.call('POST', '/v1/clients', { name: 'c', scopes: ['portals:read'], ...more });
    expect(status).toBe(201);
    return { id: body.id as string, body, client: new HttpClient(admin.url, body.key as string) };
  };
  const listed = async (id: string) =>
    ((await admin.get('/v1/clients')).body.items as Record<string, unknown>[]).find((it) => it['id'] === id);

  it('are replaced by a rotation, at once or after a grace, and the new one is shown once', async () => {
    const { id, client } = await make();
    const rotated = await admin.call('POST', `/v1/clients/${id}/rotate`, { graceSeconds: 60 });
    expect(rotated).toMatchObject({ status: 200, body: { id, key: expect.stringMatching(/^b24_/) } });
    const next = new HttpClient(admin.url, rotated.body.key as string);
    expect([(await client.get('/v1/portals')).status, (await next.get('/v1/portals')).status]).toEqual([200, 200]);
    expect(await listed(id)).toMatchObject({ previousKey: { validUntil: expect.any(String) } });
    const again = await admin.call('POST', `/v1/clients/${id}/rotate`);
    expect(again.status).toBe(200);
    const statuses = await Promise.all([client, next].map(async (it) => (await it.get('/v1/portals')).status));
    expect(statuses).toEqual([401, 401]);
    expect(JSON.stringify((await admin.get('/v1/clients')).body)).not.toContain('b24_');
    expect(rotated.headers.get('cache-control')).toBe('no-store');
  });

  it('are rotated by an administrator only, and only where there is a client', async () => {
    const { id, client } = await make();
    expect(await client.call('POST', `/v1/clients/${id}/rotate`, {})).toMatchObject({ status: 403 });
    expect(await admin.call('POST', '/v1/clients/c_0/rotate', {})).toMatchObject({
      status: 404,
      body: { code: 'client_not_found' },
    });
    for (const body of [{ graceSeconds: -1 }, { graceSeconds: 1.5 }, { graceSeconds: 1e9 }, { key: 'x' }, []])
      expect(await admin.call('POST', `/v1/clients/${id}/rotate`, body)).toMatchObject({ status: 400 });
    expect((await client.get('/v1/portals')).status).toBe(200);
  });

  it('expire when they were told to, and say so', async () => {
    const { id, body, client } = await make({ expiresInDays: 1 });
    expect(Date.parse(body.expiresAt as string)).toBe(clock.now() + 86_400_000);
    expect((await client.get('/v1/portals')).status).toBe(200);
    clock.jump(86_400_000);
    expect(await client.get('/v1/portals')).toMatchObject({ status: 401, body: { code: 'key_expired' } });
    expect(await listed(id)).toMatchObject({ expiresAt: body.expiresAt });
    const rotate = (more: object) => admin.call('POST', `/v1/clients/${id}/rotate`, more);
    expect(await rotate({})).toMatchObject({ status: 400, body: { errors: [{ path: 'expiresAt' }] } });
    const { body: rotated } = await rotate({ expiresInDays: 30 });
    expect((await new HttpClient(admin.url, rotated.key as string).get('/v1/portals')).status).toBe(200);
  });

  it.each([
    [{ expiresAt: '2001-01-01T00:00:00Z' }],
    [{ expiresAt: 'tomorrow' }],
    [{ expiresAt: '2999-01-01T00:00:00Z', expiresInDays: 1 }],
    [{ expiresInDays: 0 }],
    [{ burst: 5 }],
    [{ ratePerSecond: 0 }],
    [{ ratePerSecond: 1, burst: 0 }],
  ])('are not made with %j', async (more) => {
    const reply = await admin.call('POST', '/v1/clients', { name: 'c', scopes: ['call'], ...more });
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('tell when they were last used', async () => {
    const { id, client } = await make();
    expect(await listed(id)).not.toHaveProperty('lastUsedAt');
    await client.get('/v1/portals');
    expect(await listed(id)).toMatchObject({ lastUsedAt: expect.any(String) });
  });

  it('keep to a rate of their own over both replicas, and are told when to come back', async () => {
    const second = await world.gateway();
    const { id, body } = await make({ ratePerSecond: 0.1, burst: 4 });
    expect(await listed(id)).toMatchObject({ ratePerSecond: 0.1, burst: 4 });
    const clients = [admin, second].map(({ url }) => new HttpClient(url, body.key as string));
    const replies = [];
    for (let i = 0; i < 6; i++) replies.push(await clients[i % 2]?.get('/v1/portals'));
    expect(replies.map((it) => it?.status)).toEqual([200, 200, 200, 200, 429, 429]);
    expect(replies[5]?.body).toMatchObject({ code: 'client_rate_limited', retryable: true });
    const seconds = Number(replies[5]?.headers.get('retry-after'));
    expect(seconds > 5 && seconds <= 10).toBe(true);
    expect((await admin.get('/v1/portals')).status).toBe(200);
  });

  it('that are wrong are throttled by address, while right ones still pass', async () => {
    const { client } = await make();
    const guess = () => new HttpClient(admin.url, `b24_${'x'.repeat(43)}`).get('/v1/portals');
    const replies = [];
    for (let i = 0; i < 40; i++) replies.push(await guess());
    expect(replies.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 30 }, () => 401),
      ...Array.from({ length: 10 }, () => 429),
    ]);
    expect(replies.at(-1)).toMatchObject({ body: { code: 'too_many_attempts' } });
    expect(replies.at(-1)?.headers.get('retry-after')).toBe('2');
    expect((await client.get('/v1/portals')).status).toBe(200);
    expect((await admin.get('/v1/portals')).status).toBe(200);
    await clock.advance(2000);
    expect((await guess()).status).toBe(401);
  });
});
