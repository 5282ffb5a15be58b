import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { EventTarget, verified } from '../support/event-target';
import { ForwardClock } from '../support/forward-clock';
import { type HttpClient, eventually, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

const wide = { burst: 1000, drainPerSecond: 100 };
const open = { EVENT_TARGET_HOSTS: '127.0.0.0/8:*', B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' };
const fields = (id: number) => ({ 'FIELDS_AFTER][ID': `${id}` });

describe('events that portals send', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let target: EventTarget;
  const clock = new ForwardClock();

  const subscribe = async (body: object): Promise<{ id: string; secret: string }> => {
    const { status, body: made } = await client.call('POST', '/v1/subscriptions', { url: target.url, ...body });
    expect(status).toBe(201);
    return made as { id: string; secret: string };
  };
  const view = async (id: string) => (await client.get(`/v1/subscriptions/${id}`)).body;
  const send = async (event: string, id = 1, from = portal) => {
    const answer = await new VendorEvents(world, client).post(from.event(event, fields(id)));
    expect(answer).toEqual({ status: 200, body: { received: true } });
  };
  const removeAll = async () => {
    const { body } = await client.get<{ items: { id: string }[] }>('/v1/subscriptions');
    for (const { id } of body.items) await client.call('DELETE', `/v1/subscriptions/${id}`);
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway(open, clock);
    portal = await world.installed(client, wide);
  });
  beforeEach(async () => {
    target = await EventTarget.listen();
  });
  afterEach(async () => {
    await removeAll();
    await target.stop();
  });
  afterAll(() => world.stop());

  it('arrive once, signed as Standard Webhooks has it, without a secret of the portal', async () => {
    const { secret } = await subscribe({ events: ['ONTASKADD'] });
    await send('ONTASKADD', 42);
    await eventually(() => target.arrivals.length === 1);
    const [arrival] = target.arrivals;
    const message = verified(arrival!, secret) as Record<string, unknown>;
    expect(message).toEqual({
      id: arrival?.headers['webhook-id'],
      event: 'ONTASKADD',
      portal: { memberId: portal.memberId, domain: portal.domain },
      receivedAt: expect.any(String),
      ts: expect.any(Number),
      data: { FIELDS_AFTER: { ID: '42' } },
    });
    expect(() => verified({ ...arrival!, text: arrival!.text.replace('42', '43') }, secret)).toThrow();
    expect(arrival?.text).not.toContain(portal.applicationToken);
  });

  it('have one id when Bitrix24 sends one twice, and another when it is another', async () => {
    await subscribe({ events: 'all' });
    const events = new VendorEvents(world, client);
    const event = portal.event('ONTASKUPDATE', fields(7));
    for (const it of [event, event, portal.event('ONTASKUPDATE', fields(8))]) await events.post(it);
    await eventually(() => target.arrivals.length === 3);
    const ids = target.messages.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  it('lose the tokens that a bot finds in its data', async () => {
    await subscribe({ events: ['ONIMBOTMESSAGEADD'] });
    const data = { 'BOT][39][access_token': 'bot-token-canary', 'BOT][39][AUTH][x': 'bot-auth-canary', TEXT: 'hello' };
    const reported = { ...data, ECHO: portal.applicationToken };
    await new VendorEvents(world, client).post(portal.event('ONIMBOTMESSAGEADD', reported));
    await eventually(() => target.arrivals.length === 1);
    expect(target.messages[0]?.['data']).toEqual({ BOT: { 39: {} }, TEXT: 'hello', ECHO: '[secret]' });
  });

  it('are not sent on when they are forged', async () => {
    await subscribe({ events: 'all' });
    const forged = portal.event('ONTASKADD', fields(1), { auth: { application_token: 'f'.repeat(32) } });
    expect(await new VendorEvents(world, client).post(forged)).toMatchObject({ status: 403 });
    await send('ONTASKADD', 2);
    await eventually(() => target.arrivals.length === 1);
    expect(target.messages).toMatchObject([{ data: { FIELDS_AFTER: { ID: '2' } } }]);
  });

  it('go to whom they are wanted by: event, beginning of a name, portal', async () => {
    const other = await world.installed(client, wide);
    const at = (path: string) => ({ url: `${target.url}/${path}` });
    await subscribe({ ...at('tasks-of-one'), events: ['ontask*'], portals: [portal.memberId] });
    await subscribe({ ...at('adds'), events: ['ONTASKADD'] });
    await send('ONTASKADD', 1);
    await send('ONTASKADD', 2, other);
    await send('ONTASKDELETE', 3);
    await send('ONCRMDEALADD', 4);
    await eventually(() => target.arrivals.length >= 4);
    expect(target.arrivals.map(({ path, text }) => `${path} ${/"ID":"(\d)"/.exec(text)?.[1]}`).sort()).toEqual([
      '/hooks/adds 1',
      '/hooks/adds 2',
      '/hooks/tasks-of-one 1',
      '/hooks/tasks-of-one 3',
    ]);
  });

  it('of an uninstall are told, and still end the use of the portal', async () => {
    const leaving = await world.installed(client, wide);
    await subscribe({ events: ['ONAPP*'] });
    await new VendorEvents(world, client).post(leaving.uninstallEvent());
    await eventually(() => target.arrivals.length === 1);
    expect(target.messages).toMatchObject([{ event: 'ONAPPUNINSTALL', data: { CLEAN: '1' } }]);
    expect((await client.get(`/v1/portals/${leaving.memberId}`)).body).toMatchObject({ status: 'uninstalled' });
  });

  it('are sent again later and later, then are dead letters that can be read and replayed', async () => {
    const { id, secret } = await subscribe({ events: ['ONTASKADD'] });
    target.answer = () => ({ status: 500 });
    await send('ONTASKADD', 1);
    await send('ONTASKADD', 2);
    for (let tries = 1; tries <= 12; tries++) {
      await eventually(() => target.arrivals.length === 2 * tries);
      await eventually(async () => (await redisTries(id)).every((it) => it === tries));
      const pauses = (await redisDue(id)).map((dueAtMs) => dueAtMs - clock.now());
      const usualMs = Math.min(1000 * 4 ** (tries - 1), 14_400_000);
      expect(pauses.filter((ms) => ms > 1.2 * usualMs)).toEqual([]);
      // At the fifth the pause is over four minutes, however long this test took to look.
      if (tries >= 5 && tries < 12) expect(pauses.filter((ms) => ms < 0.5 * usualMs)).toEqual([]);
      // Five hours are more than any pause, and each pause but the first is more than a second.
      clock.jump(5 * 3_600_000);
    }
    await eventually(async () => (await view(id)).dead === 2);
    expect(await view(id)).toMatchObject({ waiting: 0, dead: 2 });
    const { body: page } = await client.get(`/v1/subscriptions/${id}/dead-letters?limit=1`);
    const { body: rest } = await client.get(`/v1/subscriptions/${id}/dead-letters?cursor=${page.nextCursor}`);
    const letters = [...page.items, ...rest.items];
    expect(letters).toHaveLength(2);
    expect(letters[0]).toMatchObject({ attempts: 12, status: 500, message: { event: 'ONTASKADD' } });

    target.answer = () => ({ status: 200 });
    const again = await client.call('POST', `/v1/subscriptions/${id}/dead-letters/${letters[0].id}/replay`);
    expect(again.status).toBe(204);
    await eventually(() => target.arrivals.length === 25);
    expect(verified(target.arrivals.at(-1)!, secret, clock.now())).toEqual(letters[0].message);
    const twice = await client.call('POST', `/v1/subscriptions/${id}/dead-letters/${letters[0].id}/replay`);
    expect(twice).toMatchObject({ status: 404, body: { code: 'dead_letter_not_found' } });
    const all = await client.call('POST', `/v1/subscriptions/${id}/dead-letters/replay`);
    expect(all.body).toEqual({ replayed: 1 });
    await eventually(() => target.arrivals.length === 26);
    await eventually(async () => (await view(id)).waiting === 0);
    const { body: metrics } = await client.get<string>('/metrics');
    expect(metrics).toContain(`b24_event_deliveries_total{subscription="${id}",outcome="dead"} 2`);
    expect(metrics).toContain(`b24_event_deliveries_total{subscription="${id}",outcome="failed"} 22`);
    expect(metrics).toContain(`b24_event_deliveries_total{subscription="${id}",outcome="delivered"} 2`);
  }, 60_000);

  /** How often each of its messages was tried. */
  async function redisTries(id: string): Promise<number[]> {
    const redis = world.redis.client();
    const tries = Object.values(await redis.hgetall(`b24:{events}:${id}:tries`));
    redis.disconnect();
    return tries.map((text) => (JSON.parse(text) as { attempts: number }).attempts);
  }

  /** When each of its messages is tried again, unix milliseconds. */
  async function redisDue(id: string): Promise<number[]> {
    const redis = world.redis.client();
    const due = await redis.zrange(`b24:{events}:${id}:due`, '0', '-1', 'WITHSCORES');
    redis.disconnect();
    return due.filter((_, i) => i % 2 === 1).map(Number);
  }

  it('wait as long as the target asks for', async () => {
    const { id } = await subscribe({ events: ['ONTASKADD'] });
    target.answer = () => ({ status: 503, headers: { 'Retry-After': '7200' } });
    await send('ONTASKADD');
    await eventually(async () => (await redisTries(id))[0] === 1);
    const [dueAtMs = 0] = await redisDue(id);
    expect(dueAtMs - clock.now()).toBeGreaterThan(7_000_000);
  });

  it('wait, all of them, when the target says that it is gone, until an operator resumes', async () => {
    const { id } = await subscribe({ events: ['ONTASKADD'] });
    target.answer = () => ({ status: 410 });
    await send('ONTASKADD', 1);
    await eventually(async () => (await view(id)).paused === true);
    await send('ONTASKADD', 2);
    expect(await view(id)).toMatchObject({ pausedBecause: 'gone', waiting: 2, dead: 0 });
    target.answer = () => ({ status: 200 });
    await client.call('PATCH', `/v1/subscriptions/${id}`, { paused: false });
    await eventually(async () => (await view(id)).waiting === 0);
    expect(target.arrivals).toHaveLength(3);
  });

  it('become dead letters when too many wait, and the portal is answered all the same', async () => {
    const small = await world.gateway({ ...open, EVENT_QUEUE_LIMIT: '2' }, clock);
    const { id } = await subscribe({ events: ['ONTASKADD'] });
    await client.call('PATCH', `/v1/subscriptions/${id}`, { paused: true });
    const events = new VendorEvents(world, small);
    for (const n of [1, 2, 3]) expect((await events.post(portal.event('ONTASKADD', fields(n)))).status).toBe(200);
    expect(await view(id)).toMatchObject({ waiting: 2, dead: 1, pausedBecause: 'operator' });
    const { body } = await client.get(`/v1/subscriptions/${id}/dead-letters`);
    expect(body.items).toMatchObject([{ attempts: 0, message: { data: { FIELDS_AFTER: { ID: '3' } } } }]);
    await world.newest.close();
  });

  it('are not held up by the target of somebody else, however slow', async () => {
    const slow = await EventTarget.listen();
    slow.answer = () => 'never';
    await subscribe({ url: slow.url, events: 'all' });
    await subscribe({ events: 'all' });
    for (let n = 0; n < 20; n++) await send('ONTASKADD', n);
    await eventually(() => target.arrivals.length === 20);
    expect(slow.mostAtOnce).toBeLessThanOrEqual(4);
    await removeAll();
    await slow.stop();
  });

  it('are signed with the former secret as well for the grace of a rotation', async () => {
    const { id, secret } = await subscribe({ events: ['ONTASKADD'] });
    const { body } = await client.call('POST', `/v1/subscriptions/${id}/rotate`, { graceSeconds: 60 });
    await send('ONTASKADD', 1);
    await eventually(() => target.arrivals.length === 1);
    clock.jump(61_000);
    await send('ONTASKADD', 2);
    await eventually(() => target.arrivals.length === 2);
    const [during, after] = target.arrivals;
    verified(during!, secret, clock.now() - 61_000);
    verified(during!, body.secret as string, clock.now() - 61_000);
    expect(() => verified(after!, secret, clock.now())).toThrow('No matching signature');
    verified(after!, body.secret as string, clock.now());
  });

  it('can be tried with a message of our own', async () => {
    const { id, secret } = await subscribe({ events: ['ONTASKADD'] });
    expect((await client.call('POST', `/v1/subscriptions/${id}/test`)).body).toMatchObject({
      delivered: true,
      status: 204,
    });
    expect(verified(target.arrivals[0]!, secret, clock.now())).toMatchObject({ event: 'GATEWAY.TEST', data: {} });
    target.answer = () => ({ status: 302, headers: { Location: `${target.url}/elsewhere` } });
    expect((await client.call('POST', `/v1/subscriptions/${id}/test`)).body).toMatchObject({
      delivered: false,
      status: 302,
    });
    expect(target.arrivals.map(({ path }) => path)).toEqual(['/hooks', '/hooks']);
  });
});
