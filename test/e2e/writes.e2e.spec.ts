import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, eventually, type HttpReply, World } from '../support/gateway';

/** Short enough to wait for: the simulator's calls end at once. */
const callLimit = { B24_CALL_LIMIT_MS: '300' };
const wide = { burst: 1000, drainPerSecond: 100, groups: [125, 126, 127] };
const vendor = (name: string) => `tasks.api.scrum.backlog.${name}`;
const there = { id: 7, groupId: 125, createdBy: 6, modifiedBy: 1 };

interface WriteStory {
  readonly name: 'add' | 'update' | 'delete';
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  readonly status: number;
  /** What the portal holds when the write was done. */
  readonly done: (portal: SimulatedPortal) => boolean;
}

const stories: readonly WriteStory[] = [
  {
    name: 'add',
    method: 'POST',
    path: '/backlogs',
    body: { groupId: 126, createdBy: 6 },
    status: 201,
    done: ({ scrum }) => scrum.backlogOfGroup(126)?.createdBy === 6,
  },
  {
    name: 'update',
    method: 'PATCH',
    path: '/backlogs/7',
    body: { modifiedBy: 6 },
    status: 200,
    done: ({ scrum }) => scrum.backlogs.get(7)?.modifiedBy === 6,
  },
  { name: 'delete', method: 'DELETE', path: '/backlogs/7', status: 204, done: ({ scrum }) => !scrum.backlogs.has(7) },
];

