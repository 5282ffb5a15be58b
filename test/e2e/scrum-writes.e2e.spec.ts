import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

const dates = { dateStart: '2026-11-02T09:00:00Z', dateEnd: '2026-11-16T09:00:00Z' };
const by = { createdBy: 1, modifiedBy: 0 };
const sprint = {
  ...{ id: 11, groupId: 125, name: 'Sprint', goal: '', sort: 1, status: 'planned' as const, ...by },
  ...{ dateStart: '2026-11-02T09:00:00+00:00', dateEnd: '2026-11-16T09:00:00+00:00' },
};

interface Story {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly status: number;
  /** Whether the portal holds what was written. */
  readonly done: (portal: SimulatedPortal) => boolean;
}

const story = (name: string, call: string, status: number, done: Story['done'], body?: object): Story => {
  const [method = '', path = ''] = call.split(' ');
  return { name, method, path, status, done, ...(body && { body }) };
};

/** Settled by the table of docs/bitrix24-rules.md#scrum. */
const settled = [
  story('epic.update', 'PATCH /epics/3', 200, ({ scrum }) => scrum.epics.get(3)?.name === 'new', { name: 'new' }),
  story('epic.delete', 'DELETE /epics/3', 204, ({ scrum }) => !scrum.epics.has(3)),
  story('sprint.update', 'PATCH /sprints/11', 200, ({ scrum }) => scrum.sprints.get(11)?.sort === 9, { sort: 9 }),
  story('sprint.delete', 'DELETE /sprints/11', 204, ({ scrum }) => !scrum.sprints.has(11)),
  story('sprint.start', 'POST /sprints/11/start', 200, ({ scrum }) => scrum.sprints.get(11)?.status === 'active'),
  story('kanban.updateStage', 'PATCH /stages/21', 204, ({ scrum }) => scrum.stages.get(21)?.name === 'new', {
    name: 'new',
  }),
  story('kanban.deleteStage', 'DELETE /stages/21', 204, ({ scrum }) => !scrum.stages.has(21)),
  story('kanban.addTask', 'PUT /sprints/11/tasks/70', 204, ({ scrum }) => scrum.stageOfTask.get(70) === 22, {
    stageId: 22,
  }),
  story('kanban.deleteTask', 'DELETE /sprints/11/tasks/71', 204, ({ scrum }) => !scrum.stageOfTask.has(71)),
  story('task.update', 'PATCH /tasks/70/scrum', 204, ({ scrum }) => scrum.items.get(70)?.storyPoints === '8', {
    storyPoints: '8',
  }),
];
/** Nothing tells what became of them. */
const unsettled = [
  story('epic.add', 'POST /groups/125/epics', 201, ({ scrum }) => scrum.epics.size === 2, { name: 'x' }),
  story('sprint.add', 'POST /groups/125/sprints', 201, ({ scrum }) => scrum.sprints.size === 3, {
    name: 'x',
    ...dates,
  }),
  story('kanban.addStage', 'POST /sprints/11/stages', 201, ({ scrum }) => scrum.stages.size === 3, { name: 'x' }),
  story('sprint.complete', 'POST /groups/126/sprints/complete', 200, ({ scrum }) => !scrum.activeSprintOf(126)),
];

