import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { eventually, HttpClient, World } from '../support/gateway';

const plan = { burst: 50, drainPerSecond: 2 };
/** So high that the next permit is free in a second and a half. */
const fullLevel = 49;

describe('a key that ends while its call waits for a permit', () => {
  let world: World;
  let gateway: HttpClient;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start();
    gateway = await world.gateway({ B24_BURST: '50', B24_DRAIN_PER_SECOND: '2' });
  });
  beforeEach(async () => {
    portal = await world.installed(gateway, plan);
    await world.fill(gateway, portal.memberId, fullLevel);
  });
  afterAll(() => world.stop());

  const make = async () => {
    const { body } = await gateway.call('POST', '/v1/clients', { name: 'c', scopes: ['call'] });
    return { id: body.id as string, client: new HttpClient(gateway.url, body.key as string) };
  };
  const call = (client: HttpClient, method: string, marker: number) =>
    client.call('POST', `/v1/portals/${portal.memberId}/call/${method}`, { params: { marker } });
  const waiting = async (count: number) => {
    const queued = async () => (await gateway.get(`/v1/portals/${portal.memberId}`)).body.queue.waiting as number;
    await eventually(async () => (await queued()) === count);
  };
  const sentMarkers = () => JSON.stringify(portal.requests);

  it.each(['DELETE', 'rotate'])('ends the call too (%s), and no other', async (how) => {
    const [ended, other] = [await make(), await make()];
    const calls = [call(ended.client, 'crm.deal.add', 4711), call(other.client, 'crm.deal.list', 4712)];
    await waiting(2);
    if (how === 'DELETE') await gateway.call('DELETE', `/v1/clients/${ended.id}`);
    else await gateway.call('POST', `/v1/clients/${ended.id}/rotate`, { graceSeconds: 0 });
    const [first, second] = await Promise.all(calls);
    expect([first?.status, first?.body.code]).toEqual([401, 'key_invalid']);
    expect(second?.body.code).not.toBe('key_invalid');
    expect(sentMarkers()).not.toContain('4711');
    expect(sentMarkers()).toContain('4712');
  });

  it('leaves the read to the other caller who waits for it', async () => {
    const [ended, other] = [await make(), await make()];
    const first = call(ended.client, 'crm.deal.list', 4713);
    await waiting(1);
    const second = call(other.client, 'crm.deal.list', 4713);
    await waiting(2);
    await gateway.call('DELETE', `/v1/clients/${ended.id}`);
    expect((await first).body.code).toBe('key_invalid');
    expect((await second).body.code).not.toBe('key_invalid');
    expect(sentMarkers()).toContain('4713');
  });
});
