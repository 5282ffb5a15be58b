import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

describe('a task over HTTP', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;
  const withScope = async (scope: string) => {
    const { body } = await client.call('POST', '/v1/clients', { name: 'planner', scopes: [scope] });
    return new HttpClient(client.url, body.key as string);
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    portal = await world.installed(client);
    portal.scrum.addGroup(125);
    portal.scrum.addTask(70, 125);
    portal.scrum.addTask(71, 0);
  });
  afterAll(() => world.stop());

  it('is read with numbers where Bitrix24 writes text', async () => {
    const answer = await client.get(at('/tasks/70'));
    const task = { id: 70, title: 'Task 70', status: 2, groupId: 125, responsibleId: 1, createdBy: 1, deadline: null };
    expect(answer).toMatchObject({ status: 200, body: task });
    expect((await client.get(at('/tasks/71'))).body).toMatchObject({ id: 71, groupId: 0 });
  });

  it('is 404 when Bitrix24 does not find it', async () => {
    expect(await client.get(at('/tasks/99'))).toMatchObject({ status: 404, body: { code: 'task_not_found' } });
  });

  it('needs the scope task:read', async () => {
    expect((await (await withScope('task:read')).get(at('/tasks/70'))).status).toBe(200);
    expect((await (await withScope('scrum:read')).get(at('/tasks/70'))).status).toBe(403);
  });
});
