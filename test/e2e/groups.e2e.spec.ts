import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

describe('groups over HTTP', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' });
  });
  beforeEach(async () => {
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    portal.groups.add({ id: 126, name: 'Garden', type: 'group', ownerId: 6, scrumMasterId: 0, isClosed: true });
  });
  afterAll(() => world.stop());

  it('are created as scrums, and read with the id that Bitrix24 returned', async () => {
    const added = await client.call('POST', at('/groups'), { name: 'Checkout', scrumMasterId: 6, visible: false });
    expect(added).toMatchObject({ status: 201, body: { id: 127 } });
    expect(added.headers.get('location')).toBe(at('/groups/127'));
    const sent = { NAME: 'Checkout', SCRUM_MASTER_ID: 6, PROJECT: 'Y', VISIBLE: 'N' };
    expect(portal.requests.at(-1)?.params).toEqual(sent);
    expect((await client.get(at('/groups/127'))).body).toEqual({
      ...{ id: 127, name: 'Checkout', description: '', type: 'scrum', ownerId: 1, scrumMasterId: 6, memberCount: 1 },
      ...{ visible: false, open: false, closed: false },
    });
  });

  it('are created as projects and as plain groups, too', async () => {
    for (const body of [{ name: 'Move', project: true }, { name: 'Choir' }]) {
      expect((await client.call('POST', at('/groups'), body)).status).toBe(201);
    }
    const { body } = await client.get(at('/groups?cursor=YWZ0ZXIgMTI2'));
    expect(body.items).toMatchObject([
      { name: 'Move', type: 'project' },
      { name: 'Choir', type: 'group' },
    ]);
  });

  it('are listed by id, page by page, with their type', async () => {
    const first = await client.get(at('/groups?limit=1'));
    expect(first.body.items).toMatchObject([{ id: 125, type: 'scrum', scrumMasterId: 1 }]);
    const second = await client.get(at(`/groups?limit=1&cursor=${first.body.nextCursor}`));
    expect(second.body.items).toMatchObject([{ id: 126, name: 'Garden', type: 'group', scrumMasterId: 0 }]);
    expect((await client.get(at('/groups?name=arde&closed=true'))).body.items).toHaveLength(1);
    expect((await client.get(at('/groups?closed=false'))).body.items).toMatchObject([{ id: 125 }]);
    expect((await client.get(at('/groups?closed=maybe'))).status).toBe(400);
  });

  it('list their members with their roles', async () => {
    portal.groups.row(125).members.push({ userId: 6, role: 'E' }, { userId: 8, role: 'K' });
    const items = [
      { userId: 1, role: 'owner' },
      { userId: 6, role: 'moderator' },
      { userId: 8, role: 'member' },
    ];
    expect((await client.get(at('/groups/125/members'))).body).toEqual({ items });
  });

  it('that do not exist, or that the user may not see, are refused as such', async () => {
    portal.scrum.forbid(126, 1);
    for (const path of ['/groups/999', '/groups/126', '/groups/999/members', '/groups/126/members']) {
      const { status, body } = await client.get(at(path));
      expect([path, status, body.code]).toEqual([path, 422, 'group_not_found']);
    }
    expect((await client.get(at('/groups'))).body.items).toHaveLength(1);
  });

  it('whose creation has no answer are not created a second time', async () => {
    portal.faults.next('cut-after', { method: 'sonet_group.create' });
    const key = { 'Idempotency-Key': 'one-group' };
    const lost = await client.call('POST', at('/groups'), { name: 'Once' }, key);
    expect([lost.status, lost.body.code]).toEqual([504, 'outcome_unknown']);
    expect(lost.body.detail).toContain('/groups?name=');
    expect((await client.call('POST', at('/groups'), { name: 'Once' }, key)).body.code).toBe('outcome_unknown');
    expect((await client.get(at('/groups?name=Once'))).body.items).toHaveLength(1);
  });

  it('are for keys with their own scopes', async () => {
    const [reader, writer] = [await client.withScopes('group:read'), await client.withScopes('group:write')];
    expect([(await reader.get(at('/groups'))).status, (await writer.get(at('/groups'))).status]).toEqual([200, 403]);
    const write = (by: HttpClient) => by.call('POST', at('/groups'), { name: 'Own' });
    expect([(await write(reader)).status, (await write(writer)).status]).toEqual([403, 201]);
  });
});
