import { connect } from 'node:net';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { eventually, HttpClient, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

const wide = { burst: 5000, drainPerSecond: 500 };
/** How long a right that was taken away may still be used anywhere. */
const maxStaleMs = 1000;

/** A line of MONITOR about a read that no script made. */
const direct = /\[\d+ (?!lua)\S+\] "(?:get|hget|hgetall|hmget|exists)" "b24:(?:client:|names|\{\w+\}:grant)/i;

describe('rights in the memory of two replicas', () => {
  let world: World;
  let one: HttpClient;
  let two: HttpClient;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start();
    one = await world.gateway({ B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' });
    two = await world.gateway({ B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' });
  });
  beforeEach(async () => {
    portal = await world.installed(one, wide);
  });
  afterAll(() => world.stop());

  const at = (path = '') => `/v1/portals/${portal.memberId}${path}`;
  const make = async (more: object = {}) => {
    const { body } = await one.call('POST', '/v1/clients', { name: 'c', scopes: ['call'], ...more });
    return { id: body.id as string, on: (replica: HttpClient) => new HttpClient(replica.url, body.key as string) };
  };
  const call = (client: HttpClient, name = portal.memberId) =>
    client.call('POST', `/v1/portals/${name}/call/app.info`, { params: {} });
  const status = async (client: HttpClient, name?: string) => (await call(client, name)).status;
  /** Calls of both replicas until none reads its key, grant or name from Redis. */
  const warm = async (client: (replica: HttpClient) => HttpClient, name?: string) => {
    for (const replica of [one, two])
      await eventually(async () => (await readsDuring(() => call(client(replica), name))).length === 0);
  };

  /** Commands about keys, grants and names that Redis receives meanwhile. */
  async function readsDuring(work: () => Promise<unknown>): Promise<string[]> {
    const monitor = connect(world.redis.port, '127.0.0.1');
    let seen = '';
    monitor.setEncoding('latin1').on('data', (text: string) => (seen += text));
    monitor.write('MONITOR\r\n');
    await eventually(() => seen.includes('+OK'));
    await work();
    const redis = world.redis.client();
    await redis.echo('all was seen');
    await eventually(() => seen.includes('all was seen'));
    redis.disconnect();
    monitor.destroy();
    // The use of a key is written by a script, later than the call.
    return seen.split('\n').filter((it) => direct.test(it));
  }

  /** Cuts both connections by which both replicas learn of changes. */
  async function cut(): Promise<void> {
    const redis = world.redis.client();
    const tracking = String(await redis.client('LIST'))
      .split('\n')
      .filter((line) => /flags=\w*t/.test(line) || /cmd=(?:subscribe|ping) /.test(line));
    for (const line of tracking) await redis.client('KILL', 'ID', /\bid=(\d+)/.exec(line)?.[1] ?? '').catch(() => 0);
    redis.disconnect();
  }

  it('cost a call no read of its key, grant or name', async () => {
    const { on } = await make();
    await one.call('PATCH', at(), { alias: 'warm' });
    await warm(on, 'warm');
    const many = () => Promise.all(Array.from({ length: 40 }, (_, i) => call(on(i % 2 ? one : two), 'warm')));
    expect(await readsDuring(many)).toEqual([]);
  });

  it('end on every replica with a deleted key', async () => {
    const { id, on } = await make();
    await warm(on);
    await one.call('DELETE', `/v1/clients/${id}`);
    expect(await status(on(one))).toBe(401);
    await eventually(async () => (await status(on(two))) === 401);
  });

  it('end within a second with a deleted key, even if the connection that reports it is cut at that moment', async () => {
    for (let round = 0; round < 3; round++) {
      const { id, on } = await make();
      await warm(on);
      await Promise.all([cut(), one.call('DELETE', `/v1/clients/${id}`)]);
      const deletedAtMs = Date.now();
      const late: number[] = [];
      await eventually(async () => {
        const askedAtMs = Date.now();
        const isRefused = (await status(on(two))) === 401;
        if (!isRefused && askedAtMs - deletedAtMs > maxStaleMs) late.push(askedAtMs - deletedAtMs);
        return isRefused;
      });
      expect(late).toEqual([]);
    }
  });

  it('last as long as the grace of a rotated key, on every replica', async () => {
    const { id, on } = await make();
    await warm(on);
    await one.call('POST', `/v1/clients/${id}/rotate`, { graceSeconds: 1 });
    await eventually(async () => (await status(on(two))) === 401);
    expect(await status(on(one))).toBe(401);
  });

  it('are those of the key as it is stored now', async () => {
    const { id, on } = await make({ methods: ['app.*'] });
    await warm(on);
    const redis = world.redis.client();
    const [digest = ''] = ((await redis.hget('b24:clients', id)) ?? '').split(',');
    const stored = JSON.parse((await redis.get(`b24:client:${digest}`)) ?? '') as object;
    await redis.set(`b24:client:${digest}`, JSON.stringify({ ...stored, methods: ['crm.*'] }));
    redis.disconnect();
    for (const replica of [one, two]) await eventually(async () => (await status(on(replica))) === 403);
  });

  it('end with the suspension of a portal, and come back', async () => {
    const { on } = await make();
    await warm(on);
    await one.call('PATCH', at(), { suspended: true });
    expect((await call(on(one))).body.code).toBe('portal_suspended');
    await eventually(async () => (await call(on(two))).body.code === 'portal_suspended');
    const { length } = portal.requests;
    await Promise.all([call(on(one)), call(on(two))]);
    expect(portal.requests).toHaveLength(length);
    await one.call('PATCH', at(), { suspended: false });
    await eventually(async () => (await status(on(two))) === 200);
  });

  it('end when the app is uninstalled', async () => {
    const { on } = await make();
    await warm(on);
    await new VendorEvents(world, one).post(portal.uninstallEvent());
    expect((await call(on(one))).body.code).toBe('portal_uninstalled');
    await eventually(async () => (await call(on(two))).body.code === 'portal_uninstalled');
  });

  it('follow a name to another portal', async () => {
    const other = await world.installed(one, wide);
    const { on } = await make();
    await one.call('PATCH', at(), { alias: 'moving' });
    await warm(on, 'moving');
    await one.call('PATCH', at(), { alias: null });
    expect(await status(on(one), 'moving')).toBe(404);
    await eventually(async () => (await status(on(two), 'moving')) === 404);
    await two.call('PATCH', `/v1/portals/${other.memberId}`, { alias: 'moving' });
    for (const replica of [one, two])
      await eventually(async () => {
        const { length } = other.requests;
        await call(on(replica), 'moving');
        return other.requests.length > length;
      });
  });
});
