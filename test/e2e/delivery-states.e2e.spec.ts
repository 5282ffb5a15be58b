import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { EventTarget } from '../support/event-target';
import { ForwardClock } from '../support/forward-clock';
import { eventually, HttpClient, World } from '../support/gateway';
import { freePort } from '../support/redis-server';
import { VendorEvents } from '../support/vendor-events';

const wide = { burst: 1000, drainPerSecond: 100 };

describe('the state of deliveries', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let target: EventTarget;
  const clock = new ForwardClock();

  const subscribe = async (body: object = {}): Promise<string> => {
    const wanted = { url: target.url, events: ['ONTASKADD'], ...body };
    return (await client.call('POST', '/v1/subscriptions', wanted)).body.id as string;
  };
  const send = (id: number) =>
    new VendorEvents(world, client).post(portal.event('ONTASKADD', { 'FIELDS_AFTER][ID': `${id}` }));
  const view = async (id: string) => (await client.get(`/v1/subscriptions/${id}`)).body;
  const deliveries = async (id: string, query = '') =>
    (await client.get(`/v1/subscriptions/${id}/deliveries${query}`)).body;
  const failed = async (id: string) => {
    await eventually(async () => (await view(id)).lastFailure !== undefined);
    return view(id);
  };
  const msUntil = (iso: unknown) => Date.parse(iso as string) - clock.now();

  beforeAll(async () => {
    const settings = { PORT: `${await freePort()}`, EVENT_TARGET_HOSTS: '127.0.0.0/8:*', EVENT_TIMEOUT_MS: '1000' };
    world = await World.start();
    client = await world.gateway({ ...settings, B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' }, clock);
    portal = await world.installed(client, wide);
  });
  beforeEach(async () => {
    target = await EventTarget.listen();
  });
  afterEach(async () => {
    const { body } = await client.get<{ items: { id: string }[] }>('/v1/subscriptions');
    for (const { id } of body.items) await client.call('DELETE', `/v1/subscriptions/${id}`);
    await target.stop();
  });
  afterAll(() => world.stop());

  it.each<[what: string, answer: EventTarget['answer'], state: object]>([
    ['refuses everything', () => ({ status: 403 }), { status: 403, detail: 'The target answered 403.' }],
    [
      'answers a megabyte',
      () => ({ status: 500, body: 'x'.repeat(1024 * 1024) }),
      { status: 500, detail: 'The target answered 500.' },
    ],
    ['hangs', () => 'never', { detail: 'The target did not answer in time.' }],
    [
      'redirects',
      () => ({ status: 302, headers: { Location: '/elsewhere' } }),
      { status: 302, detail: 'The target answered 302; redirects are not followed.' },
    ],
  ])(
    'says plainly why nothing arrives at a target that %s, and when it is tried next',
    async (_what, answer, state) => {
      target.answer = answer;
      const id = await subscribe();
      expect(await view(id)).not.toHaveProperty('lastFailure');
      await send(1);
      const { lastFailure, nextAttemptAt, ...more } = await failed(id);
      expect(lastFailure).toEqual({ at: expect.any(String), ...state });
      expect(msUntil(lastFailure.at)).toBeLessThanOrEqual(0);
      expect(nextAttemptAt).toEqual(expect.any(String));
      expect(more).not.toHaveProperty('lastDeliveredAt');
      const { items } = await deliveries(id);
      expect(items).toEqual([
        {
          ...{ id: expect.stringMatching(/^d_/), messageId: expect.stringMatching(/^msg_/), event: 'ONTASKADD' },
          portal: { memberId: portal.memberId, domain: portal.domain },
          ...{ receivedAt: expect.any(String), lastAttemptAt: expect.any(String), nextAttemptAt: expect.any(String) },
          ...{ attempts: expect.any(Number), ...state },
        },
      ]);
      const { body: list } = await client.get<{ items: object[] }>('/v1/subscriptions');
      expect(list.items).toMatchObject([{ lastFailure: state }]);
    },
  );

  it('says that nothing answers at the address', async () => {
    const closed = await EventTarget.listen();
    const id = await subscribe({ url: closed.url });
    await closed.stop();
    await send(1);
    expect((await failed(id)).lastFailure.detail).toBe('The target could not be reached (ECONNREFUSED).');
  });

  it('says when the target last accepted an event, also after a failure', async () => {
    target.answer = (_arrival, n) => ({ status: n === 1 ? 500 : 204 });
    const id = await subscribe();
    await send(1);
    await failed(id);
    clock.jump(5000);
    await eventually(async () => (await view(id)).lastDeliveredAt !== undefined);
    const { lastFailure, lastDeliveredAt, waiting, ...more } = await view(id);
    expect(lastDeliveredAt > lastFailure.at).toBe(true);
    expect([waiting, more.nextAttemptAt]).toEqual([0, undefined]);
  });

  it('lists what waits page by page, the next attempt first, and no next attempt while paused', async () => {
    const id = await subscribe();
    await client.call('PATCH', `/v1/subscriptions/${id}`, { paused: true });
    for (const n of [1, 2, 3]) await send(n);
    const first = await deliveries(id, '?limit=2');
    const rest = await deliveries(id, `?limit=2&cursor=${first.nextCursor}`);
    expect([first.items.length, rest.items.length, rest.nextCursor]).toEqual([2, 1, undefined]);
    const all = [...first.items, ...rest.items] as { nextAttemptAt: string; attempts: number; detail: string }[];
    expect(all.map(({ nextAttemptAt }) => nextAttemptAt).sort()).toEqual(all.map((it) => it.nextAttemptAt));
    expect(all.map(({ attempts }) => attempts)).toEqual([0, 0, 0]);
    expect(await view(id)).not.toHaveProperty('nextAttemptAt');
  });

  it('replays the dead letters since a moment, and leaves the older ones', async () => {
    target.answer = () => ({ status: 500 });
    const id = await subscribe();
    const die = async (n: number, dead: number) => {
      await send(n);
      for (let tries = 1; tries <= 12; tries++) {
        await eventually(() => target.arrivals.length === 12 * (dead - 1) + tries);
        await eventually(async () => {
          const { items } = await deliveries(id);
          return items.length === 0 || items[0].attempts === tries;
        });
        clock.jump(5 * 3_600_000);
      }
      await eventually(async () => (await view(id)).dead === dead);
    };
    await die(1, 1);
    const since = new Date(clock.now()).toISOString();
    await die(2, 2);
    target.answer = () => ({ status: 204 });
    const replay = (body: object) => client.call('POST', `/v1/subscriptions/${id}/dead-letters/replay`, body);
    expect((await replay({ since: 'yesterday' })).status).toBe(400);
    expect((await replay({ since })).body).toEqual({ replayed: 1 });
    await eventually(() => target.arrivals.length === 25);
    expect(target.messages.at(-1)).toMatchObject({ data: { FIELDS_AFTER: { ID: '2' } } });
    expect(await view(id)).toMatchObject({ dead: 1 });
    expect((await replay({})).body).toEqual({ replayed: 1 });
  }, 60_000);

  it('leaves nothing in Redis when the subscription is deleted', async () => {
    target.answer = () => ({ status: 500 });
    const id = await subscribe();
    await send(1);
    await failed(id);
    await client.call('DELETE', `/v1/subscriptions/${id}`);
    const redis = world.redis.client();
    expect(await redis.keys(`*${id}*`)).toEqual([]);
    redis.disconnect();
  });

  it('shows for each portal what it is asked to send, and only to keys that may use it', async () => {
    const bindings = (it: HttpClient = client) => it.get(`/v1/portals/${portal.memberId}/event-bindings`);
    // What an earlier test wanted is unbound.
    await eventually(async () => (await bindings()).body.bound === 0);
    expect((await bindings()).body).toMatchObject({ state: 'none', wanted: [] });
    await subscribe({ events: ['ONTASKADD', 'ONNOSUCHEVENT'] });
    await eventually(async () => (await bindings()).body.state === 'bound');
    expect((await bindings()).body).toMatchObject({
      detail: 'The portal sends its events.',
      ...{ wanted: ['ONNOSUCHEVENT', 'ONTASKADD'], bound: 1, refused: ['ONNOSUCHEVENT'] },
      nextCheckAt: expect.any(String),
    });
    const keyFor = async (portals: string[]) => {
      const wanted = { name: 'limited', scopes: ['portals:read'], portals };
      return new HttpClient(client.url, (await client.call('POST', '/v1/clients', wanted)).body.key as string);
    };
    const other = await world.installed(client, wide);
    expect((await bindings(await keyFor([portal.memberId]))).status).toBe(200);
    expect((await bindings(await keyFor([other.memberId]))).body.code).toBe('portal_not_found');
  });

  it('is hidden from an admin key that is limited to certain portals', async () => {
    const id = await subscribe();
    const { body } = await client.call('POST', '/v1/clients', { name: 'limited', scopes: ['portals:read'] });
    // Such a key can't be made any more; earlier versions made them.
    await limitKey(body.id as string);
    const limited = new HttpClient(client.url, body.key as string);
    for (const path of ['', `/${id}`, `/${id}/deliveries`, `/${id}/dead-letters`])
      expect((await limited.get(`/v1/subscriptions${path}`)).body.code).toBe('not_allowed');
    expect((await limited.call('POST', `/v1/subscriptions/${id}/dead-letters/replay`)).body.code).toBe('not_allowed');
    expect((await limited.get(`/v1/portals/${portal.memberId}/event-bindings`)).status).toBe(200);
  });

  async function limitKey(id: string): Promise<void> {
    const redis = world.redis.client();
    const [digest = ''] = ((await redis.hget('b24:clients', id)) ?? '').split(',');
    const key = `b24:client:${digest}`;
    const before = JSON.parse((await redis.get(key)) ?? '{}') as object;
    await redis.set(key, JSON.stringify({ ...before, scopes: ['admin'], portals: [portal.memberId] }));
    redis.disconnect();
  }
});
