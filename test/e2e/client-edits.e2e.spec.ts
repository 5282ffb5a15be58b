import { HandClock } from '../support/hand-clock';
import { HttpClient, eventually, World } from '../support/gateway';

describe('a key that is edited', () => {
  let world: World;
  let admin: HttpClient;
  /** The same API on another replica. */
  let other: HttpClient;
  let clock: HandClock;
  let portals: string[];

  beforeAll(async () => {
    world = await World.start();
  });
  beforeEach(async () => {
    clock = new HandClock(Date.now());
    admin = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' }, clock);
    other = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' }, clock);
    const made = [await world.installed(admin), await world.installed(admin)];
    portals = made.map(({ memberId }) => memberId);
  });
  afterEach(() => world.closeGateways());
  afterAll(() => world.stop());

  const make = async (more: object = {}, by = admin) => {
    const { status, body } = await by.call('POST', '/v1/clients', { name: 'c', scopes: ['portals:read'], ...more });
    return { status, id: body.id as string, key: body.key as string, body };
  };
  const edit = (id: string, changes: object, by = admin) => by.call('PATCH', `/v1/clients/${id}`, changes);
  const seen = async (key: string, at: HttpClient) => {
    const { body } = await new HttpClient(at.url, key).get<{ items: { memberId: string }[]; code?: string }>(
      '/v1/portals',
    );
    return body.code ?? body.items.map(({ memberId }) => memberId);
  };

  it('has its new rights at once on every replica, and stays the same key', async () => {
    const { id, key } = await make();
    // Both replicas have the key in memory.
    for (const at of [admin, other]) expect(await seen(key, at)).toEqual(expect.arrayContaining(portals));
    const changes = { name: 'reports', scopes: ['portals:read', 'call'], portals: [portals[1]], methods: ['crm.*'] };
    const edited = await edit(id, { ...changes, ratePerSecond: 500, burst: 700 });
    expect(edited).toMatchObject({ status: 200, body: { id, ...changes, ratePerSecond: 500, burst: 700 } });
    expect(edited.body).not.toHaveProperty('key');
    for (const at of [admin, other]) await eventually(async () => String(await seen(key, at)) === portals[1]);
    const denied = await new HttpClient(other.url, key).call(
      'POST',
      `/v1/portals/${portals[1]!}/call/user.current`,
      {},
    );
    expect(denied.body.code).toBe('not_allowed');
    const lifted = await edit(id, { portals: 'all', methods: null, ratePerSecond: null });
    expect(Object.keys(lifted.body)).toEqual(expect.not.arrayContaining(['methods', 'ratePerSecond', 'burst']));
    for (const at of [admin, other]) await eventually(async () => (await seen(key, at)).length >= 2);
  });

  it('ends and does not end as the edit says', async () => {
    const { id, key } = await make({ expiresInDays: 1 });
    await edit(id, { expiresAt: null });
    clock.jump(2 * 86_400_000);
    expect(await seen(key, admin)).not.toBe('key_expired');
    await edit(id, { expiresInDays: 1 });
    clock.jump(2 * 86_400_000);
    expect(await seen(key, admin)).toBe('key_expired');
    expect((await edit(id, { expiresAt: new Date(clock.now() - 1).toISOString() })).status).toBe(400);
  });

  it('takes its former key in its grace along', async () => {
    const { id, key } = await make();
    const { body } = await admin.call('POST', `/v1/clients/${id}/rotate`, { graceSeconds: 3600 });
    await edit(id, { scopes: ['call'] });
    for (const it of [key, body.key as string]) await eventually(async () => (await seen(it, other)) === 'not_allowed');
    clock.jump(3_600_000);
    const redis = world.redis.client();
    const [, older = ''] = ((await redis.hget('b24:clients', id)) ?? '').split(',');
    expect(await redis.pttl(`b24:client:${older}`)).toBeGreaterThan(0);
    redis.disconnect();
  });

  it('can not get more than belongs together, and says what is wrong', async () => {
    const { id } = await make({ portals: [portals[0]] });
    for (const changes of [
      {},
      { scopes: ['admin'] },
      { burst: 5 },
      { scopes: [] },
      { portals: [] },
      { key: 'x' },
      { expiresAt: '2030-01-01T00:00:00Z', expiresInDays: 3 },
    ])
      expect(await edit(id, changes)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect((await edit(id, { portals: ['nowhere'] })).body.code).toBe('portal_not_found');
    expect((await edit('c_0123456789abcdef', { name: 'x' })).body.code).toBe('client_not_found');
    expect((await edit('admin', { name: 'x' })).body.code).toBe('client_not_found');
  });

  it('is edited by administrators only, and can not edit itself', async () => {
    const { id, key } = await make({ scopes: ['portals:write', 'call'] });
    const service = new HttpClient(admin.url, key);
    expect((await edit(id, { scopes: ['admin'] }, service)).body.code).toBe('not_allowed');
  });

  it('with the scope admin does not outlive the key that makes, edits or replaces it', async () => {
    const { key, id } = await make({ scopes: ['admin'], expiresInDays: 1 });
    const brief = new HttpClient(admin.url, key);
    expect((await edit(id, { expiresAt: null }, brief)).body.code).toBe('not_allowed');
    expect((await edit(id, { expiresInDays: 30 }, brief)).body.code).toBe('not_allowed');
    expect((await make({ scopes: ['admin'] }, brief)).body).toMatchObject({ code: 'not_allowed' });
    const rotation = await brief.call('POST', `/v1/clients/${id}/rotate`, { expiresInDays: 30 });
    expect(rotation.body.code).toBe('not_allowed');
    const service = await make({}, brief);
    expect([service.status, (await edit(service.id, { scopes: ['admin'] }, brief)).body.code]).toEqual([
      201,
      'not_allowed',
    ]);
    expect((await edit(id, { name: 'brief' }, brief)).status).toBe(200);
  });

  it('is in the audit log with what was changed, and without its texts', async () => {
    const { id } = await make();
    const { headers } = await edit(id, { name: 'a secret name', ratePerSecond: 7 });
    const requestId = headers.get('x-request-id');
    const entries = async () => (await admin.get(`/v1/audit?requestId=${requestId}`)).body.items;
    await eventually(async () => (await entries()).length === 1);
    const [entry] = await entries();
    expect(entry).toMatchObject({ action: 'updateClient', ids: { clientId: id, name: 'set', ratePerSecond: 7 } });
    expect(JSON.stringify(entry)).not.toContain('secret name');
  });
});
