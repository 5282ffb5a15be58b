import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

describe('users over HTTP', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;
  const found = async (query: string) => {
    const { body } = await client.get<{ items: { id: number }[] }>(at(`/users${query}`));
    return body.items.map(({ id }) => id);
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' });
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    for (let id = 101; id <= 160; id++) portal.scrum.users.add(id);
  });
  afterAll(() => world.stop());

  it('are read with their names', async () => {
    const user = { id: 6, active: true, firstName: 'User', lastName: '6', email: 'user6@example.com' };
    expect((await client.get(at('/users/6'))).body).toEqual({ ...user, position: '', type: 'employee' });
  });

  it('are read without what the app may not see', async () => {
    portal.scripts.set('user.get', { text: '{"result":[{"ID":"6","ACTIVE":false,"NAME":"Ada"}]}', times: 1 });
    const user = { id: 6, active: false, firstName: 'Ada', lastName: '', email: '', position: '', type: '' };
    expect((await client.get(at('/users/6'))).body).toEqual(user);
  });

  it('that do not exist are user_not_found', async () => {
    expect(await client.get(at('/users/99'))).toMatchObject({ status: 422, body: { code: 'user_not_found' } });
  });

  it('are found by the beginnings of words', async () => {
    expect(await found('?find=user%20106')).toEqual([106]);
    expect(await found('?find=6')).toEqual([6]);
    expect(await found('?find=nobody')).toEqual([]);
  });

  it('are listed 50 a page by id', async () => {
    const first = await client.get(at('/users'));
    expect([first.body.items.length, first.body.nextCursor]).toEqual([50, '50']);
    const ids = await found('?cursor=50');
    expect([ids.length, ids.at(-1)]).toEqual([12, 160]);
    expect((await client.get(at('/users?cursor=50'))).body).not.toHaveProperty('nextCursor');
    expect((await client.get(at('/users?cursor=x'))).body.errors[0].path).toBe('cursor');
  });

  it('are for keys with the scope user:read', async () => {
    const withScope = async (scope: string) => {
      const { body } = await client.call('POST', '/v1/clients', { name: 'directory', scopes: [scope] });
      return (await new HttpClient(client.url, body.key as string).get(at('/users/6'))).status;
    };
    expect([await withScope('user:read'), await withScope('task:read')]).toEqual([200, 403]);
  });
});
