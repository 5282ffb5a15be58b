import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, eventually, World } from '../support/gateway';

describe("a portal's limits", () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const patch = (body: object, by = client) => by.call('PATCH', `/v1/portals/${portal.memberId}`, body);
  const view = async () => (await client.get(`/v1/portals/${portal.memberId}`)).body;
  const limits = async () => (await view()).limits;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_BURST: '40', B24_DRAIN_PER_SECOND: '1' });
  });
  beforeEach(async () => {
    portal = await world.installed(client);
  });
  afterAll(() => world.stop());

  it('are those of the settings until the operator sets others, and again when those are removed', async () => {
    expect(await limits()).toEqual({ burst: 40, drainPerSecond: 1, from: 'default' });
    const set = await patch({ limits: { burst: 100, drainPerSecond: 10 } });
    expect(set).toMatchObject({ status: 200, body: { limits: { burst: 100, drainPerSecond: 10, from: 'operator' } } });
    expect(await limits()).toEqual({ burst: 100, drainPerSecond: 10, from: 'operator' });
    const removed = await patch({ limits: null });
    expect(removed).toMatchObject({ status: 200, body: { limits: { burst: 40, drainPerSecond: 1, from: 'default' } } });
  });

  it('stay as the operator set them when something else is changed, and when the app is installed again', async () => {
    await patch({ limits: { burst: 100, drainPerSecond: 10 } });
    await patch({ suspended: true });
    await patch({ suspended: false });
    const { installedAt } = await view();
    await portal.sendInstallEvent(`${client.url}/bitrix24/events`);
    await eventually(async () => (await view()).installedAt !== installedAt);
    expect(await limits()).toEqual({ burst: 100, drainPerSecond: 10, from: 'operator' });
  });

  it('stay when the app takes the place of an incoming webhook', async () => {
    const other = await world.simulator.addPortal();
    const added = await client.call('POST', '/v1/portals', { webhookUrl: other.webhookUrl() });
    expect(added.body.limits).toEqual({ burst: 40, drainPerSecond: 1, from: 'default' });
    await client.call('PATCH', `/v1/portals/${added.body.memberId}`, { limits: { burst: 100, drainPerSecond: 10 } });
    await world.install(client, other);
    const { body } = await client.get(`/v1/portals/${other.domain}`);
    expect(body).toMatchObject({
      memberId: other.memberId,
      limits: { burst: 100, drainPerSecond: 10, from: 'operator' },
    });
  });

  it.each([
    ['limits.burst', { burst: 2, drainPerSecond: 1 }],
    ['limits.burst', { burst: 20, drainPerSecond: 10 }],
    ['limits.burst', { burst: 100_001, drainPerSecond: 10 }],
    ['limits.burst', { burst: 50.5, drainPerSecond: 2 }],
    ['limits.burst', { burst: '50', drainPerSecond: 2 }],
    ['limits.burst', { drainPerSecond: 2 }],
    ['limits.drainPerSecond', { burst: 50, drainPerSecond: 0 }],
    ['limits.drainPerSecond', { burst: 100_000, drainPerSecond: 10_001 }],
    ['limits.drainPerSecond', { burst: 50 }],
    ['limits.from', { burst: 50, drainPerSecond: 2, from: 'operator' }],
    ['limits', 50],
  ])('are refused at %s with %j, and stay', async (place, wrong) => {
    expect(await patch({ limits: wrong })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: place, message: expect.any(String) }] },
    });
    expect(await limits()).toMatchObject({ from: 'default' });
  });

  it('may be as small and as large as a bucket can be', async () => {
    for (const edge of [
      { burst: 3, drainPerSecond: 1 },
      { burst: 100_000, drainPerSecond: 10_000 },
    ])
      expect((await patch({ limits: edge })).body.limits).toEqual({ ...edge, from: 'operator' });
  });

  it('are set only with a key that may write portals', async () => {
    const { body } = await client.call('POST', '/v1/clients', { name: 'reader', scopes: ['portals:read'] });
    expect(
      await patch({ limits: { burst: 100, drainPerSecond: 10 } }, new HttpClient(client.url, body.key)),
    ).toMatchObject({
      status: 403,
      body: { code: 'not_allowed' },
    });
    expect(await limits()).toMatchObject({ from: 'default' });
  });
});
