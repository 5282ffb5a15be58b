import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, eventually, World } from '../support/gateway';

const roomy = { burst: 5000, drainPerSecond: 500 };
const env = { B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500', CLIENT_BUDGET_MIB: '4' };
const budgetBytes = 4 * 1024 * 1024;
const later = { Prefer: 'respond-async' };
const writing = { method: 'tasks.api.scrum.backlog.update', params: { id: 1, fields: { createdBy: 1 } } };
const reading = { method: 'crm.deal.list', params: { select: ['*'] } };
const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];

interface Key extends HttpClient {
  readonly id: string;
}

describe('a key that keeps as much as it can', () => {
  let world: World;
  let admin: HttpClient;
  let portal: SimulatedPortal;
  let keys = 0;

  const keyFor = async (more: object = {}): Promise<Key> => {
    const { body } = await admin.call('POST', '/v1/clients', { name: `k${++keys}`, scopes: ['call'], ...more });
    return Object.assign(new HttpClient(admin.url, body.key as string), { id: body.id as string });
  };
  /** One write and so many lists of 50 deals. */
  const batchOf = (lists: number) => ({ commands: [writing, ...Array.from({ length: lists }, () => reading)] });
  const batch = (by: HttpClient, lists: number, headers: Record<string, string>) =>
    by.call('POST', `/v1/portals/${portal.memberId}/batch`, batchOf(lists), headers);
  const isOver = (by: HttpClient, id: string) =>
    eventually(async () => !['queued', 'running'].includes((await by.get(`/v1/jobs/${id}`)).body.state as string));
  const writes = () => portal.requests.filter((it) => it.method === writing.method && it.executed).length;
  /** What Redis needs for all idempotency records, jobs and their accounts; only the keys of a test have any. */
  const kept = async () => {
    const redis = world.redis.client();
    const names = (await redis.keys('*')).filter((name) => /^b24:(write:|\{(j_|c_|jobs\}))|^\{b24-jobs\}/.test(name));
    const bytes = await Promise.all(names.map((name) => redis.memory('USAGE', name, 'SAMPLES', 0)));
    redis.disconnect();
    return bytes.reduce<number>((sum, it) => sum + Number(it ?? 0), 0);
  };

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    admin = await world.gateway(env);
    portal = await world.installed(admin, { ...roomy, backlogs });
    portal.crm.addDeals(60);
  }, 60_000);
  afterAll(() => world.stop());
  beforeEach(async () => {
    const redis = world.redis.client();
    for (const name of await redis.keys('b24:write:*')) await redis.del(name);
    redis.disconnect();
    portal.requests.length = 0;
  });

  it('is answered that its write was carried out when the answer was too large to be kept, and nothing runs twice', async () => {
    const mine = await keyFor();
    const headers = { 'Idempotency-Key': 'large' };
    const first = await batch(mine, 100, headers);
    expect(first.status).toBe(200);
    expect(JSON.stringify(first.body).length).toBeGreaterThan(256 * 1024);
    const again = await batch(mine, 100, headers);
    expect(again).toMatchObject({ status: 410, body: { code: 'answer_not_stored', retryable: false } });
    expect(again.body.detail).toContain('status 200');
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(writes()).toBe(1);
    expect(await kept()).toBeLessThan(budgetBytes / 4);
  });

  it('is refused before anything is run once its records and jobs fill its budget, of which Redis needs no more', async () => {
    const [mine, other] = [await keyFor(), await keyFor()];
    const before = await kept();
    let refused: Awaited<ReturnType<typeof batch>> | undefined;
    for (let i = 0; !refused; i++) {
      const replies = [await batch(mine, 20, { 'Idempotency-Key': `w${i}` }), await batch(mine, 200, later)];
      if (replies[1]?.status === 202) await isOver(mine, replies[1].body.id as string);
      refused = replies.find(({ status }) => status === 429);
      if (i > 200) throw new Error('It was never refused.');
    }
    expect(refused).toMatchObject({ body: { code: 'storage_budget_spent', retryable: true } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(23 * 3600);
    const sent = writes();
    const more = [
      await batch(mine, 20, { 'Idempotency-Key': 'more' }),
      await batch(mine, 20, { 'Idempotency-Key': 'w0' }),
    ];
    expect(more.map(({ status }) => status)).toEqual([429, 200]);
    expect(writes()).toBe(sent);
    expect((await kept()) - before).toBeLessThanOrEqual(budgetBytes * 1.1);
    // What it needs no key for is answered, and what others keep is kept.
    expect((await batch(mine, 1, {})).status).toBe(200);
    expect((await batch(other, 20, { 'Idempotency-Key': 'w0' })).status).toBe(200);
    const { status, body } = await batch(other, 20, later);
    expect(status).toBe(202);
    await isOver(other, body.id as string);
  });

  it('with 20 jobs at once makes Redis grow by no more than its budget, and each item has its outcome', async () => {
    const mine = await keyFor();
    const before = await kept();
    const replies = await Promise.all(Array.from({ length: 20 }, () => batch(mine, 499, later)));
    const jobs = replies.filter(({ status }) => status === 202).map(({ body }) => body.id as string);
    expect(replies.filter(({ status }) => status !== 202).every(({ status }) => status === 429)).toBe(true);
    expect(jobs.length).toBeGreaterThan(3);
    for (const id of jobs) await isOver(mine, id);
    expect((await kept()) - before).toBeLessThanOrEqual(budgetBytes * 1.1);
    for (const id of jobs) {
      const { state, progress } = (await mine.get(`/v1/jobs/${id}`)).body;
      expect([state, progress.done, progress.total]).toEqual(['done', 10, 10]);
    }
    expect(writes()).toBe(jobs.length);
  });
});

