import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, type HttpReply, World } from '../support/gateway';

const dates = { dateStart: '2026-11-02T09:00:00+01:00', dateEnd: '2026-11-16T09:00:00Z' };
const backlog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };

describe('a scrum over HTTP', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;
  const calls = (method: string) => portal.requests.filter((it) => it.method === `tasks.api.scrum.${method}`);
  const add = async (path: string, body: object) => {
    const reply = await client.call('POST', at(path), body);
    expect([path, reply.status]).toEqual([path, 201]);
    return reply;
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' });
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100, backlogs: [backlog] });
    for (const task of [70, 71]) portal.scrum.addTask(task, 125);
    portal.scrum.files.add(428);
  });
  afterAll(() => world.stop());

  it('adds, reads, changes and deletes an epic', async () => {
    const added = await add('/groups/125/epics', { name: 'Sign-up', color: '#69dafc', files: [428] });
    const { id } = added.body;
    const epic = { id, groupId: 125, name: 'Sign-up', description: '', color: '#69dafc', createdBy: 1, modifiedBy: 0 };
    expect(added.body).toEqual(epic);
    expect(added.headers.get('location')).toBe(at(`/epics/${id}`));
    expect(calls('epic.add').at(-1)?.params).toMatchObject({ fields: { files: ['n428'] } });
    expect((await client.get(at(`/epics/${id}`))).body).toEqual({ ...epic, files: [428] });
    const changed = await client.call('PATCH', at(`/epics/${id}`), { description: 'Form', files: [] });
    expect(changed).toMatchObject({ status: 200, body: { ...epic, description: 'Form', modifiedBy: 1 } });
    expect((await client.get(at(`/epics/${id}`))).body).toMatchObject({ files: [] });
    expect(await client.call('DELETE', at(`/epics/${id}`))).toMatchObject({ status: 204, body: '' });
    expect((await client.get(at(`/epics/${id}`))).body.code).toBe('epic_not_found');
  });

  it('leads a sprint from planned over active to completed, its dates in ISO 8601 both ways', async () => {
    const { body: sprint, headers } = await add('/groups/125/sprints', { name: 'Sprint 1', ...dates, sort: 3 });
    expect(sprint).toEqual({
      ...{ id: sprint.id, groupId: 125, name: 'Sprint 1', goal: '', sort: 3, createdBy: 0, modifiedBy: 0 },
      ...{ dateStart: '2026-11-02T08:00:00+00:00', dateEnd: '2026-11-16T09:00:00+00:00', status: 'planned' },
    });
    expect(headers.get('location')).toBe(at(`/sprints/${sprint.id}`));
    expect((await client.get(at(`/sprints/${sprint.id}`))).body).toEqual(sprint);
    const changed = await client.call('PATCH', at(`/sprints/${sprint.id}`), { dateEnd: '2026-11-17T00:30:00.5+02:00' });
    expect(changed).toMatchObject({ status: 200, body: { ...sprint, dateEnd: '2026-11-16T22:30:00+00:00' } });
    const started = await client.call('POST', at(`/sprints/${sprint.id}/start`));
    expect(started).toMatchObject({ status: 200, body: { id: sprint.id, status: 'active' } });
    const active = await client.get(at('/groups/125/sprints?status=active&name=rint'));
    expect(active.body).toEqual({ items: [started.body] });
    const completed = await client.call('POST', at('/groups/125/sprints/complete'));
    expect(completed).toMatchObject({ status: 200, body: { id: sprint.id, status: 'completed' } });
    expect((await client.get(at('/groups/125/sprints?status=active'))).body).toEqual({ items: [] });
    expect((await client.call('DELETE', at(`/sprints/${sprint.id}`))).status).toBe(204);
    expect((await client.get(at(`/sprints/${sprint.id}`))).body.code).toBe('sprint_not_found');
  });

  it('keeps the board of a sprint: ids are numbers, also where the portal writes strings', async () => {
    const { body: sprint } = await add('/groups/125/sprints', { name: 'Board', ...dates });
    const stages = at(`/sprints/${sprint.id}/stages`);
    const added = await add(`/sprints/${sprint.id}/stages`, { name: 'Doing', type: 'WORK', sort: 200 });
    expect(added.body).toEqual({ id: expect.any(Number) });
    expect(added.headers.get('location')).toBe(stages);
    const { id } = added.body;
    const shown = { id, sprintId: sprint.id, name: 'Doing', type: 'WORK', sort: 200, color: '00C4FB' };
    expect((await client.get(stages)).body).toEqual({ items: [shown] });
    expect(await client.call('PATCH', at(`/stages/${id}`), { name: 'Done', type: 'FINISH' })).toMatchObject({
      status: 204,
      body: '',
    });
    expect((await client.get(stages)).body).toEqual({ items: [{ ...shown, name: 'Done', type: 'FINISH' }] });
    const place = at(`/sprints/${sprint.id}/tasks/70`);
    expect((await client.call('PUT', place, { stageId: id })).status).toBe(204);
    expect(portal.scrum.stageOfTask.get(70)).toBe(id);
    expect((await client.call('DELETE', place)).status).toBe(204);
    expect(portal.scrum.stageOfTask.has(70)).toBe(false);
    expect((await client.call('DELETE', at(`/stages/${id}`))).status).toBe(204);
    expect((await client.get(stages)).body).toEqual({ items: [] });
  });

  it('puts a task into the scrum, with story points that arrive as the text they are', async () => {
    const scrum = at('/tasks/70/scrum');
    expect((await client.call('PATCH', scrum, { entityId: 1, storyPoints: '8' })).status).toBe(204);
    expect(calls('task.update').at(-1)?.params).toMatchObject({ fields: { storyPoints: '8' } });
    const place = { entityId: 1, storyPoints: '8', epicId: 0, sort: 1, createdBy: 0, modifiedBy: 0 };
    expect(await client.get(scrum)).toMatchObject({ status: 200, body: place });
    const before = portal.requests.length;
    const number = await client.call('PATCH', scrum, { storyPoints: 5 });
    expect([number.status, number.body.errors[0].path]).toEqual([400, 'storyPoints']);
    expect(portal.requests).toHaveLength(before);
  });

  it('tells the fields of each', async () => {
    const paths = ['/epics/fields', '/sprints/fields', '/stages/fields', '/tasks/scrum/fields'];
    const answers = await Promise.all(paths.map((path) => client.get(at(path))));
    const known = ['color', 'dateStart', 'sprintId', 'storyPoints'];
    answers.forEach(({ status, body }, i) => {
      expect([status, body[known[i] ?? ''].type]).toEqual([200, expect.stringMatching(/^(string|integer)$/)]);
    });
  });

  it('calls the `false` of a portal a refusal, kept for whoever asks again', async () => {
    const { body: sprint } = await add('/groups/125/sprints', { name: 'False', ...dates });
    const { body: stage } = await add(`/sprints/${sprint.id}/stages`, { name: 'Doing' });
    const writes: [string, string, string, object?][] = [
      ['kanban.updateStage', 'PATCH', `/stages/${stage.id}`, { name: 'x' }],
      ['kanban.addTask', 'PUT', `/sprints/${sprint.id}/tasks/70`, { stageId: stage.id }],
      ['kanban.deleteTask', 'DELETE', `/sprints/${sprint.id}/tasks/70`],
      ['kanban.deleteStage', 'DELETE', `/stages/${stage.id}`],
      ['task.update', 'PATCH', '/tasks/70/scrum', { storyPoints: '1' }],
    ];
    for (const [name, verb, path, body] of writes) {
      portal.faults.next('silent-false', { method: `tasks.api.scrum.${name}` });
      const key = { 'Idempotency-Key': name };
      const refused = await client.call(verb, at(path), body, key);
      expect([name, refused.status, refused.body.code]).toEqual([name, 422, 'rejected_by_portal']);
      expect(refused.body.upstream).toMatchObject({ status: 200, description: 'false' });
      expect((await client.call(verb, at(path), body, key)).body).toEqual(refused.body);
    }
  });

  it('is for keys with its own scopes', async () => {
    const keyed = async (scopes: string[]) => {
      const { body } = await client.call('POST', '/v1/clients', { name: 'planner', scopes });
      return new HttpClient(client.url, body.key as string);
    };
    const [backlogs, reader, writer] = await Promise.all(
      [['backlog:read', 'backlog:write'], ['scrum:read'], ['scrum:write']].map(keyed),
    );
    const read = (by?: HttpClient) => by?.get(at('/groups/125/epics'));
    const write = (by?: HttpClient) => by?.call('POST', at('/groups/125/epics'), { name: 'x' });
    const reported: (number | undefined)[] = [];
    for (const by of [backlogs, reader, writer]) reported.push((await read(by))?.status, (await write(by))?.status);
    expect(reported).toEqual([403, 403, 200, 403, 403, 201]);
  });

  it('tells the audit log the ids of a write, and of its texts only that they were there', async () => {
    const { headers } = await client.call('PATCH', at('/tasks/71/scrum'), { entityId: 1, storyPoints: 'secret' });
    const reported = await client.get(`/v1/audit?requestId=${headers.get('x-request-id')}`);
    expect(reported.body.items[0]).toMatchObject({
      action: 'updateTaskScrum',
      ids: { taskId: 71, entityId: 1, storyPoints: 'set' },
    });
  });
});

