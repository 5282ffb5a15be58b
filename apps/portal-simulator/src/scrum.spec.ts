import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { SpecClient } from './spec-client';

const backlog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };

describe('The scrum methods of a simulated portal', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let client: SpecClient;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal({ backlogs: [backlog], groups: [125, 126, 127], burst: 1000 });
    client = new SpecClient(portal);
  });

  afterEach(() => simulator.stop());

  const refusal = (method: string, params: object) => client.refusal(`tasks.api.scrum.${method}`, params);
  const result = async (method: string, params: object = {}) =>
    (await client.call(`tasks.api.scrum.${method}`, params)).body.result;

  it('refuse what the binder cannot bind with code 100', async () => {
    const missing = await client.call('tasks.api.scrum.backlog.get');
    expect(missing).toEqual({
      status: 400,
      body: { error: 100, error_description: 'Could not find value for parameter {id}' },
    });
    const wrong = 'Invalid value {abc} to match with parameter {id}. Should be value of type int.';
    expect(await refusal('backlog.get', { id: 'abc' })).toBe(wrong);
    expect(await refusal('backlog.add', { fields: 1 })).toContain('Should be value of type array.');
    expect(await result('backlog.get', { id: '125' })).toEqual(backlog);
  });

  it('show their own refusals as the quirks of the portal say', async () => {
    const ask = async () => (await client.call('tasks.api.scrum.backlog.get', { id: 999 })).body;
    expect(await ask()).toEqual({ error: 0, error_description: 'Backlog not found' });
    Object.assign(portal.quirks, { zeroErrorAs: '0', sentenceSuffix: ' (internal error)' });
    expect(await ask()).toEqual({ error: '0', error_description: 'Backlog not found (internal error)' });
  });

  it('get a backlog by the id of its group, refusing in the documented order', async () => {
    portal.scrum.forbid(125, 1);
    expect(await refusal('backlog.get', { id: 0 })).toBe('Group id not found');
    expect(await refusal('backlog.get', { id: 126 })).toBe('Backlog not found');
    expect(await refusal('backlog.get', { id: 125 })).toBe('Access denied');
    portal.scrum.allow(125, 1);
    expect(await result('backlog.get', { id: 125 })).toEqual(backlog);
    expect((await result('backlog.getFields')).fields.groupId).toEqual({ type: 'integer' });
  });

  it('add a backlog, refusing in the documented order', async () => {
    const add = (fields: object) => refusal('backlog.add', { fields });
    expect(await add({})).toBe('Group id not found');
    expect(await add({ groupId: 999 })).toBe('Access denied');
    expect(await add({ groupId: 125, createdBy: 99 })).toBe('Backlog already added');
    expect(await add({ groupId: 126, createdBy: 99 })).toBe('createdBy user not found');
    expect(await add({ groupId: 126, modifiedBy: 99 })).toBe('modifiedBy user not found');
    expect(await add({ groupId: 126 })).toBe('Unable to add backlog');
    const fields = { groupId: 126, createdBy: 6 };
    expect(await result('backlog.add', { fields })).toEqual({ id: 2, ...fields, modifiedBy: 0 });
  });

  it('update a backlog, refusing in the documented order', async () => {
    portal.scrum.addBacklog({ groupId: 126, createdBy: 1, modifiedBy: 1 });
    portal.scrum.addItem(2, 70);
    const update = (id: number, fields: object) => refusal('backlog.update', { id, fields });
    expect(await update(0, {})).toBe('Backlog id not found');
    expect(await update(9, {})).toBe('Backlog not found');
    expect(await update(2, { groupId: 125 })).toBe('It is forbidden move a backlog with items');
    expect(await update(1, { groupId: 126 })).toBe('The target group already has a backlog');
    expect(await update(1, { createdBy: 99 })).toBe('createdBy user not found');
    expect(await update(1, { modifiedBy: 99 })).toBe('modifiedBy user not found');
    const fields = { groupId: 127 };
    expect(await result('backlog.update', { id: 1, fields })).toEqual({ ...backlog, groupId: 127, modifiedBy: 0 });
    portal.scrum.forbid(127, 1);
    expect(await update(1, {})).toBe('Access denied');
  });

  it('delete an empty backlog and answer an empty list, also when nothing was deleted', async () => {
    portal.scrum.addItem(1, 70);
    expect(await refusal('backlog.delete', { id: 1 })).toBe('It is forbidden remove a backlog with items');
    portal.scrum.items.clear();
    portal.faults.next('silent-delete');
    expect(await result('backlog.delete', { id: 1 })).toEqual([]);
    expect(portal.scrum.backlogs.has(1)).toBe(true);
    expect(await result('backlog.delete', { id: 1 })).toEqual([]);
    expect(await refusal('backlog.delete', { id: 1 })).toBe('Backlog not found');
    expect((await result('backlog.add', { fields: { groupId: 125, createdBy: 1 } })).id).toBe(2);
  });

  it('keep epics', async () => {
    const add = (fields: object) => refusal('epic.add', { fields });
    expect(await add({})).toBe('Group id not found');
    expect(await add({ groupId: 125 })).toBe('Name not found');
    expect(await add({ groupId: 9, name: 'x' })).toBe('Access denied');
    const epic = await result('epic.add', { fields: { groupId: 125, name: 'One', color: '#69dafc' } });
    expect(epic).toMatchObject({ id: 1, name: 'One', createdBy: 1, modifiedBy: 0 });
    expect((await result('epic.update', { id: 1, fields: { name: 'Two' } })).name).toBe('Two');
    expect(await result('epic.get', { id: 1 })).toMatchObject({ name: 'Two', files: { VALUE: [] } });
    portal.faults.next('silent-delete', { method: 'tasks.api.scrum.epic.delete' });
    expect(await result('epic.delete', { id: 1 })).toEqual([]);
    expect(portal.scrum.epics.has(1)).toBe(true);
    expect(await result('epic.delete', { id: 1 })).toEqual([]);
    expect(await refusal('epic.get', { id: 1 })).toBe('Epic not found');
    expect((await result('epic.add', { fields: { groupId: 125, name: 'Three' } })).id).toBe(2);
  });

  it('attach files of the Drive to an epic, which stays without those that are not there', async () => {
    portal.scrum.files.add(428);
    const fields = { groupId: 125, name: 'One' };
    expect(await refusal('epic.add', { fields: { ...fields, files: ['n9'] } })).toBe('Epic files not attached');
    expect(portal.scrum.epics.get(1)?.name).toBe('One');
    expect(await result('epic.update', { id: 1, fields: { files: ['n428'] } })).not.toHaveProperty('files');
    expect((await result('epic.get', { id: 1 })).files.VALUE).toEqual([428]);
  });

  it('page, filter and sort lists', async () => {
    for (let n = 1; n <= 52; n += 1) await result('epic.add', { fields: { groupId: 125, name: `E${n}` } });
    const first = (await client.call('tasks.api.scrum.epic.list', { order: { ID: 'desc' } })).body;
    expect(first).toMatchObject({ next: 50, total: 52 });
    expect(first.result[0].id).toBe(52);
    const rest = (await client.call('tasks.api.scrum.epic.list', { start: 50 })).body;
    expect(rest.result).toHaveLength(2);
    expect(rest).not.toHaveProperty('next');
    expect(await result('epic.list', { filter: { '>=ID': 51, '!NAME': 'E51' } })).toHaveLength(1);
    expect(await refusal('epic.list', { filter: { nope: 1 } })).toBe('Could not load list');
  });

  it('lead a sprint from planned over active to completed', async () => {
    const good = { groupId: 125, name: 'S', dateStart: '2030-01-01', dateEnd: 1_900_000_000, status: 'planned' };
    expect(await refusal('sprint.add', { fields: { ...good, dateStart: 'x' } })).toBe('Incorrect dateStart format');
    expect(await refusal('sprint.add', { fields: { ...good, dateEnd: 'x' } })).toBe('Incorrect dateEnd format');
    expect(await refusal('sprint.add', { fields: { ...good, status: 'x' } })).toBe('Incorrect sprint status');
    const { id } = await result('sprint.add', { fields: good });
    expect(id).toBe(2);
    expect((await result('sprint.start', { id })).status).toBe('active');
    expect(await refusal('sprint.start', { id })).toBe('Sprint must be planned');
    const second = { ...good, status: 'active' };
    expect(await refusal('sprint.add', { fields: second })).toBe('Unable to add two active sprint');
    expect(await refusal('backlog.update', { id, fields: {} })).toBe('Backlog not found');
    portal.scrum.addItem(id, 70);
    expect(await refusal('sprint.update', { id, fields: { groupId: 126 } })).toContain('move a sprint with items');
    portal.scrum.removeEntity(1);
    expect(await refusal('sprint.complete', { id: 125 })).toBe('Sprint items have not been moved to backlog');
    portal.scrum.addBacklog(backlog);
    expect((await result('sprint.complete', { id: 125 })).status).toBe('completed');
    expect(portal.scrum.items.get(70)?.entityId).toBe(1);
    expect((await result('sprint.list', { filter: { GROUP_ID: 125 } }))[0].entityType).toBe('sprint');
    expect(await result('sprint.delete', { id })).toEqual([]);
    expect(await refusal('sprint.get', { id })).toBe('Sprint not found');
  });

  it('keep a kanban of stages and tasks', async () => {
    const fields = { groupId: 125, name: 'S', dateStart: '2030-01-01', dateEnd: '2030-01-14', status: 'planned' };
    const { id: sprintId } = await result('sprint.add', { fields });
    portal.scrum.addTask(70, 125);
    expect(await refusal('kanban.addStage', { fields: { sprintId } })).toBe('Incorrect name format');
    const stageId = await result('kanban.addStage', { fields: { sprintId, name: 'Doing' } });
    expect((await result('kanban.getStages', { sprintId }))[0]).toMatchObject({ id: String(stageId), type: 'WORK' });
    expect(await result('kanban.addTask', { sprintId, taskId: 70, stageId })).toBe(true);
    expect(await refusal('kanban.addTask', { sprintId, taskId: 71, stageId })).toContain('must be with GROUP_ID');
    expect(await refusal('kanban.deleteStage', { stageId })).toBe('Stage has tasks');
    portal.faults.next('silent-false');
    expect(await result('kanban.deleteTask', { sprintId, taskId: 70 })).toBe(false);
    expect(await result('kanban.deleteTask', { sprintId, taskId: 70 })).toBe(true);
    const lost = { stageId, fields: { sprintId: 99 } };
    expect(await refusal('kanban.updateStage', lost)).toBe('Incorrect sprintId value');
    expect(await result('kanban.deleteStage', { stageId })).toBe(true);
  });

  it('put a task into the scrum and ignore story points that are no string', async () => {
    portal.scrum.addTask(70, 125);
    const update = (fields: object) => refusal('task.update', { id: 70, fields });
    expect(await update({})).toBe('Entity id not found');
    expect(await update({ entityId: 99 })).toBe('Access denied');
    expect(await result('task.update', { id: 70, fields: { entityId: 1, storyPoints: '8' } })).toBe(true);
    expect(await update({ epicId: 9 })).toBe('Epic not found');
    await result('task.update', { id: 70, fields: { storyPoints: 5 } });
    expect(await result('task.get', { id: 70 })).toMatchObject({ entityId: 1, storyPoints: '8' });
    expect(await refusal('task.get', { id: 71 })).toBe('Task not found');
  });
});
