import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { GatewayClient } from '../../libs/client/src';
import { adminKey, World } from '../support/gateway';

const dates = { dateStart: '2026-11-02T09:00:00+01:00', dateEnd: '2026-11-16T09:00:00+01:00' };

describe('the story of a scrum, by typed operations only', () => {
  let world: World;
  let portal: SimulatedPortal;
  let gateway: GatewayClient;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'tasks', 'im', 'user', 'sonet_group', 'socialnetwork'] });
    const client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' });
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    gateway = new GatewayClient({ baseUrl: client.url, key: adminKey });
  });
  afterAll(() => world.stop());

  it('goes from a new group to a board with a task that moved', async () => {
    const here = { portal: portal.memberId };
    const master = (await gateway.searchUsers({ ...here, find: 'User 6' })).items[0]?.id ?? 0;
    const { id: groupId } = await gateway.addGroup({ ...here, body: { name: 'Checkout', scrumMasterId: master } });
    expect((await gateway.listGroupMembers({ ...here, groupId })).items).toEqual([{ userId: 1, role: 'owner' }]);
    const backlog = await gateway.addBacklog({ ...here, body: { groupId, createdBy: master } });
    const epic = await gateway.addEpic({ ...here, groupId, body: { name: 'Sign-up' } });
    const sprint = await gateway.addSprint({ ...here, groupId, body: { name: 'Sprint 1', ...dates } });
    const made: number[] = [];
    for (const title of ['Form', 'Confirmation', 'Recovery']) {
      const { id: taskId } = await gateway.addTask({ ...here, body: { title, groupId, responsibleId: master } });
      await gateway.updateTaskScrum({
        ...here,
        taskId,
        body: { entityId: backlog.id, epicId: epic.id, storyPoints: '3' },
      });
      made.push(taskId);
    }
    const [form = 0, confirmation = 0, recovery = 0] = made;
    await gateway.startSprint({ ...here, sprintId: sprint.id });
    const { id: stageId } = await gateway.addStage({
      ...here,
      sprintId: sprint.id,
      body: { name: 'Doing', type: 'WORK' },
    });
    await gateway.updateTaskScrum({ ...here, taskId: form, body: { entityId: sprint.id } });
    await gateway.placeTask({ ...here, sprintId: sprint.id, taskId: form, body: { stageId } });
    await gateway.addChecklistItem({ ...here, taskId: form, body: { title: 'Draw it' } });
    await gateway.addTaskComment({ ...here, taskId: form, body: { text: 'Ready for review.' } });
    await gateway.completeTask({ ...here, taskId: recovery });

    const board = await gateway.getBoard({ ...here, groupId, scrumFields: true });
    const inBacklog = { backlogId: backlog.id, sprintId: null, epicId: epic.id, storyPoints: '3' };
    expect(board).toMatchObject({
      group: { id: groupId, name: 'Checkout', type: 'scrum', scrumMasterId: 6 },
      backlog: { id: backlog.id },
      epics: [{ id: epic.id, name: 'Sign-up' }],
      sprints: [{ id: sprint.id, status: 'active' }],
      stages: [{ id: stageId, name: 'Doing' }],
      tasks: [
        { id: confirmation, title: 'Confirmation', status: 2, ...inBacklog },
        { id: recovery, title: 'Recovery', status: 5, ...inBacklog },
        { id: form, title: 'Form', backlogId: null, sprintId: sprint.id, stageId },
      ],
    });
    const chatId = board.tasks.at(-1)?.chatId ?? 0;
    const { items } = await gateway.listChatMessages({ ...here, chatId });
    expect(items).toMatchObject([{ text: 'Ready for review.', authorId: 1 }]);
    expect((await gateway.getBoard({ ...here, groupId })).requests).toBe(1);
  });
});
