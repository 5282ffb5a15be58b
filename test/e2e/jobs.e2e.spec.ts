import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import type { JsonLine } from '../support/lines';

const roomy = { burst: 1000, drainPerSecond: 100 };
const env = {
  B24_BURST: '1000',
  B24_DRAIN_PER_SECOND: '100',
  EVENT_TARGET_HOSTS: '127.0.0.0/8:*',
  FAN_OUT_CONCURRENCY: '2',
};
const get = 'tasks.api.scrum.backlog.get';
const add = 'tasks.api.scrum.backlog.add';
const reading = { method: get, params: { id: 125 } };
const writing = { method: add, params: { fields: { groupId: 126, createdBy: 6 } } };
const later = { Prefer: 'respond-async' };
const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];

async function portalsIn(world: World, client: HttpClient, count: number, tag: string): Promise<SimulatedPortal[]> {
  const options = { ...roomy, groups: [125, 126], backlogs };
  const portals = await Promise.all(Array.from({ length: count }, () => world.simulator.addPortal(options)));
  for (const portal of portals)
    await client.call('POST', '/v1/portals', { webhookUrl: portal.webhookUrl(), tags: [tag] });
  return portals;
}

const order = (
  client: HttpClient,
  tag: string,
  call: object,
  headers: Record<string, string> = {},
  more: object = {},
) => client.call('POST', '/v1/fan-out', { portals: { tag }, call, ...more }, { ...later, ...headers });
const jobOf = async (client: HttpClient, id: string) => (await client.get(`/v1/jobs/${id}`)).body;
const isOver = async (client: HttpClient, id: string) => {
  await eventually(async () => !['queued', 'running'].includes((await jobOf(client, id)).state as string));
  return jobOf(client, id);
};
const results = async (client: HttpClient, id: string): Promise<JsonLine[]> => {
  const { body } = await client.get<string>(`/v1/jobs/${id}/results`);
  return body.split('\n').flatMap((line) => (line ? [JSON.parse(line)] : []));
};
const codes = (lines: JsonLine[]) => lines.map((it) => (it.problem?.code ?? 'ok') as string).sort();
const sent = (portals: SimulatedPortal[], method: string) =>
  portals.map(({ requests }) => requests.filter((it) => it.method === method).length);

/** An internal service that hears of finished jobs. */
async function listener(answers: number[] = []) {
  const received: { headers: IncomingHttpHeaders; text: string }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, text });
      const status = answers.shift() ?? 204;
      response.writeHead(status, status === 302 ? { Location: '/elsewhere' } : {}).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { received, url: `http://127.0.0.1:${port}/hook`, close: () => server.close() };
}

