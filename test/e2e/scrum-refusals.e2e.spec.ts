import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

const dates = { dateStart: '2026-11-02T09:00:00Z', dateEnd: '2026-11-16T09:00:00Z' };
const sprintOf = (id: number, groupId: number, status: 'planned' | 'active') => {
  const texts = { name: `Sprint ${id}`, goal: '', sort: 1, status };
  return { id, groupId, ...texts, dateStart: '2026-11-02T09:00:00+00:00', dateEnd: '2026-11-16T09:00:00+00:00' };
};
type RefusalRow = readonly [verb: string, path: string, body: object | undefined, status: number, code: string];

describe('what a portal refuses of its scrum', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;
  const reported = async (verb: string, path: string, body?: object) => {
    const reply = await client.call(verb, at(path), body);
    return [reply.status, reply.body.code, reply.body.retryable] as const;
  };

  /** Group 125: backlog 1, sprint 11 (active, with task 70), sprint 12 (planned), epic 3, stages 21 and 22. 127: forbidden. */
  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_CALL_LIMIT_MS: '300' });
    portal = await world.installed(client, {
      burst: 1000,
      drainPerSecond: 100,
      groups: [125, 126, 127],
      backlogs: [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }],
    });
    const { scrum } = portal;
    const by = { createdBy: 1, modifiedBy: 0 };
    scrum.sprints.set(11, { ...sprintOf(11, 125, 'active'), ...by });
    scrum.sprints.set(12, { ...sprintOf(12, 125, 'planned'), ...by });
    scrum.sprints.set(13, { ...sprintOf(13, 126, 'active'), ...by });
    scrum.sprints.set(14, { ...sprintOf(14, 127, 'planned'), ...by });
    for (const [id, groupId] of [[3, 125] as const, [4, 127] as const])
      scrum.epics.set(id, { id, groupId, name: 'E', description: '', color: '', files: [], ...by });
    const stage = { name: 'Doing', type: 'WORK', sort: 100, color: '' };
    for (const [id, sprintId] of [[21, 11] as const, [22, 11] as const, [23, 14] as const])
      scrum.stages.set(id, { id, sprintId, ...stage });
    for (const task of [70, 71]) scrum.addTask(task, 125);
    scrum.addTask(72, 126);
    scrum.addTask(73, 127);
    scrum.addItem(11, 70);
    scrum.addItem(13, 72);
    scrum.addItem(14, 73);
    scrum.stageOfTask.set(70, 21);
    scrum.forbid(127, 1);
  });
  afterAll(() => world.stop());

  const epics: RefusalRow[] = [
    ['POST', '/groups/999/epics', { name: 'x' }, 403, 'access_denied'],
    ['POST', '/groups/125/epics', { name: 'x', createdBy: 77 }, 422, 'user_not_found'],
    ['POST', '/groups/125/epics', { name: 'x', files: [9] }, 422, 'files_not_attached'],
    ['GET', '/epics/99', undefined, 404, 'epic_not_found'],
    ['GET', '/epics/4', undefined, 403, 'access_denied'],
    ['PATCH', '/epics/99', { name: 'x' }, 404, 'epic_not_found'],
    ['PATCH', '/epics/3', { groupId: 127 }, 403, 'access_denied'],
    ['PATCH', '/epics/3', { modifiedBy: 77 }, 422, 'user_not_found'],
    ['PATCH', '/epics/3', { files: [9] }, 422, 'files_not_attached'],
    ['DELETE', '/epics/99', undefined, 404, 'epic_not_found'],
    ['DELETE', '/epics/4', undefined, 403, 'access_denied'],
  ];
  const sprints: RefusalRow[] = [
    ['POST', '/groups/127/sprints', { name: 'x', ...dates }, 403, 'access_denied'],
    ['POST', '/groups/125/sprints', { name: 'x', ...dates, createdBy: 77 }, 422, 'user_not_found'],
    ['POST', '/groups/125/sprints', { name: 'x', ...dates, modifiedBy: 77 }, 422, 'user_not_found'],
    ['POST', '/groups/125/sprints', { name: 'x', ...dates, status: 'active' }, 409, 'sprint_already_active'],
    ['GET', '/sprints/99', undefined, 404, 'sprint_not_found'],
    ['GET', '/sprints/14', undefined, 403, 'access_denied'],
    ['PATCH', '/sprints/99', { name: 'x' }, 404, 'sprint_not_found'],
    ['PATCH', '/sprints/11', { groupId: 126 }, 409, 'sprint_not_empty'],
    ['PATCH', '/sprints/12', { status: 'active' }, 409, 'sprint_already_active'],
    ['PATCH', '/sprints/12', { createdBy: 77 }, 422, 'user_not_found'],
    ['DELETE', '/sprints/99', undefined, 404, 'sprint_not_found'],
    ['DELETE', '/sprints/13', undefined, 409, 'sprint_not_empty'],
    ['POST', '/sprints/99/start', undefined, 404, 'sprint_not_found'],
    ['POST', '/sprints/11/start', undefined, 409, 'sprint_not_planned'],
    ['POST', '/sprints/14/start', undefined, 403, 'access_denied'],
    ['POST', '/sprints/12/start', undefined, 422, 'rejected_by_portal'],
    ['POST', '/groups/999/sprints/complete', undefined, 404, 'sprint_not_found'],
    ['POST', '/groups/126/sprints/complete', undefined, 422, 'rejected_by_portal'],
  ];
  const stageRows: RefusalRow[] = [
    ['GET', '/sprints/99/stages', undefined, 404, 'sprint_not_found'],
    ['GET', '/sprints/14/stages', undefined, 403, 'access_denied'],
    ['POST', '/sprints/99/stages', { name: 'x' }, 404, 'sprint_not_found'],
    ['POST', '/sprints/14/stages', { name: 'x' }, 403, 'access_denied'],
    ['PATCH', '/stages/99', { name: 'x' }, 404, 'stage_not_found'],
    ['PATCH', '/stages/23', { name: 'x' }, 403, 'access_denied'],
    ['PATCH', '/stages/21', { sprintId: 99 }, 404, 'sprint_not_found'],
    ['DELETE', '/stages/99', undefined, 404, 'stage_not_found'],
    ['DELETE', '/stages/21', undefined, 409, 'stage_not_empty'],
    ['PUT', '/sprints/99/tasks/70', { stageId: 21 }, 404, 'sprint_not_found'],
    ['PUT', '/sprints/11/tasks/70', { stageId: 99 }, 404, 'stage_not_found'],
    ['PUT', '/sprints/11/tasks/72', { stageId: 21 }, 404, 'task_not_found'],
    ['PUT', '/sprints/14/tasks/73', { stageId: 23 }, 403, 'access_denied'],
    ['DELETE', '/sprints/99/tasks/70', undefined, 404, 'sprint_not_found'],
    ['DELETE', '/sprints/11/tasks/99', undefined, 404, 'task_not_found'],
  ];
  const tasks: RefusalRow[] = [
    ['GET', '/tasks/99/scrum', undefined, 404, 'task_not_found'],
    ['GET', '/tasks/73/scrum', undefined, 403, 'access_denied'],
    ['PATCH', '/tasks/73/scrum', { sort: 2 }, 403, 'access_denied'],
    ['PATCH', '/tasks/99/scrum', { entityId: 1 }, 404, 'task_not_found'],
    ['PATCH', '/tasks/71/scrum', { storyPoints: '8' }, 422, 'entity_not_found'],
    ['PATCH', '/tasks/70/scrum', { epicId: 99 }, 404, 'epic_not_found'],
    ['PATCH', '/tasks/70/scrum', { createdBy: 77 }, 422, 'user_not_found'],
    ['PATCH', '/tasks/70/scrum', { modifiedBy: 77 }, 422, 'user_not_found'],
  ];

  it.each([...epics, ...sprints, ...stageRows, ...tasks])(
    '%s %s %j → %d %s',
    async (verb, path, body, status, code) => {
      expect(await reported(verb, path, body)).toEqual([status, code, false]);
    },
  );

  /** What the portal says when its own database fails, and in the other of two wordings. */
  it.each([
    ['epic.add', 'POST', '/groups/125/epics', { name: 'x' }, 'Group is not found', 422, 'group_not_found'],
    ['epic.add', 'POST', '/groups/125/epics', { name: 'x' }, 'Group id not found', 422, 'group_not_found'],
    ['epic.add', 'POST', '/groups/125/epics', { name: 'x' }, 'Name is not found', 422, 'rejected_by_portal'],
    ['epic.add', 'POST', '/groups/125/epics', { name: 'x' }, 'Epic not created', 422, 'rejected_by_portal'],
    ['epic.update', 'PATCH', '/epics/3', { name: 'x' }, 'Epic not updated', 422, 'rejected_by_portal'],
    ['epic.list', 'GET', '/groups/125/epics', undefined, 'Could not load list', 422, 'rejected_by_portal'],
    ['sprint.list', 'GET', '/groups/125/sprints', undefined, 'Could not load list', 422, 'rejected_by_portal'],
    [
      'sprint.add',
      'POST',
      '/groups/125/sprints',
      { name: 'x', ...dates },
      'Sprint not created',
      422,
      'rejected_by_portal',
    ],
    [
      'sprint.add',
      'POST',
      '/groups/125/sprints',
      { name: 'x', ...dates },
      'Unable to add sprint',
      422,
      'rejected_by_portal',
    ],
    ['sprint.update', 'PATCH', '/sprints/12', { name: 'x' }, 'Sprint not updated', 422, 'rejected_by_portal'],
    ['task.update', 'PATCH', '/tasks/70/scrum', { sort: 1 }, 'Item not created', 422, 'rejected_by_portal'],
    ['task.update', 'PATCH', '/tasks/70/scrum', { sort: 1 }, 'Unable to update task', 422, 'rejected_by_portal'],
  ])('%s: %s %s %j, told "%s" → %d %s', async (name, verb, path, body, description, status, code) => {
    const method = `tasks.api.scrum.${name}`;
    portal.faults.next('error-0', { method, description });
    expect(await reported(verb, path, body)).toEqual([status, code, false]);
    expect(portal.requests.filter((it) => it.method === method && it.outcome === 'fault:error-0')).not.toEqual([]);
  });

  it.each([
    ['POST', '/groups/125/epics', {}],
    ['POST', '/groups/125/epics', { name: '' }],
    ['POST', '/groups/125/epics', { name: 5 }],
    ['POST', '/groups/125/epics', { name: 'x', files: ['n9'] }],
    ['POST', '/groups/125/epics', { name: 'x', groupId: 126 }],
    ['PATCH', '/epics/3', {}],
    ['PATCH', '/epics/x', { name: 'x' }],
    ['POST', '/groups/125/sprints', { name: 'x', dateStart: dates.dateStart }],
    ['POST', '/groups/125/sprints', { name: 'x', ...dates, dateEnd: '2026-11-16' }],
    ['POST', '/groups/125/sprints', { name: 'x', ...dates, dateEnd: '2026-11-16T09:00:00' }],
    ['POST', '/groups/125/sprints', { name: 'x', ...dates, dateEnd: '2026-02-30T09:00:00Z' }],
    ['POST', '/groups/125/sprints', { name: 'x', ...dates, dateEnd: 1794819600 }],
    ['POST', '/groups/125/sprints', { name: 'x', ...dates, status: 'open' }],
    ['POST', '/sprints/11/stages', { name: 'x', type: 'DONE' }],
    ['PUT', '/sprints/11/tasks/70', {}],
    ['PUT', '/sprints/11/tasks/70', { stageId: '21' }],
    ['PATCH', '/tasks/70/scrum', { storyPoints: 5 }],
    ['PATCH', '/tasks/70/scrum', { epicId: 0 }],
  ])('%s %s %j is sent to no portal', async (verb, path, body) => {
    const before = portal.requests.length;
    expect(await reported(verb, path, body)).toEqual([400, 'invalid_request', false]);
    expect(portal.requests).toHaveLength(before);
  });

  it('calls no deletion a success that silently failed', async () => {
    for (const [name, path] of [['epic', '/epics/3'] as const, ['sprint', '/sprints/12'] as const]) {
      portal.faults.next('silent-delete', { method: `tasks.api.scrum.${name}.delete`, times: 2 });
      expect((await reported('DELETE', path)).slice(0, 2)).toEqual([502, 'portal_error']);
      expect((await client.call('DELETE', at(path))).status).toBe(204);
    }
  });
});