describe('lists of a scrum', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const list = (query: string) => client.get(`/v1/portals/${portal.memberId}/groups/125/${query}`);
  const epic = (id: number, groupId = 125) => {
    const texts = { name: `Epic ${id}`, description: '', color: '' };
    portal.scrum.epics.set(id, { id, groupId, ...texts, createdBy: 1, modifiedBy: 0, files: [] });
  };
  const all = async (path: string, between: () => void = () => undefined) => {
    const pages: { id: number }[][] = [];
    let cursor: string | undefined;
    do {
      const { body } = await list(`${path}${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      pages.push(body.items as { id: number }[]);
      cursor = body.nextCursor as string | undefined;
      between();
    } while (cursor !== undefined);
    return pages;
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
  });
  beforeEach(async () => {
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    for (let id = 1; id <= 120; id++) epic(id);
    epic(121, 126);
  });
  afterAll(() => world.stop());

  it.each([
    ['epics?', [50, 50, 20]],
    ['epics?limit=50', [50, 50, 20]],
    ['epics?limit=40', [40, 40, 40]],
    ['epics?limit=45&name=Epic 1', [32]],
  ])('come in pages: %s', async (path, sizes) => {
    const pages = await all(path);
    expect(pages.map((page) => page.length).filter((size) => size > 0)).toEqual(sizes);
    const ids = pages.flat().map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  });

  it('neither skip nor repeat one when others are deleted and added between the pages', async () => {
    let gone = 0;
    const pages = await all('epics?limit=30', () => {
      portal.scrum.epics.delete(++gone);
      epic(200 + gone);
    });
    const ids = pages.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => id <= 120)).toHaveLength(120);
  });

  it.each(['epics?limit=0', 'epics?limit=51', 'epics?limit=x', 'epics?cursor=x', 'sprints?status=open', 'epics?name='])(
    'take no %s',
    async (path) => {
      const before = portal.requests.length;
      expect(await list(path)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(portal.requests).toHaveLength(before);
    },
  );
});

describe('texts of users', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_BURST: '5', B24_DRAIN_PER_SECOND: '2' });
    portal = await world.installed(client, { backlogs: [backlog] });
  });
  afterAll(() => world.stop());

  it('that hold a reference arrive as they are, in a request of their own, while others share theirs', async () => {
    const at = `/v1/portals/${portal.memberId}/groups/125/epics`;
    const hostile = ['$result[secret]', 'pay $total[0] & $next', '$ERRORx[c]'];
    const harmless = Array.from({ length: 20 }, (_, i) => `Epic ${i} – "ä" 100% [x]=1&y`);
    const names = [...harmless.slice(0, 10), ...hostile, ...harmless.slice(10)];
    const answers: HttpReply[] = await Promise.all(names.map((name) => client.call('POST', at, { name })));
    expect(answers.map(({ status, body }) => [status, body['name']])).toEqual(names.map((name) => [201, name]));
    expect([...portal.scrum.epics.values()].map(({ name }) => name).sort()).toEqual([...names].sort());
    const sent = portal.requests.filter(({ method }) => method === 'tasks.api.scrum.epic.add');
    const shared = sent.filter(({ batchOf }) => batchOf !== undefined);
    expect(shared.length).toBeGreaterThan(10);
    expect(shared.filter(({ params }) => JSON.stringify(params).includes('$'))).toEqual([]);
    expect(sent).toHaveLength(names.length);
  });
});