describe('the slots of jobs', () => {
  let world: World;
  let admin: HttpClient;

  beforeAll(async () => {
    world = await World.start();
    admin = await world.gateway({
      ...env,
      CLIENT_BUDGET_MIB: '64',
      FAN_OUT_CONCURRENCY: '1',
      JOB_CONCURRENCY: '2',
    });
  }, 60_000);
  afterAll(() => world.stop());

  it('go round the keys: 20 slow jobs of one key keep the job of another for two of their items at most', async () => {
    const add = async (tag: string, count: number) => {
      const portals = await Promise.all(
        Array.from({ length: count }, () => world.simulator.addPortal({ ...roomy, backlogs })),
      );
      for (const it of portals) await admin.call('POST', '/v1/portals', { webhookUrl: it.webhookUrl(), tags: [tag] });
      return portals;
    };
    const [slow, quick] = [await add('slow', 12), await add('quick', 1)];
    const call = { method: 'tasks.api.scrum.backlog.get', params: { id: 125 } };
    for (const it of slow) it.faults.next('slow', { method: call.method, delayMs: 300, times: Infinity });
    const keyFor = async (name: string) => {
      const { body } = await admin.call('POST', '/v1/clients', { name, scopes: ['call'] });
      return new HttpClient(admin.url, body.key as string);
    };
    const [greedy, modest] = [await keyFor('greedy'), await keyFor('modest')];
    const order = (by: HttpClient, tag: string) => by.call('POST', '/v1/fan-out', { portals: { tag }, call }, later);
    const items = () => slow.flatMap(({ requests }) => requests.filter((it) => it.method === call.method));
    const ordered = await Promise.all(Array.from({ length: 20 }, () => order(greedy, 'slow')));
    expect(ordered.map(({ status }) => status)).toEqual(ordered.map(() => 202));
    await eventually(() => items().length >= 3);
    const seen = items().length;
    const { body } = await order(modest, 'quick');
    await eventually(async () => (await modest.get(`/v1/jobs/${body.id as string}`)).body.state === 'done');
    const at = quick[0]?.requests.find((it) => it.method === call.method)?.at ?? Infinity;
    const between = items().filter((it) => it.at <= at).length - seen;
    // Two of their items in each of the two slots.
    expect(between).toBeLessThanOrEqual(4);
    // And the jobs that made room come to their end.
    for (const it of slow) it.faults.clear();
    for (const it of ordered) {
      const job = async () => (await greedy.get(`/v1/jobs/${it.body.id as string}`)).body;
      await eventually(async () => (await job()).state === 'done');
      expect((await job()).progress).toEqual({ total: 12, done: 12, failed: 0 });
    }
    expect(items().length).toBeLessThanOrEqual(20 * 12);
  });
});

