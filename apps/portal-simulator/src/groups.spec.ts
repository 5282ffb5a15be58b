import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { SpecClient } from './spec-client';

describe('The groups of a simulated portal', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let client: SpecClient;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal({ groups: [125, 126], burst: 1000 });
    client = new SpecClient(portal);
  });
  afterEach(() => simulator.stop());

  const result = async (method: string, params: object = {}) => (await client.call(method, params)).body.result;

  it('are created under the next id, with upper-case names only', async () => {
    expect(await result('sonet_group.create', { NAME: 'Checkout', SCRUM_MASTER_ID: 6, PROJECT: 'Y' })).toBe(127);
    const read = await result('socialnetwork.api.workgroup.get', { params: { groupId: 127 } });
    expect(read).toMatchObject({ ID: 127, NAME: 'Checkout', TYPE: 'scrum', SCRUM_MASTER_ID: 6, PROJECT: 'Y' });
    const refused = await client.call('sonet_group.create', { name: 'Checkout' });
    expect(refused).toEqual({ status: 400, body: { error: '', error_description: 'Cannot create group' } });
  });

  it('are listed as text, newest first, without their type', async () => {
    const { result: groups, total } = (await client.call('sonet_group.get', { FILTER: { '>ID': 100 } })).body;
    expect(groups).toMatchObject([{ ID: '126' }, { ID: '125' }]);
    expect([total, groups[0].OWNER_ID, 'TYPE' in groups[0]]).toEqual([2, '1', false]);
  });

  it('are listed by the controller under a key, with the ids only unless more is selected', async () => {
    const list = 'socialnetwork.api.workgroup.list';
    expect(await result(list, { order: { ID: 'asc' } })).toEqual({ workgroups: [{ id: '125' }, { id: '126' }] });
    const select = ['ID', 'TYPE', 'SCRUM_MASTER_ID', 'NO_SUCH'];
    const answer = (await client.call(list, { filter: { ID: 125 }, select, start: -1 })).body;
    expect(answer.result).toEqual({ workgroups: [{ id: '125', type: 'scrum', scrumMasterId: '1' }] });
    expect('total' in answer).toBe(false);
  });

  it('refuse members and details of those that a user may not see', async () => {
    portal.scrum.forbid(126, 1);
    expect(await client.refusal('sonet_group.user.get', { ID: 126 })).toBe('Socialnetwork group not found');
    expect(await client.refusal('sonet_group.user.get')).toBe('Wrong socialnetwork group ID');
    const { body } = await client.call('socialnetwork.api.workgroup.get', { params: { groupId: 126 } });
    expect(body.error).toBe('SONET_CONTROLLER_WORKGROUP_NOT_FOUND');
    expect(await result('sonet_group.user.get', { ID: 125 })).toEqual([{ USER_ID: '1', ROLE: 'A' }]);
  });
});
