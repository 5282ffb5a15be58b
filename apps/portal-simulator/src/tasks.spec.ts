import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { SpecClient } from './spec-client';

describe('The tasks of a simulated portal', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let client: SpecClient;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start({ scope: ['task', 'tasks', 'im'] });
    portal = await simulator.addPortal({ burst: 1000 });
    client = new SpecClient(portal);
    portal.scrum.addTask(70, 125);
  });
  afterEach(() => simulator.stop());

  const call = async (method: string, params: object = {}) => (await client.call(`tasks.task.${method}`, params)).body;
  const item = (method: string, body: string) => client.send(`task.checklistitem.${method}`, body);
  const withToken = (params: string) => `{"auth":"${client.token}",${params}}`;

  it('are shown with camel-case names, and numbers as text', async () => {
    const select = ['ID', 'STATUS', 'GROUP_ID', 'PARENT_ID', 'NO_SUCH'];
    const task = { id: '70', status: '2', groupId: '125', parentId: null, group: [], action: {} };
    expect((await call('get', { taskId: 70, select })).result).toEqual({ task });
    expect((await call('get', { taskId: 99 })).result).toEqual([]);
    const odd = await call('get', { taskId: 70, select: 'ID' });
    expect(odd).toMatchObject({ error: 100, error_description: expect.stringContaining('{select}') });
  });

  it('are listed under a key, newest first, 50 a page, with a count unless start is -1', async () => {
    for (let id = 101; id <= 160; id++) portal.scrum.addTask(id, 126);
    const first = await call('list', { filter: { GROUP_ID: 126 }, select: ['ID'] });
    expect(first).toMatchObject({ total: 60, next: 50 });
    expect([first.result.tasks.length, first.result.tasks[0]]).toEqual([50, { id: '160' }]);
    const uncounted = await call('list', { filter: { '>ID': 158 }, order: { ID: 'asc' }, start: -1, select: ['ID'] });
    expect([uncounted.result.tasks, uncounted.total]).toEqual([[{ id: '159' }, { id: '160' }], undefined]);
    const refused = await call('list', { order: { NO_SUCH: 'asc' } });
    expect(refused).toMatchObject({ error: 0, error_description: 'Invalid sorting key (internal error)' });
  });

  it('are found by their backlog and their sprint, and may hide which one that is', async () => {
    portal.scrum.addBacklog({ id: 1, groupId: 125, createdBy: 1, modifiedBy: 1 });
    portal.scrum.addItem(1, 70);
    const find = async () => (await call('list', { filter: { BACKLOG_ID: 1 }, select: ['ID', 'BACKLOG_ID'] })).result;
    expect(await find()).toEqual({ tasks: [{ id: '70', backlogId: '1' }] });
    portal.quirks.taskPlaces = 'absent';
    expect(await find()).toEqual({ tasks: [{ id: '70' }] });
  });

  it('refuse in the documented words', async () => {
    const words = async (method: string, params: object) => {
      const { error, error_description: description } = await call(method, params);
      return [error, description];
    };
    const core = (sentence: string) => ['ERROR_CORE', `${sentence}<br>`];
    expect(await words('add', { fields: {} })).toEqual(core('Task title is not specified'));
    expect(await words('add', { fields: { TITLE: 'x' } })).toEqual(core('Responsible person not specified'));
    const unknown = { TITLE: 'x', RESPONSIBLE_ID: 99 };
    const nobody = 'User specified in the "Responsible" field not found';
    expect(await words('add', { fields: unknown })).toEqual(core(nobody));
    expect(await words('update', { taskId: 70, fields: { STATUS: 9 } })).toEqual(core('Invalid status'));
    expect(await words('complete', { taskId: 99 })).toEqual([0, 'Action on the task is not allowed']);
    expect((await call('complete', { taskId: 70 })).result.task).toMatchObject({ status: '5', closedBy: '1' });
    expect(await words('complete', { taskId: 70 })).toEqual([0, 'Action on the task is not allowed']);
  });

  it('read the parameters of a checklist by their position', async () => {
    const added = await item('add', withToken('"TASKID":70,"FIELDS":{"TITLE":"Mix"}'));
    expect(added.body.result).toBe(2);
    expect((await item('complete', withToken('"TASKID":70,"ITEMID":2'))).body.result).toBe(true);
    const swapped = await item('complete', withToken('"ITEMID":2,"TASKID":70'));
    expect(swapped.body.result).toBe(false);
    const nothing = await item('delete', withToken('"TASKID":70'));
    const sentence = 'Param #1 (itemId) expected by method ctaskchecklistitem::delete(), but not given.';
    expect(nothing.body.error_description).toBe(`TASKS_ERROR_EXCEPTION_#256; ${sentence}; 256/TE/WRONG_ARGUMENTS<br>`);
    const [first] = (await item('getlist', withToken('"TASKID":70'))).body.result as unknown[];
    expect(first).toMatchObject({ ID: '2', PARENT_ID: '1', IS_COMPLETE: 'Y', TOGGLED_BY: '1' });
  });

  it('have a chat, which version 3 writes to and version 1 reads', async () => {
    const send = (body: object) =>
      client.send('api/tasks.task.chat.message.send', JSON.stringify({ auth: client.token, ...body }));
    expect((await send({ fields: { taskId: 70, text: 'Hello' } })).body.result).toEqual({ result: true });
    expect(await send({ fields: { taskId: 99, text: 'Hello' } })).toMatchObject({ status: 403 });
    expect((await send({ fields: { taskId: 70 } })).body.error.validation[0].field).toBe('text');
    const read = await client.call('im.dialog.messages.get', { DIALOG_ID: 'chat10070' });
    expect(read.body.result.messages).toMatchObject([{ id: 1, author_id: 1, text: 'Hello' }]);
    expect((await client.call('im.dialog.messages.get', { DIALOG_ID: 'chat99' })).body.error).toBe('ACCESS_ERROR');
  });
});