describe('the rate of a key', () => {
  let world: World;
  let admin: HttpClient;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    admin = await world.gateway({ ...env, FAN_OUT_CONCURRENCY: '1' });
    portal = await world.installed(admin, { ...roomy, backlogs });
    portal.crm.addDeals(700);
  }, 60_000);
  afterAll(() => world.stop());
  const keyFor = async (rate: object) => {
    const { body } = await admin.call('POST', '/v1/clients', { name: 'x', scopes: ['call', 'portals:read'], ...rate });
    return new HttpClient(admin.url, body.key as string);
  };
  const at = () => `/v1/portals/${portal.memberId}`;
  /** What the next request is refused for, in seconds until it is let in. */
  const owed = async (key: HttpClient) => {
    const reply = await key.get('/v1/portals?limit=1');
    if (reply.status === 200) return 0;
    expect(reply).toMatchObject({ status: 429, body: { code: 'client_rate_limited' } });
    return Number(reply.headers.get('retry-after'));
  };
  const get = { method: 'tasks.api.scrum.backlog.get', params: { id: 125 } };

  it.each([
    ['a call', 1, (key: HttpClient) => key.call('POST', `${at()}/call/${get.method}`, { params: get.params })],
    [
      'a batch that only reads',
      60,
      (key: HttpClient) => key.call('POST', `${at()}/batch`, { commands: Array.from({ length: 60 }, () => get) }),
    ],
    [
      'a batch that writes',
      60,
      (key: HttpClient) =>
        key.call('POST', `${at()}/batch`, { commands: [writing, ...Array.from({ length: 59 }, () => get)] }),
    ],
    [
      'a batch of an SDK',
      30,
      (key: HttpClient) =>
        key.call('POST', `/p/${portal.memberId}/rest/1/${key.key ?? ''}/batch.json`, {
          cmd: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, `${get.method}?id=125`])),
        }),
    ],
    [
      'a call of an assistant',
      1,
      (key: HttpClient) =>
        key.call(
          'POST',
          '/mcp',
          {
            ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
            params: { name: 'call_method', arguments: { portal: portal.memberId, ...get } },
          },
          { Accept: 'application/json, text/event-stream' },
        ),
    ],
  ])('counts %s as %d', async (_what, commands, ask) => {
    // So slow that nothing comes back while the test runs.
    const key = await keyFor({ ratePerSecond: 0.01, burst: 1 });
    expect((await ask(key)).status).toBe(200);
    // What is owed, and the one that the next request needs.
    const seconds = await owed(key);
    expect(Math.round(seconds / 100)).toBe(commands);
  });

  it('counts each page of a list, which waits with the next until it is paid for', async () => {
    const key = await keyFor({ ratePerSecond: 5, burst: 1 });
    const answer = await key.call<string>('POST', `${at()}/list/crm.deal.list`, {});
    expect(answer.body.split('\n').at(-2)).toBe('{"end":{"records":700}}');
    // A page, ten in a request, and ten more, which waited until the ten were paid for.
    const seconds = await owed(key);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(3);
  });

  it('counts each call of a fan-out, which waits with the next until it is paid for', async () => {
    const key = await keyFor({ ratePerSecond: 0.01, burst: 2 });
    const others = await Promise.all([1, 2].map(() => world.installed(admin, { ...roomy, backlogs })));
    const portals = [portal, ...others].map(({ memberId }) => memberId);
    const { body } = await key.call<string>('POST', '/v1/fan-out', { portals, call: get });
    expect(body).toContain('"ok":3');
    expect(Math.round((await owed(key)) / 100)).toBe(2);
  });

  it('lets a fan-out owe for no more than what is under way', async () => {
    const key = await keyFor({ ratePerSecond: 2, burst: 1 });
    const others = await Promise.all([1, 2, 3, 4].map(() => world.installed(admin, { ...roomy, backlogs })));
    const portals = [portal, ...others].map(({ memberId }) => memberId);
    const { body } = await key.call<string>('POST', '/v1/fan-out', { portals, call: get });
    expect(body).toContain('"ok":5');
    expect(await owed(key)).toBeLessThanOrEqual(1);
  });

  it('counts each item of a job, which waits with the next until it is paid for, and can be cancelled meanwhile', async () => {
    const key = await keyFor({ ratePerSecond: 0.01, burst: 1 });
    portal.requests.length = 0;
    const commands = Array.from({ length: 100 }, () => writing);
    const { body } = await key.call('POST', `${at()}/batch`, { commands }, later);
    const job = async () => (await admin.get(`/v1/jobs/${body.id as string}`)).body;
    await eventually(async () => (await job()).progress.done === 1);
    // The order itself and the 50 commands of the first part.
    expect(Math.round((await owed(key)) / 100)).toBe(51);
    await admin.call('POST', `/v1/jobs/${body.id as string}/cancel`);
    await eventually(async () => (await job()).state === 'cancelled');
    expect(portal.requests.filter((it) => it.method === 'batch')).toHaveLength(1);
  });
});
