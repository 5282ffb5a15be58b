import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

const task = {
  ...{ id: 70, title: 'Task 70', status: 2, priority: 1, groupId: 125, sprintId: null, backlogId: 1, stageId: null },
  ...{ parentId: null, responsibleId: 1, createdBy: 1, createdDate: '2026-11-02T09:00:00+01:00' },
  ...{ changedDate: '2026-11-02T09:00:00+01:00', closedDate: null, deadline: null, chatId: 10_070 },
};

describe('tasks over HTTP', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;
  const listed = async (query = '') => {
    const { body } = await client.get<{ items: { id: number }[] }>(at(`/tasks${query}`));
    return body.items.map(({ id }) => id);
  };
  const refusal = async (method: string, path: string, body?: object) => {
    const reply = await client.call(method, at(path), body);
    return [reply.status, reply.body.code];
  };

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'tasks', 'im'] });
    client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' });
  });
  beforeEach(async () => {
    const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100, backlogs });
    portal.scrum.addTask(70, 125);
    portal.scrum.addItem(1, 70);
    portal.scrum.addTask(71, 0);
  });
  afterAll(() => world.stop());

  it('are read with numbers where Bitrix24 writes text', async () => {
    expect(await client.get(at('/tasks/70'))).toMatchObject({ status: 200, body: task });
    expect((await client.get(at('/tasks/71'))).body).toMatchObject({ id: 71, groupId: 0, backlogId: null });
  });

  it('are read from portals with the old task card, which know less of them', async () => {
    const unknown = { sprintId: null, backlogId: null, chatId: null };
    const known = Object.fromEntries(Object.entries(task).filter(([name]) => !(name in unknown)));
    const answer = { result: { task: { ...known, id: '70', status: '2', stageId: '0', parentId: '0' } } };
    portal.scripts.set('tasks.task.get', { text: JSON.stringify(answer), times: 1 });
    const { body } = await client.get(at('/tasks/70'));
    expect(body).toEqual({ ...known, ...unknown });
  });

  it('are 404 when Bitrix24 answers with an empty list', async () => {
    expect(await refusal('GET', '/tasks/99')).toEqual([404, 'task_not_found']);
    portal.scrum.forbid(125, 1);
    expect(await refusal('GET', '/tasks/70')).toEqual([404, 'task_not_found']);
  });

  it('are listed by id, by group, place, person, status and title', async () => {
    portal.scrum.addTask(72, 125);
    Object.assign(portal.tasks.card(72), { responsibleId: 6, status: 5, title: 'Paint the door' });
    expect(await listed()).toEqual([70, 71, 72]);
    expect(await listed('?groupId=125')).toEqual([70, 72]);
    expect(await listed('?backlogId=1')).toEqual([70]);
    expect(await listed('?sprintId=7')).toEqual([]);
    expect(await listed('?responsibleId=6')).toEqual([72]);
    expect(await listed('?status=5')).toEqual([72]);
    expect(await listed('?title=the%20door')).toEqual([72]);
    expect(await refusal('GET', '/tasks?status=9')).toEqual([400, 'invalid_request']);
  });

  it('are listed page by page, without a gap when one goes away meanwhile', async () => {
    for (let id = 101; id <= 160; id++) portal.scrum.addTask(id, 126);
    const first = await client.get(at('/tasks?groupId=126'));
    portal.scrum.tasks.delete(105);
    const second = await listed(`?groupId=126&cursor=${first.body.nextCursor}`);
    expect([second[0], second.length]).toEqual([151, 10]);
  });

  it('are added with what Bitrix24 calls by other names', async () => {
    const body = { title: 'Mow', responsibleId: 6, groupId: 125, deadline: '2026-12-01T10:00:00+01:00', priority: 2 };
    const added = await client.call('POST', at('/tasks'), { ...body, auditors: [1], parentId: 70 });
    expect(added).toMatchObject({ status: 201, body: { id: 72, title: 'Mow', groupId: 125, parentId: 70 } });
    expect(added.headers.get('location')).toBe(at('/tasks/72'));
    expect(portal.requests.at(-1)?.params).toEqual({
      fields: {
        ...{ TITLE: 'Mow', RESPONSIBLE_ID: 6, DEADLINE: '2026-12-01T10:00:00+01:00', GROUP_ID: 125 },
        ...{ PARENT_ID: 70, PRIORITY: 2, AUDITORS: [1] },
      },
    });
    expect((await client.get(at('/tasks/72'))).body).toMatchObject({
      priority: 2,
      deadline: '2026-12-01T09:00:00+00:00',
    });
  });

  it('name an unknown person as such, and a group without access, too', async () => {
    const body = { title: 'Mow', responsibleId: 99 };
    expect(await refusal('POST', '/tasks', body)).toEqual([422, 'user_not_found']);
    expect(await refusal('PATCH', '/tasks/70', { responsibleId: 99 })).toEqual([422, 'user_not_found']);
    expect(await refusal('POST', '/tasks', { ...body, responsibleId: 6, groupId: 9 })).toEqual([403, 'access_denied']);
  });

  it('whose creation has no answer are not added a second time', async () => {
    portal.faults.next('cut-after', { method: 'tasks.task.add' });
    const key = { 'Idempotency-Key': 'one-task' };
    const lost = await client.call('POST', at('/tasks'), { title: 'Once', responsibleId: 6 }, key);
    expect([lost.status, lost.body.code]).toEqual([504, 'outcome_unknown']);
    await client.call('POST', at('/tasks'), { title: 'Once', responsibleId: 6 }, key);
    expect(await listed('?title=Once')).toHaveLength(1);
  });

  it('are changed, and lose a deadline that is null', async () => {
    const deadline = '2026-12-01T10:00:00+00:00';
    expect((await client.call('PATCH', at('/tasks/70'), { deadline, status: 3 })).body).toMatchObject({
      deadline,
      status: 3,
    });
    const changed = await client.call('PATCH', at('/tasks/70'), { deadline: null, title: 'Mow' });
    expect(changed).toMatchObject({ status: 200, body: { deadline: null, title: 'Mow', status: 3 } });
    expect(await refusal('PATCH', '/tasks/70', {})).toEqual([400, 'invalid_request']);
    expect(await refusal('PATCH', '/tasks/99', { title: 'x' })).toEqual([403, 'access_denied']);
  });

  it('are completed once, also when the answer is lost', async () => {
    portal.faults.next('cut-after', { method: 'tasks.task.complete' });
    const done = await client.call('POST', at('/tasks/70/complete'));
    expect(done).toMatchObject({ status: 200, body: { status: 5, closedDate: expect.any(String) } });
    expect(portal.requests.filter(({ method }) => method === 'tasks.task.complete')).toHaveLength(1);
    expect(await refusal('POST', '/tasks/70/complete')).toEqual([403, 'access_denied']);
  });

  it('have a checklist, whose parameters go by position', async () => {
    const added = await client.call('POST', at('/tasks/70/checklist'), { title: 'Mix', sort: 3, important: true });
    expect(added).toMatchObject({ status: 201, body: { id: 2 } });
    expect(portal.requests.at(-1)?.received).toMatch(/^\{"TASKID":70,"FIELDS":/);
    const list = {
      id: 1,
      taskId: 70,
      parentId: null,
      title: 'Checklist 1',
      sort: 0,
      complete: false,
      important: false,
    };
    const item = { id: 2, taskId: 70, parentId: 1, title: 'Mix', sort: 3, complete: false, important: true };
    expect((await client.get(at('/tasks/70/checklist'))).body).toEqual({ items: [list, item] });
    expect((await client.call('POST', at('/tasks/70/checklist/2/complete'))).status).toBe(204);
    const { body } = await client.get(at('/tasks/70/checklist'));
    expect(body.items[1]).toEqual({ ...item, complete: true });
    expect((await client.call('DELETE', at('/tasks/70/checklist/1'))).status).toBe(204);
    expect((await client.get(at('/tasks/70/checklist'))).body).toEqual({ items: [] });
  });

  it('refuse items of a checklist that are not there', async () => {
    const gone = [404, 'checklist_item_not_found'];
    expect(await refusal('POST', '/tasks/70/checklist/9/complete')).toEqual(gone);
    expect(await refusal('DELETE', '/tasks/70/checklist/9')).toEqual(gone);
    expect(await refusal('GET', '/tasks/99/checklist')).toEqual([403, 'access_denied']);
    expect(await refusal('POST', '/tasks/99/checklist', { title: 'x' })).toEqual([403, 'access_denied']);
  });

  it('settle the deletion of an item whose answer is lost', async () => {
    await client.call('POST', at('/tasks/70/checklist'), { title: 'Mix' });
    portal.faults.next('cut-after', { method: 'task.checklistitem.delete' });
    expect((await client.call('DELETE', at('/tasks/70/checklist/2'))).status).toBe(204);
  });

  it('take comments into their chat, from which they are read page by page', async () => {
    for (const text of ['First', 'Second', 'Third']) {
      expect((await client.call('POST', at('/tasks/70/comments'), { text })).status).toBe(204);
    }
    expect(portal.requests.at(-1)).toMatchObject({ version: 3, method: 'tasks.task.chat.message.send' });
    const { chatId } = (await client.get<{ chatId: number }>(at('/tasks/70'))).body;
    const first = await client.get(at(`/chats/${chatId}/messages?limit=2`));
    expect(first.body.items).toMatchObject([
      { text: 'Third', authorId: 1 },
      { text: 'Second', authorId: 1 },
    ]);
    const last = await client.get(at(`/chats/${chatId}/messages?limit=2&cursor=${first.body.nextCursor}`));
    expect(last.body).toEqual({ items: [expect.objectContaining({ text: 'First' })] });
  });

  it('refuse comments on a task that is not there, and never repeat one whose answer is lost', async () => {
    expect(await refusal('POST', '/tasks/99/comments', { text: 'x' })).toEqual([403, 'access_denied']);
    portal.faults.next('cut-after', { method: 'tasks.task.chat.message.send' });
    expect(await refusal('POST', '/tasks/70/comments', { text: 'Once' })).toEqual([504, 'outcome_unknown']);
    expect(portal.tasks.messages).toHaveLength(1);
  });

  it('need scopes of their own', async () => {
    const [reader, planner] = [await client.withScopes('task:read'), await client.withScopes('scrum:read')];
    expect([(await reader.get(at('/tasks/70'))).status, (await planner.get(at('/tasks/70'))).status]).toEqual([
      200, 403,
    ]);
    expect((await reader.call('POST', at('/tasks/70/complete'))).status).toBe(403);
    expect((await reader.call('POST', at('/tasks/70/comments'), { text: 'x' })).status).toBe(403);
  });
});
