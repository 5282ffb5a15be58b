import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

const sprintOf = (id: number, status: 'planned' | 'active' | 'completed') => ({
  ...{ id, groupId: 125, name: `Sprint ${id}`, goal: '', sort: id, createdBy: 1, modifiedBy: 0, status },
  ...{ dateStart: '2026-11-02T08:00:00+00:00', dateEnd: '2026-11-16T08:00:00+00:00' },
});

describe('the board of a scrum', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;
  const board = (query = '', headers?: Record<string, string>) => client.get(at(`/groups/125/board${query}`), headers);
  const requests = () => portal.requests.filter(({ batchOf }) => batchOf === undefined);
  const place = (entityId: number, from: number, count: number) => {
    for (let id = from; id < from + count; id++) {
      portal.scrum.addTask(id, 125);
      portal.scrum.addItem(entityId, id);
    }
  };
  const idsOf = (tasks: readonly { id: number }[]) => tasks.map(({ id }) => id);
  const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  /** Runs once, before the portal answers its nth request from now. */
  const beforeRequest = (n: number, act: () => void) => {
    let seen = 0;
    portal.faults.whenever(({ place: where }) => {
      if (where === 'batch' && ++seen === n) act();
      return undefined;
    });
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' });
  });
  beforeEach(async () => {
    const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100, backlogs });
    portal.scrum.sprints.set(7, sprintOf(7, 'active'));
    for (const [id, name, type] of [
      [58, 'New', 'NEW'],
      [59, 'Done', 'FINISH'],
    ] as const)
      portal.scrum.stages.set(id, { id, sprintId: 7, name, type, sort: id, color: '00C4FB' });
    portal.scrum.epics.set(3, {
      ...{ id: 3, groupId: 125, name: 'Sign-up', description: '', color: '#69dafc', files: [] },
      ...{ createdBy: 6, modifiedBy: 0 },
    });
    place(1, 70, 2);
    place(7, 80, 1);
    portal.scrum.stageOfTask.set(80, 58);
  });
  afterAll(() => world.stop());

  it('is one request when it is small: group, backlog, epics, sprints, stages and tasks', async () => {
    portal.scrum.addTask(90, 125);
    const { status, body } = await board();
    expect([status, body.requests, requests()]).toEqual([200, 1, [expect.objectContaining({ method: 'batch' })]]);
    expect(body).toMatchObject({
      group: { id: 125, type: 'scrum', scrumMasterId: 1 },
      backlog: { id: 1, groupId: 125 },
      epics: [{ id: 3, name: 'Sign-up' }],
      sprints: [{ id: 7, status: 'active' }],
      stages: [
        { id: 58, sprintId: 7 },
        { id: 59, sprintId: 7 },
      ],
      tasks: [
        { id: 70, backlogId: 1, sprintId: null },
        { id: 71, backlogId: 1, sprintId: null },
        { id: 80, backlogId: null, sprintId: 7, stageId: 58 },
      ],
    });
    expect(body).not.toHaveProperty('changedMeanwhile');
  });

  it('has planned sprints, and completed ones on request', async () => {
    portal.scrum.sprints.set(8, sprintOf(8, 'planned'));
    portal.scrum.sprints.set(6, sprintOf(6, 'completed'));
    place(8, 100, 60);
    place(6, 200, 3);
    const { body } = await board();
    expect([idsOf(body.sprints), idsOf(body.tasks)]).toEqual([
      [7, 8],
      [70, 71, 80, ...range(100, 60)],
    ]);
    expect(body.requests).toBe(3);
    const all = (await board('?completed=true')).body;
    expect([idsOf(all.sprints), all.tasks.length]).toEqual([[7, 8, 6], 66]);
  });

  it('of 2,000 tasks takes two requests, and has each task once', async () => {
    place(1, 1000, 1950);
    place(7, 5000, 47);
    const { body } = await board();
    expect([body.requests, requests().length]).toEqual([2, 2]);
    expect(idsOf(body.tasks)).toEqual([70, 71, ...range(1000, 1950), 80, ...range(5000, 47)]);
    expect(body).not.toHaveProperty('changedMeanwhile');
  });

  it('has story points, epics and positions on request, for 50 more tasks a request', async () => {
    place(1, 1000, 117);
    Object.assign(portal.scrum.items.get(80) ?? {}, { storyPoints: '8', epicId: 3, sort: 4 });
    const { body } = await board('?scrumFields=true');
    expect(body.tasks[119]).toMatchObject({ id: 80, storyPoints: '8', epicId: 3, sort: 4 });
    expect([body.tasks.length, body.requests]).toEqual([120, 1 + 1 + 3 + 1]);
    expect((await board()).body.tasks[119]).not.toHaveProperty('storyPoints');
  });

  it('of a scrum whose planning page nobody opened has no backlog', async () => {
    portal.scrum.addGroup(126);
    const { status, body } = await client.get(at('/groups/126/board'));
    expect([status, body.backlog, body.tasks, body.group.id]).toEqual([200, null, [], 126]);
  });

  it('is refused for a group that is no scrum, and for one that is not there', async () => {
    portal.groups.add({ id: 126, name: 'Garden', type: 'group', ownerId: 1, scrumMasterId: 0 });
    const code = async (id: number) => {
      const { status, body } = await client.get(at(`/groups/${id}/board`));
      return [status, body.code];
    };
    expect(await code(126)).toEqual([422, 'group_not_scrum']);
    expect(await code(999)).toEqual([422, 'group_not_found']);
    portal.scrum.forbid(125, 1);
    expect(await code(125)).toEqual([422, 'group_not_found']);
  });

  it('is read without the group by an app that may not read groups', async () => {
    portal.faults.whenever(({ method }) =>
      method === 'socialnetwork.api.workgroup.get' ? { kind: 'insufficient_scope' } : undefined,
    );
    const { status, body } = await board();
    expect([status, body.group, body.tasks.length]).toEqual([200, null, 3]);
    const none = await client.get(at('/groups/999/board'));
    expect([none.status, none.body.code]).toEqual([404, 'backlog_not_found']);
  });

  it('is the same whether or not the portal says where its tasks are', async () => {
    const { body: shown } = await board();
    portal.quirks.taskPlaces = 'absent';
    expect((await board()).body).toEqual(shown);
  });

  it('of a portal that ignores the filter by sprint is no board', async () => {
    const task = (id: number) => ({
      id: `${id}`,
      title: 'x',
      status: '2',
      groupId: '125',
      responsibleId: '1',
      createdBy: '1',
      createdDate: null,
    });
    portal.scripts.set('tasks.task.list', {
      text: JSON.stringify({ result: { tasks: [task(70), task(71)] }, total: 2 }),
    });
    const { status, body } = await board();
    expect([status, body.code]).toEqual([502, 'list_not_walkable']);
  });

  it.each([1, 2])('is a problem, and never a part of a board, when the portal fails at request %d', async (n) => {
    place(1, 1000, 1000);
    portal.faults.next('html', { method: 'batch', skip: n - 1 });
    for (const accept of ['application/json', 'application/x-ndjson']) {
      portal.faults.clear();
      portal.faults.next('html', { method: 'batch', skip: n - 1 });
      const { status, body, headers } = await board('', { Accept: accept });
      expect([status, body.code, headers.get('etag')]).toEqual([502, 'portal_error', null]);
    }
  });

  it('is a problem when one of its parts is refused, or not run', async () => {
    portal.faults.next('error-0', {
      method: 'tasks.api.scrum.epic.list',
      description: 'Could not load list',
      level: 'item',
    });
    expect((await board()).body.code).toBe('rejected_by_portal');
    portal.faults.next('unrun', { method: 'batch', ranOnly: 4 });
    expect((await board()).body.code).toBe('portal_error');
    expect((await board()).status).toBe(200);
  });

  it.each([
    [
      'a task is changed',
      'tasks',
      [71],
      () => Object.assign(portal.tasks.card(71), { changedDate: '2026-12-01T00:00:00+00:00' }),
    ],
    ['a task moves unnoticed', 'tasks', [], () => Object.assign(portal.scrum.items.get(71) ?? {}, { entityId: 7 })],
    ['a task is removed', 'tasks', [], () => portal.scrum.tasks.delete(71)],
    ['an epic is added', 'epics', [4], () => portal.scrum.epics.set(4, { ...portal.scrum.epics.get(3)!, id: 4 })],
    ['a sprint ends', 'sprints', [7], () => portal.scrum.sprints.set(7, sprintOf(7, 'completed'))],
    [
      'the backlog goes',
      'backlog',
      [1],
      () => portal.scrum.backlogs.set(1, { ...portal.scrum.backlogs.get(1)!, modifiedBy: 6 }),
    ],
  ])('says so when %s meanwhile, and has no ETag then', async (_what, what, ids, act) => {
    place(1, 1000, 100);
    beforeRequest(2, act);
    const { status, body, headers } = await board();
    expect([status, body.changedMeanwhile]).toEqual([200, expect.arrayContaining([{ what, ids }])]);
    expect(headers.get('etag')).toBeNull();
    const settled = await board();
    expect([settled.body.changedMeanwhile, settled.headers.get('etag')]).toEqual([undefined, expect.any(String)]);
  });

  it('shows a task that moves ahead of the reader once, where it was seen last', async () => {
    portal.scrum.sprints.set(8, sprintOf(8, 'planned'));
    beforeRequest(2, () => Object.assign(portal.scrum.items.get(70) ?? {}, { entityId: 8 }));
    const { body } = await board();
    expect(body.tasks).toMatchObject([{ id: 71 }, { id: 80 }, { id: 70, backlogId: null, sprintId: 8 }]);
    expect(body.changedMeanwhile).toEqual([{ what: 'tasks', ids: [70] }]);
  });

  it('answers 304 to its ETag until it changes, in both forms', async () => {
    for (const accept of ['application/json', 'application/x-ndjson']) {
      const first = await board('', { Accept: accept });
      const etag = first.headers.get('etag') ?? '';
      expect(etag).toMatch(/^W\/"[\w-]+"$/);
      const again = await board('', { Accept: accept, 'If-None-Match': `"x", ${etag}` });
      expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', etag]);
      portal.tasks.card(70).title += '!';
      const changed = await board('', { Accept: accept, 'If-None-Match': etag });
      expect([changed.status, changed.headers.get('etag') === etag]).toEqual([200, false]);
    }
    expect((await board()).headers.get('vary')).toContain('Accept');
  });

  it('is a record a line where that is preferred, and ends with how many there are', async () => {
    const answer = await board('', { Accept: 'application/x-ndjson' });
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (answer.body as string)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const kinds = lines.map((line) => Object.keys(line)[0]);
    const counted = ['group', 'backlog', 'epic', 'sprint', 'stage', 'stage', 'task', 'task', 'task'];
    expect(kinds).toEqual([...counted, 'end']);
    expect(lines.at(-1)).toEqual({ end: { records: counted.length, requests: 1 } });
    expect(lines[6]).toMatchObject({ task: { id: 70, backlogId: 1 } });
  });

  it('is for keys with the scope scrum:read and all of its methods', async () => {
    const keyed = async (more: object) => {
      const { body } = await client.call('POST', '/v1/clients', { name: 'wall', ...more });
      return (await new HttpClient(client.url, body.key as string).get(at('/groups/125/board'))).status;
    };
    expect(await keyed({ scopes: ['scrum:read'] })).toBe(200);
    expect(await keyed({ scopes: ['task:read'] })).toBe(403);
    expect(await keyed({ scopes: ['scrum:read'], methods: ['tasks.api.*'] })).toBe(403);
    expect(portal.requests.filter(({ method }) => method === 'tasks.task.list').length).toBeGreaterThan(0);
  });
});