describe('a fan-out that goes on as a job', () => {
  let world: World;
  let client: HttpClient;
  let portals: SimulatedPortal[];

  const keyFor = async (more: object = {}): Promise<HttpClient & { id: string }> => {
    const { body } = await client.call('POST', '/v1/clients', { name: 'x', scopes: ['call'], ...more });
    return Object.assign(new HttpClient(client.url, body.key as string), { id: body.id as string });
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway(env);
    portals = await portalsIn(world, client, 5, 'five');
  }, 60_000);
  afterAll(() => world.stop());
  beforeEach(() => {
    for (const portal of portals) {
      portal.requests.length = 0;
      portal.faults.clear();
      for (const { id, groupId } of [...portal.scrum.backlogs.values()])
        if (groupId === 126) portal.scrum.backlogs.delete(id);
    }
  });

  it('is answered at once with where to look, and comes to the same lines in the order asked for', async () => {
    const accepted = await order(client, 'five', reading);
    expect(accepted).toMatchObject({ status: 202, body: { kind: 'fan-out', progress: { total: 5 } } });
    expect(accepted.headers.get('preference-applied')).toBe('respond-async');
    expect(accepted.headers.get('location')).toBe(`/v1/jobs/${accepted.body.id}`);
    const job = await isOver(client, accepted.body.id as string);
    expect(job).toMatchObject({ state: 'done', progress: { total: 5, done: 5, failed: 0 } });
    const lines = await results(client, job.id as string);
    expect(lines.map(({ portal }) => portal.domain as string)).toEqual(portals.map(({ domain }) => domain));
    expect(lines.map(({ result }) => result as object)).toEqual(portals.map(() => backlogs[0]));
    expect((await client.get('/v1/jobs')).body.items).toContainEqual(job);
  });

  it('says when to ask again, until it is over', async () => {
    for (const portal of portals) portal.faults.next('slow', { method: get, delayMs: 500 });
    const { body } = await order(client, 'five', reading);
    const at = `/v1/jobs/${body.id as string}`;
    expect((await client.get(at)).headers.get('retry-after')).toBe('1');
    await isOver(client, body.id as string);
    expect((await client.get(at)).headers.has('retry-after')).toBe(false);
  });

  it('tells of each item that failed, and is done all the same', async () => {
    portals[1]!.faults.next('cut-after', { method: add });
    const { body } = await order(client, 'five', writing);
    const job = await isOver(client, body.id as string);
    expect(job).toMatchObject({ state: 'done', progress: { total: 5, done: 5, failed: 1 } });
    expect(codes(await results(client, job.id as string))).toEqual(['ok', 'ok', 'ok', 'ok', 'outcome_unknown']);
    expect(sent(portals, add)).toEqual([1, 1, 1, 1, 1]);
  });

  it('is the same job for a retry with its Idempotency-Key, and a conflict for another request with it', async () => {
    const headers = { 'Idempotency-Key': 'once' };
    const replies = await Promise.all([1, 2, 3].map(() => order(client, 'five', writing, headers)));
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(new Set(replies.map(({ body }) => body.id as string)).size).toBe(1);
    await isOver(client, replies[0]!.body.id as string);
    expect((await order(client, 'five', writing, headers)).body.state).toBe('done');
    expect(sent(portals, add)).toEqual([1, 1, 1, 1, 1]);
    const other = await order(client, 'five', reading, headers);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
  });

  it('can not be seen, read or cancelled by another key, but by an administrator', async () => {
    const [mine, other] = [await keyFor(), await keyFor()];
    const { body } = await order(mine, 'five', reading);
    const at = `/v1/jobs/${body.id as string}`;
    const asked = [other.get(at), other.get(`${at}/results`), other.call('POST', `${at}/cancel`)];
    for (const reply of await Promise.all(asked))
      expect(reply).toMatchObject({ status: 404, body: { code: 'job_not_found' } });
    expect((await other.get('/v1/jobs')).body.items).toEqual([]);
    expect((await mine.get('/v1/jobs')).body.items).toMatchObject([{ id: body.id }]);
    expect((await client.get(at)).status).toBe(200);
  });

  it('stops when it is cancelled: what was not begun is never sent', async () => {
    for (const portal of portals) portal.faults.next('slow', { method: add, delayMs: 1500 });
    const { body } = await order(client, 'five', writing);
    await eventually(() => sent(portals, add).some((n) => n > 0));
    const asked = await client.call('POST', `/v1/jobs/${body.id as string}/cancel`);
    expect(asked).toMatchObject({ status: 200, body: { id: body.id } });
    const job = await isOver(client, body.id as string);
    expect(job).toMatchObject({ state: 'cancelled', progress: { total: 5 } });
    const reported = (await results(client, body.id as string)).length;
    expect(reported).toBeLessThan(5);
    expect(sent(portals, add).filter((n) => n > 0)).toHaveLength(reported);
    expect((await client.call('POST', `/v1/jobs/${body.id as string}/cancel`)).body.state).toBe('cancelled');
  });

  it('ends with a clear problem when its key is deleted meanwhile, and sends nothing more', async () => {
    const mine = await keyFor();
    for (const portal of portals) portal.faults.next('slow', { method: add, delayMs: 1500 });
    const { body } = await order(mine, 'five', writing);
    await eventually(() => sent(portals, add).some((n) => n > 0));
    await client.call('DELETE', `/v1/clients/${mine.id}`);
    const job = await isOver(client, body.id as string);
    expect(job).toMatchObject({ state: 'failed', problem: { status: 401, code: 'key_invalid' } });
    expect(sent(portals, add).filter((n) => n > 0).length).toBeLessThan(5);
    expect((await mine.get(`/v1/jobs/${body.id as string}`)).status).toBe(401);
  });

  it('is refused beyond so many that are not finished', async () => {
    const mine = await keyFor();
    const one = await world.gateway({ ...env, JOBS_PER_CLIENT: '1' });
    for (const portal of portals) portal.faults.next('slow', { method: get, delayMs: 1500 });
    const first = await order(mine, 'five', reading);
    const second = await order(new HttpClient(one.url, mine.key), 'five', reading);
    expect(second).toMatchObject({ status: 429, body: { code: 'too_many_jobs', retryable: true } });
    await isOver(client, first.body.id as string);
    await eventually(async () => (await order(new HttpClient(one.url, mine.key), 'five', reading)).status === 202);
  });

  it('needs respond-async for what only a job can do', async () => {
    const call = (headers: Record<string, string>, more: object) =>
      client.call('POST', '/v1/fan-out', { portals: { tag: 'five' }, call: reading, ...more }, headers);
    const replies = [await call({ 'Idempotency-Key': 'x' }, {}), await call({}, { callbackUrl: 'http://127.0.0.1/' })];
    expect(replies.map(({ status }) => status)).toEqual([400, 400]);
  });

  describe('with a callback', () => {
    it('tells when it is over, in a message that Standard Webhooks can verify, until it is taken', async () => {
      const hook = await listener([500]);
      const headers = { 'Idempotency-Key': 'hook' };
      const { body } = await order(client, 'five', reading, headers, { callbackUrl: hook.url });
      await eventually(async () => (await jobOf(client, body.id as string)).callback === 'delivered');
      hook.close();
      expect(hook.received).toHaveLength(2);
      for (const { headers: proof, text } of hook.received) {
        const message = JSON.parse(text);
        expect(message).toMatchObject({ type: 'job.finished', data: { id: body.id, state: 'done' } });
        expect(proof['webhook-id']).toBe(body.id);
        const key = Buffer.from((body.callbackSecret as string).slice('whsec_'.length), 'base64');
        const content = `${body.id as string}.${proof['webhook-timestamp'] as string}.${text}`;
        const mac = createHmac('sha256', key).update(content).digest('base64');
        expect(proof['webhook-signature']).toBe(`v1,${mac}`);
      }
      expect(await jobOf(client, body.id as string)).not.toHaveProperty('callbackSecret');
      const again = await order(client, 'five', reading, headers, { callbackUrl: hook.url });
      expect(again.body.callbackSecret).toBe(body.callbackSecret);
    });

    it('is refused when the host is not allowed, and follows no redirect', async () => {
      const refused = await order(client, 'five', reading, {}, { callbackUrl: 'https://example.com/hook' });
      expect(refused).toMatchObject({ status: 422, body: { code: 'target_not_allowed' } });
      const hook = await listener([302]);
      const { body } = await order(client, 'five', reading, {}, { callbackUrl: hook.url });
      await eventually(async () => (await jobOf(client, body.id as string)).callback === 'delivered');
      hook.close();
      expect(hook.received).toHaveLength(2);
    });
  });
});

