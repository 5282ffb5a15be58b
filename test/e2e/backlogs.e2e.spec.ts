import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

describe('backlogs over HTTP', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
  });
  afterAll(() => world.stop());

  it('adds, reads, changes and deletes a backlog', async () => {
    const added = await client.call('POST', at('/backlogs'), { groupId: 125, createdBy: 6 });
    expect(added).toMatchObject({ status: 201, body: { groupId: 125, createdBy: 6, modifiedBy: 0 } });
    expect(added.headers.get('location')).toBe(at('/groups/125/backlog'));
    const read = await client.get(at('/groups/125/backlog'));
    expect(read).toMatchObject({ status: 200, body: { id: added.body.id, groupId: 125, createdBy: 6 } });
    const changed = await client.call('PATCH', at(`/backlogs/${added.body.id}`), { modifiedBy: 1 });
    expect(changed).toMatchObject({ status: 200, body: { ...read.body, modifiedBy: 1 } });
    expect(await client.call('DELETE', at(`/backlogs/${added.body.id}`))).toMatchObject({ status: 204, body: '' });
    expect(await client.get(at('/groups/125/backlog'))).toMatchObject({
      status: 404,
      body: { code: 'backlog_not_found' },
    });
  });

  it('tells the fields', async () => {
    const { status, body } = await client.get(at('/backlogs/fields'));
    expect({ status, body }).toMatchObject({ status: 200, body: { groupId: { type: 'integer' } } });
  });
});
