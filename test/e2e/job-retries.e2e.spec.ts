import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, eventually, World } from '../support/gateway';

const env = { B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' };
const later = { Prefer: 'respond-async' };
const get = 'tasks.api.scrum.backlog.get';
const add = 'tasks.api.scrum.backlog.add';
const reading = { method: get, params: { id: 125 } };
const adding = (groupId: number) => ({ method: add, params: { fields: { groupId, createdBy: 6 } } });

describe('a job of which something failed', () => {
  let world: World;
  let client: HttpClient;
  let portals: SimulatedPortal[];

  const keyNamed = async (name: string): Promise<HttpClient & { id: string }> => {
    const { body } = await client.call('POST', '/v1/clients', { name, scopes: ['call'] });
    return Object.assign(new HttpClient(client.url, body.key as string), { id: body.id as string });
  };
  const isOver = async (by: HttpClient, id: string) => {
    const view = async () => (await by.get(`/v1/jobs/${id}`)).body;
    await eventually(async () => !['queued', 'running'].includes((await view()).state as string));
    return view();
  };
  const fanOut = async (by: HttpClient, call: object, names: string[] = portals.map(({ memberId }) => memberId)) => {
    const { body } = await by.call('POST', '/v1/fan-out', { portals: names, call }, later);
    return isOver(by, body.id as string);
  };
  const batch = async (by: HttpClient, body: object) => {
    const accepted = await by.call('POST', `/v1/portals/${portals[0]!.memberId}/batch`, body, later);
    return isOver(by, accepted.body.id as string);
  };
  const items = async (by: HttpClient, id: string, query = '?outcome=failed') =>
    (await by.get(`/v1/jobs/${id}/items${query}`)).body;
  const retry = (by: HttpClient, id: string, body: object = {}) => by.call('POST', `/v1/jobs/${id}/retry`, body);
  const sent = (method: string) => portals.map(({ requests }) => requests.filter((it) => it.method === method).length);

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway(env);
  }, 60_000);
  beforeEach(async () => {
    const groups = Array.from({ length: 150 }, (_, i) => i + 1);
    const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];
    const options = { burst: 1000, drainPerSecond: 100, groups, backlogs };
    portals = [];
    for (let n = 0; n < 3; n++) portals.push(await world.installed(client, options));
    for (const portal of portals) portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('says what it does, whose it is, and which portals failed and why', async () => {
    const planning = await keyNamed('planning');
    portals[1]!.faults.next('ERROR_ARGUMENT', { method: get });
    const job = await fanOut(planning, reading);
    expect(job).toMatchObject({
      title: `Call ${get} on 3 portals`,
      client: { id: planning.id, name: 'planning' },
      progress: { total: 3, done: 3, failed: 1, byCode: { rejected_by_portal: 1 } },
    });
    const failed = await items(planning, job.id as string);
    expect(failed).toEqual({
      items: [
        {
          item: 1,
          portal: expect.objectContaining({ memberId: portals[1]!.memberId, domain: portals[1]!.domain }),
          ...{ code: 'rejected_by_portal', detail: expect.stringMatching(/The portal said: \S/) },
        },
      ],
    });
    const first = await items(planning, job.id as string, '?limit=2');
    expect((first.items as { code?: string }[]).map((it) => it.code ?? 'ok')).toEqual(['ok', 'rejected_by_portal']);
    const rest = await items(planning, job.id as string, `?limit=2&cursor=${first.nextCursor as string}`);
    expect([rest.items.length, rest.nextCursor]).toEqual([1, undefined]);
    expect(JSON.stringify(first)).not.toContain('result');
    const other = await keyNamed('other');
    for (const path of ['', '/items'])
      expect((await other.get(`/v1/jobs/${job.id as string}${path}`)).status).toBe(404);
    expect((await retry(other, job.id as string)).body.code).toBe('job_not_found');
    expect((await items(client, job.id as string)).items).toHaveLength(1);
  });

  it('is retried as a job of the same key, with what failed only, and once however often that is requested', async () => {
    const planning = await keyNamed('planning');
    portals[1]!.faults.next('ERROR_ARGUMENT', { method: get });
    const job = await fanOut(planning, reading);
    const replies = await Promise.all([retry(client, job.id as string), retry(planning, job.id as string)]);
    expect(replies.map(({ status }) => status)).toEqual([202, 202]);
    const [first, second] = replies.map(({ body }) => body);
    expect([second.id, replies[0]?.headers.get('location')]).toEqual([first.id, `/v1/jobs/${first.id as string}`]);
    expect(first).toMatchObject({
      ...{ title: `Call ${get} on 1 portal`, retryOf: job.id, retry: { items: 1, leftOut: 0 } },
      client: { id: planning.id, name: 'planning' },
    });
    expect(await isOver(planning, first.id as string)).toMatchObject({ progress: { total: 1, done: 1, failed: 0 } });
    expect(sent(get)).toEqual([1, 2, 1]);
    expect((await retry(planning, job.id as string)).body).toMatchObject({ id: first.id, state: 'done' });
    expect(sent(get)).toEqual([1, 2, 1]);
    expect(await retry(planning, first.id as string)).toMatchObject({
      status: 409,
      body: { code: 'job_not_retryable' },
    });
  });

  it('never repeats a write whose outcome is unknown, unless the caller says so', async () => {
    portals[0]!.faults.next('cut-after', { method: add });
    portals[1]!.faults.next('ERROR_ARGUMENT', { method: add });
    const job = await fanOut(client, adding(126));
    expect(job.progress).toMatchObject({ failed: 2, byCode: { outcome_unknown: 1, rejected_by_portal: 1 } });
    const { body } = await retry(client, job.id as string);
    expect(body.retry).toEqual({ items: 1, leftOut: 1 });
    await isOver(client, body.id as string);
    expect(sent(add)).toEqual([1, 2, 1]);
    const { body: repeated } = await retry(client, job.id as string, { items: 'unknown' });
    expect(repeated.retry).toEqual({ items: 1, leftOut: 1 });
    expect(repeated.id).not.toBe(body.id);
    await isOver(client, repeated.id as string);
    expect(sent(add)).toEqual([2, 2, 1]);
  });

  it('is not retried when all that failed are writes with an unknown outcome', async () => {
    portals[0]!.faults.next('cut-after', { method: add });
    const job = await fanOut(client, adding(126));
    expect(await retry(client, job.id as string)).toMatchObject({
      status: 409,
      body: { code: 'job_not_retryable', detail: expect.stringContaining('may have been executed') },
    });
    expect(sent(add)).toEqual([1, 1, 1]);
  });

  it('looks a portal up that was not connected when the job was created', async () => {
    const late = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    const job = await fanOut(client, reading, [portals[0]!.memberId, late.domain]);
    expect(job.progress).toMatchObject({ failed: 1, byCode: { portal_not_found: 1 } });
    await client.call('POST', '/v1/portals', { webhookUrl: late.webhookUrl() });
    const { body } = await retry(client, job.id as string);
    await isOver(client, body.id as string);
    expect(late.requests.filter(({ method }) => method === get)).toHaveLength(1);
  });

  it('retries the commands of a batch that failed, and none that ran', async () => {
    // 120 commands are three parts; a group of 151 and more does not exist.
    const commands = Array.from({ length: 120 }, (_, i) => adding(i === 60 ? 900 : i === 110 ? 901 : i + 1));
    const job = await batch(client, { commands });
    expect(job).toMatchObject({ title: `Batch of 120 commands on ${portals[0]!.memberId}`, progress: { failed: 2 } });
    const { items: parts } = (await items(client, job.id as string)) as {
      items: { failures: { command: number }[] }[];
    };
    expect(parts.map(({ failures }) => failures.map((it) => it.command))).toEqual([[60], [110]]);
    const executed = () => portals[0]!.requests.filter((it) => it.method === add && it.executed).length;
    const before = executed();
    const { body } = await retry(client, job.id as string);
    expect(body).toMatchObject({ retry: { items: 2, leftOut: 0 }, progress: { total: 1 } });
    await isOver(client, body.id as string);
    expect(executed() - before).toBeLessThanOrEqual(2);
    expect([...portals[0]!.scrum.backlogs.values()].filter(({ groupId }) => groupId <= 150)).toHaveLength(119);
  });

  it('leaves a batch whole whose commands refer to each other', async () => {
    const commands = [{ ...reading, name: 'first' }, adding(900)];
    const named = commands.map((it, i) => ({ ...it, name: `c${i}` }));
    const job = await batch(client, { commands: named, references: true });
    expect(job.progress).toMatchObject({ failed: 1 });
    expect(await retry(client, job.id as string)).toMatchObject({
      status: 409,
      body: { code: 'job_not_retryable', detail: expect.stringContaining('refer to each other') },
    });
  });

  it('goes on with the rest, after its key expired, only with a key that works', async () => {
    const planning = await keyNamed('planning');
    portals[1]!.faults.next('ERROR_ARGUMENT', { method: get });
    const job = await fanOut(planning, reading);
    await client.call('DELETE', `/v1/clients/${planning.id}`);
    expect(await retry(client, job.id as string)).toMatchObject({
      status: 409,
      body: { code: 'job_not_retryable', detail: expect.stringContaining('was deleted') },
    });
  });

  it('keeps what it was to do only when something of it can be retried', async () => {
    const good = await fanOut(client, reading);
    portals[1]!.faults.next('ERROR_ARGUMENT', { method: get });
    const bad = await fanOut(client, reading);
    const redis = world.redis.client();
    const stored = await Promise.all(
      [good, bad].map(({ id }) => redis.hexists(`b24:{${id as string}}:job`, 'payload')),
    );
    redis.disconnect();
    expect(stored).toEqual([0, 1]);
    expect((await retry(client, good.id as string)).body).toMatchObject({ code: 'job_not_retryable' });
  });

  it('of a key whose name looks like a sealed text lets another replica start', async () => {
    const odd = await keyNamed('v2.k9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
    await fanOut(odd, reading);
    const second = await world.gateway(env);
    await eventually(async () => (await second.get('/health/ready')).status === 200);
  });
});