describe('a job whose replica ends', () => {
  let world: World;
  let one: GatewayProcess;
  let two: GatewayProcess | undefined;
  let portals: SimulatedPortal[];
  const start = () =>
    GatewayProcess.start(environment(world.redis, world.simulator, { ...env, FAN_OUT_CONCURRENCY: '4' }));

  beforeEach(async () => {
    world = await World.start();
    one = await start();
    portals = await portalsIn(world, one.client, 8, 'eight');
  }, 60_000);
  afterEach(async () => {
    await Promise.all([one.kill9(), two?.kill9() ?? Promise.resolve()]);
    await world.stop();
  });

  /** Some items have their outcome, some are with the portal, and some are not begun. */
  const inTheMiddle = async (call: { method: string; params: object }) => {
    for (const portal of portals.slice(2, 6)) portal.faults.next('hang', { method: call.method, afterExecution: true });
    const { body } = await order(one.client, 'eight', call, { 'X-Deadline-Ms': '100000' });
    await eventually(async () => {
      const { progress } = await jobOf(one.client, body.id as string);
      return progress.done >= 2 && sent(portals, call.method).filter((n) => n > 0).length === 6;
    });
    return body.id as string;
  };

  it('by kill -9 goes on at another, and no write of it is sent twice', async () => {
    const id = await inTheMiddle(writing);
    [two] = await Promise.all([start(), one.kill9()]);
    const job = await isOver(two.client, id);
    expect(job).toMatchObject({ state: 'done', progress: { total: 8, done: 8, failed: 4 } });
    expect(sent(portals, add)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    const lines = await results(two.client, id);
    expect(lines.map(({ problem }) => problem?.code as string | undefined)).toEqual([
      ...[undefined, undefined],
      ...Array.from({ length: 4 }, () => 'outcome_unknown'),
      ...[undefined, undefined],
    ]);
  }, 90_000);

  it('by kill -9 runs its reads again at another', async () => {
    const id = await inTheMiddle(reading);
    [two] = await Promise.all([start(), one.kill9()]);
    expect(await isOver(two.client, id)).toMatchObject({ state: 'done', progress: { done: 8, failed: 0 } });
    expect(sent(portals, get)).toEqual([1, 1, 2, 2, 2, 2, 1, 1]);
  }, 90_000);

  it('in order is handed back: what is under way is heard, and the rest is done elsewhere', async () => {
    for (const portal of portals) portal.faults.next('slow', { method: add, delayMs: 3000 });
    const { body } = await order(one.client, 'eight', writing);
    await eventually(() => sent(portals, add).some((n) => n > 0));
    [two] = await Promise.all([start(), one.stop()]);
    const job = await isOver(two.client, body.id as string);
    expect(job).toMatchObject({ state: 'done', progress: { total: 8, done: 8, failed: 0 } });
    expect(sent(portals, add)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  }, 90_000);

  it('keeps its results when Redis is killed and started again', async () => {
    const { body } = await order(one.client, 'eight', reading);
    await isOver(one.client, body.id as string);
    const before = await results(one.client, body.id as string);
    const other = (two = await start());
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await world.redis.kill();
    await world.redis.startAgain({ withData: true });
    await eventually(async () => (await other.client.get('/health/ready')).status === 200);
    expect(await results(other.client, body.id as string)).toEqual(before);
    const again = await order(other.client, 'eight', reading);
    expect(await isOver(other.client, again.body.id as string)).toMatchObject({ state: 'done' });
  }, 90_000);
});