describe('a write to a scrum whose answer is lost', () => {
  let world: World;
  let client: HttpClient;
  let patient: HttpClient;
  let portal: SimulatedPortal;
  const sent = (name: string) => portal.requests.filter(({ method }) => method === `tasks.api.scrum.${name}`);
  const executed = (name: string) => sent(name).filter((it) => it.executed && it.httpStatus !== 400).length;
  const write = ({ method, path, body }: Story, of: HttpClient, headers: Record<string, string> = {}) =>
    of.call(method, `/v1/portals/${portal.memberId}${path}`, body, headers);

  beforeAll(async () => {
    world = await World.start();
    patient = await world.gateway();
    client = await world.gateway({ B24_CALL_LIMIT_MS: '300' });
  });
  beforeEach(async () => {
    const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100, groups: [125, 126], backlogs });
    const { scrum } = portal;
    scrum.sprints.set(11, { ...sprint });
    scrum.sprints.set(12, { ...sprint, id: 12, groupId: 126, status: 'active' });
    scrum.epics.set(3, { id: 3, groupId: 125, name: 'old', description: '', color: '', files: [], ...by });
    for (const id of [21, 22]) scrum.stages.set(id, { id, sprintId: 11, name: 'S', type: 'WORK', sort: id, color: '' });
    for (const task of [70, 71]) scrum.addTask(task, 125);
    scrum.addItem(11, 70);
    scrum.stageOfTask.set(71, 22);
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  const lost = ['cut-after', 'cut-before'] as const;

  it.each(settled.flatMap((it) => lost.map((kind) => ({ ...it, kind }))))(
    'is settled: $name after $kind',
    async ({ kind, ...it }) => {
      portal.faults.next(kind, { method: `tasks.api.scrum.${it.name}` });
      expect((await write(it, client)).status).toBe(it.status);
      expect(it.done(portal)).toBe(true);
      if (/delete$|deleteStage|start/i.test(it.name)) expect(executed(it.name)).toBe(1);
    },
  );

  it.each(settled.filter(({ method, name }) => method !== 'DELETE' || name === 'kanban.deleteTask'))(
    'is not sent again while the portal may still carry it out: $name',
    async (it) => {
      portal.faults.next('cut-before', { method: `tasks.api.scrum.${it.name}` });
      const reply = await write(it, patient);
      expect(reply).toMatchObject({ status: 504, body: { code: 'outcome_unknown', retryable: false } });
      expect(sent(it.name)).toHaveLength(1);
    },
  );

  it('is known at once when the sprint is active', async () => {
    const start = settled.find(({ name }) => name === 'sprint.start')!;
    portal.faults.next('cut-after', { method: 'tasks.api.scrum.sprint.start' });
    expect(await write(start, patient)).toMatchObject({ status: 200, body: { id: 11, status: 'active' } });
    expect(sent('sprint.start')).toHaveLength(1);
  });

  it('is unknown when the sprint has gone further than it would lead', async () => {
    const start = settled.find(({ name }) => name === 'sprint.start')!;
    portal.scrum.sprints.set(11, { ...sprint, status: 'completed' });
    portal.faults.next('cut-before', { method: 'tasks.api.scrum.sprint.start' });
    expect((await write(start, client)).body.code).toBe('outcome_unknown');
    expect(sent('sprint.start')).toHaveLength(1);
  });

  it.each(unsettled.flatMap((it) => [...lost, 'truncated' as const, 'html' as const].map((kind) => ({ ...it, kind }))))(
    'is never sent again, and the caller told so: $name after $kind',
    async ({ kind, ...it }) => {
      portal.faults.next(kind, { method: `tasks.api.scrum.${it.name}` });
      const key = { 'Idempotency-Key': `${portal.memberId} once` };
      for (const attempt of [1, 2, 3]) {
        const reply = await write(it, client, key);
        expect([attempt, reply.status, reply.body.code]).toEqual([attempt, 504, 'outcome_unknown']);
        expect(reply.body.retryable).toBe(false);
        expect(reply.body.detail).toMatch(/GET \/v1\/portals/);
      }
      expect(sent(it.name)).toHaveLength(1);
      expect(it.done(portal)).toBe(kind === 'cut-after' || kind === 'truncated');
    },
  );

  it.each(unsettled)('is told again when it was answered: $name', async (it) => {
    const key = { 'Idempotency-Key': `${portal.memberId} once` };
    const first = await write(it, client, key);
    const again = await write(it, client, key);
    expect([first.status, again.status, again.body]).toEqual([it.status, it.status, first.body]);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(executed(it.name)).toBe(1);
    expect(it.done(portal)).toBe(true);
  });

  it('may be made anew with its key when nothing was sent', async () => {
    const [add] = unsettled as [Story];
    const at = `/v1/portals/${portal.memberId}`;
    const key = { 'Idempotency-Key': `${portal.memberId} never sent` };
    await client.call('PATCH', at, { suspended: true });
    expect((await write(add, client, key)).body.code).toBe('portal_suspended');
    await client.call('PATCH', at, { suspended: false });
    expect((await write(add, client, key)).status).toBe(201);
  });
});
