import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, type HttpReply, World } from '../support/gateway';

/** A burst of five requests leaves room for one at once here; whoever else calls waits and shares the next. */
const smallBurst = { B24_BURST: '5', B24_DRAIN_PER_SECOND: '2' };
const groups = Array.from({ length: 200 }, (_, i) => 1000 + i);

describe('calls that wait for one portal', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;

  const backlogOf = (group: number, by = client) =>
    by.get<HttpReply['body']>(`/v1/portals/${portal.memberId}/groups/${group}/backlog`);
  const requests = () => portal.requests.filter(({ batchOf }) => batchOf === undefined);
  const inBatches = () => portal.requests.filter(({ batchOf }) => batchOf !== undefined);

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway(smallBurst);
  });
  beforeEach(async () => {
    portal = await world.installed(client, {
      groups,
      backlogs: groups.map((groupId, i) => ({ id: i + 1, groupId, createdBy: 1, modifiedBy: 1 })),
    });
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('share a request, and each gets its own answer', async () => {
    const answers = await Promise.all(groups.slice(0, 100).map((group) => backlogOf(group)));
    expect(answers.map(({ body }) => body['groupId'])).toEqual(groups.slice(0, 100));
    expect(requests().length).toBeLessThanOrEqual(6);
    expect(portal.refusedByBucket).toBe(0);
    const timing = answers.at(-1)?.headers.get('server-timing') ?? '';
    expect(timing).toMatch(/^queue;dur=\d+, upstream;dur=\d+, request;desc="\d+ commands"$/);
  });

  it('tell what the lane has left, so that a caller can pace itself', async () => {
    const { headers } = await backlogOf(1000);
    expect(headers.get('ratelimit-policy')).toBe('"portal";q=1;w=1');
    expect(headers.get('ratelimit')).toMatch(/^"portal";r=\d+;t=1$/);
    expect(headers.get('server-timing')).toContain('request;desc="1 command"');
  });

  it('ask the same question once', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => backlogOf(1000)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(portal.requests.filter(({ method }) => method.endsWith('backlog.get')).length).toBeLessThanOrEqual(3);
  });

  it('are each told their own refusal, in the words of their own method', async () => {
    const answers = await Promise.all([backlogOf(1000), backlogOf(9999), backlogOf(1001), backlogOf(9998)]);
    expect(answers.map(({ status }) => status)).toEqual([200, expect.any(Number), 200, expect.any(Number)]);
    for (const { body } of [answers[1], answers[3]] as HttpReply[]) {
      expect(body['upstream']).toMatchObject({ method: 'tasks.api.scrum.backlog.get' });
    }
  });

  it('never let another read or write the same backlog in one request, so that none sees a state that is cached', async () => {
    const patch = (id: number, modifiedBy: number) =>
      client.call('PATCH', `/v1/portals/${portal.memberId}/backlogs/${id}`, { modifiedBy });
    const answers = await Promise.all(
      groups.slice(0, 30).flatMap((group, i) => [backlogOf(group), patch(i + 1, 6), patch(i + 1, 1)]),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    for (const batch of new Set(inBatches().map(({ batchOf }) => batchOf))) {
      const request = inBatches().filter(({ batchOf }) => batchOf === batch);
      const ids = request.filter(({ method }) => method.endsWith('update')).map(({ params }) => Number(params['id']));
      expect(new Set(ids).size).toBe(ids.length);
      if (ids.length > 0) expect(request.filter(({ method }) => method.endsWith('get'))).toEqual([]);
    }
  });

  it('go again when the token is refused for the whole batch, with one refresh', async () => {
    await backlogOf(1000);
    const before = world.simulator.oauth.refreshes;
    portal.expireAccessTokens();
    const answers = await Promise.all(groups.slice(0, 60).map((group) => backlogOf(group)));
    expect(answers.map(({ body }) => body['groupId'])).toEqual(groups.slice(0, 60));
    expect(world.simulator.oauth.refreshes).toBe(before + 1);
  });

  it('go again when the portal ended the batch before it came to them', async () => {
    portal.faults.next('unrun', { method: 'batch', ranOnly: 5 });
    const answers = await Promise.all(groups.slice(0, 40).map((group) => backlogOf(group)));
    expect(answers.map(({ body }) => body['groupId'])).toEqual(groups.slice(0, 40));
    const ran = portal.requests.filter(({ method, executed }) => method.endsWith('get') && executed);
    expect(ran.length).toBe(40);
  });

  it('ride out an allowance that someone else has used', async () => {
    portal.faults.next('QUERY_LIMIT_EXCEEDED', { times: 2 });
    const answers = await Promise.all(groups.slice(0, 20).map((group) => backlogOf(group)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  it('go again alone when the connection of their batch is cut, since one of them may be why', async () => {
    await backlogOf(1000);
    portal.faults.next('cut-after', { method: 'batch' });
    const answers = await Promise.all(groups.slice(0, 10).map((group) => backlogOf(group)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(portal.faults.pending).toBe(0);
  });
});
