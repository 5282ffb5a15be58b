import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, eventually, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

describe("a portal's tariff", () => {
  let world: World;
  let client: HttpClient;
  let events: VendorEvents;
  let redis: ReturnType<World['redis']['client']>;
  const limitsOf = async ({ memberId }: SimulatedPortal) =>
    (await client.get(`/v1/portals/${memberId}`)).body.limits as object | undefined;
  const questions = (portal: SimulatedPortal) => portal.requests.filter(({ method }) => method === 'app.info');
  const learned = ({ memberId }: SimulatedPortal, licence: string) =>
    eventually(async () => (await redis.hget(`b24:{${memberId}}:grant`, 'tariff'))?.includes(licence) ?? false);
  const enterprise = { burst: 250, drainPerSecond: 5, from: 'licence' };
  const common = { burst: 50, drainPerSecond: 2, from: 'default' };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    redis = world.redis.client();
    events = new VendorEvents(world, client);
  });
  afterAll(async () => {
    redis.disconnect();
    await world.stop();
  });

  it('is asked for after the install, once, and gives an Enterprise portal the larger bucket', async () => {
    const portal = await world.simulator.addPortal({ licence: 'de_ent250', burst: 250, drainPerSecond: 5 });
    await events.install(portal);
    await learned(portal, 'de_ent250');
    await events.post(portal.installEvent());
    await eventually(() => events.logged(portal.memberId, 'by event') === 2);
    expect(await events.call(portal)).toMatchObject({ status: 200 });
    expect(questions(portal)).toMatchObject([{ outcome: 'ok' }]);
    expect(await limitsOf(portal)).toEqual(enterprise);
  });

  it('leaves every other portal at the default', async () => {
    const portal = await world.simulator.addPortal({ licence: 'de_pro100' });
    await events.install(portal);
    await learned(portal, 'de_pro100');
    expect(await limitsOf(portal)).toEqual(common);
  });

  it('is missed by nobody when the portal does not tell it', async () => {
    const portal = await world.simulator.addPortal({ licence: 'de_ent250', burst: 250, drainPerSecond: 5 });
    portal.faults.next('insufficient_scope', { method: 'app.info', times: 5, level: 'item' });
    await events.install(portal);
    await eventually(() => questions(portal).length > 0);
    expect(await events.call(portal)).toMatchObject({ status: 200 });
    expect(await limitsOf(portal)).toEqual(common);
  });

  it('is no match for what the operator set', async () => {
    const portal = await world.simulator.addPortal({ licence: 'de_ent250', burst: 250, drainPerSecond: 5 });
    await events.install(portal);
    await learned(portal, 'de_ent250');
    const limits = { burst: 30, drainPerSecond: 1 };
    await client.call('PATCH', `/v1/portals/${portal.memberId}`, { limits });
    expect(await limitsOf(portal)).toEqual({ ...limits, from: 'operator' });
  });

  it('is not asked for through an incoming webhook', async () => {
    const portal = await world.simulator.addPortal({ licence: 'de_ent250' });
    const { body } = await client.call('POST', '/v1/portals', { webhookUrl: portal.webhookUrl() });
    await client.get(`/v1/portals/${body.memberId}/backlogs/fields`);
    expect([questions(portal), body.limits]).toEqual([[], common]);
  });
});