describe('a write whose answer is lost', () => {
  let world: World;
  let client: HttpClient;
  let patient: HttpClient;
  let portal: SimulatedPortal;

  const sent = (name: string) => portal.requests.filter(({ method }) => method === vendor(name));
  const carriedOut = (name: string) => sent(name).filter(({ executed }) => executed).length;
  const write = ({ method, path, body }: WriteStory, by: HttpClient, headers: Record<string, string> = {}) =>
    by.call(method, `/v1/portals/${portal.memberId}${path}`, body, headers);

  beforeAll(async () => {
    world = await World.start();
    patient = await world.gateway();
    client = await world.gateway(callLimit);
  });
  beforeEach(async () => {
    portal = await world.installed(client, { ...wide, backlogs: [there] });
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  const faults = [
    ['cut-after', {}],
    ['cut-before', {}],
    ['truncated', {}],
    ['html', { status: 502 }],
    ['html', { status: 504, afterExecution: true }],
    ['empty', {}],
    ['result-missing', {}],
    ['INTERNAL_SERVER_ERROR', {}],
    ['INTERNAL_SERVER_ERROR', { afterExecution: true }],
  ] as const;
  const cases = stories.flatMap((story) => faults.map(([kind, options]) => ({ ...story, kind, options })));

  it.each(cases)('is settled: $name after $kind $options', async ({ kind, options, ...story }) => {
    portal.faults.next(kind, { method: vendor(story.name), ...options });
    const reply = await write(story, client);
    expect(reply.status).toBe(story.status);
    expect(story.done(portal)).toBe(true);
    expect(portal.scrum.backlogs.size).toBe(story.name === 'add' ? 2 : story.name === 'update' ? 1 : 0);
    if (story.name === 'add') expect(carriedOut('add')).toBe(1);
    if (story.name === 'delete') expect(carriedOut('delete')).toBe(1);
  });

  it.each(stories.filter(({ name }) => name !== 'delete'))(
    'is not sent again while the portal may still carry it out: $name',
    async (story) => {
      portal.faults.next('cut-before', { method: vendor(story.name) });
      const reply = await write(story, patient);
      expect(reply).toMatchObject({ status: 504, body: { code: 'outcome_unknown', retryable: false } });
      expect(reply.body.detail).toMatch(/may have been carried out/);
      expect(sent(story.name)).toHaveLength(1);
    },
  );

  it('is known at once when what was sent is there: add', async () => {
    portal.faults.next('cut-after', { method: vendor('add') });
    const reply = await write(stories[0]!, patient);
    expect(reply).toMatchObject({ status: 201, body: { groupId: 126, createdBy: 6 } });
    expect(reply.headers.get('location')).toMatch(/\/groups\/126\/backlog$/);
    expect(sent('add')).toHaveLength(1);
  });

  it('is looked for again once the portal has carried it out behind our back: add', async () => {
    portal.faults.next('cut-before', { method: vendor('add') });
    const reply = write(stories[0]!, client);
    await eventually(() => portal.requests.some(({ method }) => method === vendor('get')));
    portal.scrum.addBacklog({ groupId: 126, createdBy: 6, modifiedBy: 0 });
    expect((await reply).status).toBe(201);
    expect(sent('add')).toHaveLength(1);
  });

  it('is known at once when nothing is there any more: delete', async () => {
    portal.faults.next('cut-after', { method: vendor('delete') });
    expect((await write(stories[2]!, patient)).status).toBe(204);
  });

  it('is not called a success when what is there is not what was sent', async () => {
    portal.scrum.addBacklog({ groupId: 126, createdBy: 1, modifiedBy: 0 });
    portal.faults.next('cut-before', { method: vendor('add') });
    const reply = await write(stories[0]!, client);
    expect(reply).toMatchObject({ status: 504, body: { code: 'outcome_unknown', retryable: false } });
    expect(reply.body.detail).toMatch(/not as it was sent/);
    expect(sent('add')).toHaveLength(1);
  });

  it("says what the portal said when it can't be settled", async () => {
    portal.faults.next('INTERNAL_SERVER_ERROR', { method: vendor('update'), times: 2 });
    const reply = await write(stories[1]!, client);
    expect(reply).toMatchObject({ status: 504, body: { code: 'outcome_unknown', upstream: { status: 500 } } });
  });

  it('that was refused before it ran says so as ever, and is not looked for', async () => {
    portal.faults.next('redirect', { method: vendor('add') });
    expect((await write(stories[0]!, client)).body.code).toBe('portal_error');
    expect(portal.requests.filter(({ method }) => method === vendor('get'))).toEqual([]);
  });

  it('is looked for whatever methods the key may run', async () => {
    const { body } = await client.call('POST', '/v1/clients', {
      name: 'adder',
      scopes: ['backlog:write'],
      methods: ['*.add'],
    });
    portal.faults.next('cut-after', { method: vendor('add') });
    expect((await write(stories[0]!, new HttpClient(client.url, body.key as string))).status).toBe(201);
  });

  describe('and which has an Idempotency-Key', () => {
    const keyed = (name: string, more: Record<string, string> = {}) => ({
      'Idempotency-Key': `${portal.memberId} ${name}`,
      ...more,
    });
    /** Each answer comes too late; the second is carried out only then, the third never. */
    const late = [
      ['slow', { afterExecution: true, delayMs: 1000 }],
      ['slow', { delayMs: 1000 }],
      ['cut-before', { delayMs: 1000 }],
    ] as const;
    const lost = stories.flatMap((story) => late.map(([kind, options]) => ({ ...story, kind, options })));

    it.each(lost)('is settled by a retry: $name after $kind $options', async ({ kind, options, ...story }) => {
      portal.faults.next(kind, { method: vendor(story.name), ...options });
      const key = keyed('lost');
      const unknown = await write(story, client, { ...key, 'X-Deadline-Ms': '600' });
      expect(unknown).toMatchObject({ status: 504, body: { code: 'outcome_unknown', retryable: true } });
      expect(Number(unknown.headers.get('retry-after'))).toBeGreaterThan(0);
      const settled = await write(story, client, key);
      expect([settled.status, settled.headers.has('idempotent-replayed')]).toEqual([story.status, false]);
      expect(story.done(portal)).toBe(true);
      const replayed = await write(story, client, key);
      expect([replayed.status, replayed.body]).toEqual([settled.status, settled.body]);
      expect(replayed.headers.get('idempotent-replayed')).toBe('true');
      if (story.name !== 'update') expect(carriedOut(story.name)).toBe(1);
    });

    it('stays unknown, and is not sent again, for as long as the portal may still carry it out', async () => {
      portal.faults.next('hang', { method: vendor('update') });
      const key = keyed('patience', { 'X-Deadline-Ms': '1000' });
      for (const attempt of [1, 2, 3]) {
        const reply = await write(stories[1]!, patient, key);
        expect([attempt, reply.status, reply.body.retryable]).toEqual([attempt, 504, true]);
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(50);
      }
      expect(sent('update')).toHaveLength(1);
    });

    it('stays in doubt when the retry could do nothing at all', async () => {
      portal.faults.next('slow', { method: vendor('add'), afterExecution: true, delayMs: 400 });
      const key = keyed('doubt');
      expect((await write(stories[0]!, client, { ...key, 'X-Deadline-Ms': '150' })).status).toBe(504);
      const at = `/v1/portals/${portal.memberId}`;
      await client.call('PATCH', at, { suspended: true });
      const suspended: HttpReply = await write(stories[0]!, client, key);
      expect([suspended.status, suspended.body['code']]).toEqual([504, 'outcome_unknown']);
      await client.call('PATCH', at, { suspended: false });
      expect((await write(stories[0]!, client, key)).status).toBe(201);
      expect(carriedOut('add')).toBe(1);
    });

    it('is told to the retry when the first caller hung up', async () => {
      portal.faults.next('slow', { method: vendor('add'), delayMs: 500 });
      const headers = {
        Authorization: `Bearer ${client.key}`,
        'Content-Type': 'application/json',
        ...keyed('hung up'),
      };
      const hangUp = new AbortController();
      const body = JSON.stringify(stories[0]!.body);
      const url = `${client.url}/v1/portals/${portal.memberId}/backlogs`;
      const first = fetch(url, { method: 'POST', headers, body, signal: hangUp.signal }).catch(() => 'hung up');
      await eventually(() => sent('add').length > 0);
      hangUp.abort();
      expect(await first).toBe('hung up');
      const reply = await write(stories[0]!, client, keyed('hung up'));
      expect([reply.status, reply.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
      expect(sent('add')).toHaveLength(1);
    });
  });
});
