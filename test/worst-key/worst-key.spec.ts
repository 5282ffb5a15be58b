import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Bitrix24Simulator, type SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, environment, eventually } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { RedisServer } from '../support/redis-server';

/*
 * npm run worst-key -- --seconds 60
 * One key does its worst; another key's calls on the same portal, and Redis, must not notice.
 */
const seconds = Number(process.env['WORST_SECONDS'] ?? 10);
const budgetMiB = 8;
/** What the account of the budget does not count: structures of Redis itself, the audit log, buckets. */
const overheadMiB = 8;
const queued = 1000;
/** Fewer, so that its queue is full while as many of its calls wait. */
const queueLimit = 900;
/** Of the common plan. */
const drainPerSecond = 2;

describe('one key that does its worst', () => {
  let redis: RedisServer;
  let simulator: Bitrix24Simulator;
  let gateway: GatewayProcess;
  /** On the common plan. */
  let portal: SimulatedPortal;
  /** Without limits, so that what is large comes quickly. */
  let wide: SimulatedPortal;
  let worst: HttpClient;
  let other: HttpClient;

  beforeAll(async () => {
    redis = await RedisServer.start();
    simulator = await Bitrix24Simulator.start({ scope: ['task', 'crm', 'user'] });
    gateway = await GatewayProcess.start(
      environment(redis, simulator, { CLIENT_BUDGET_MIB: `${budgetMiB}`, QUEUE_LIMIT: `${queueLimit}` }),
    );
    const { client, url } = gateway;
    simulator.callbackUrl = `${url}/oauth/callback`;
    const installed = async (options: Parameters<Bitrix24Simulator['addPortal']>[0]) => {
      const it = await simulator.addPortal(options);
      await it.sendInstallEvent(`${url}/bitrix24/events`);
      await eventually(async () => (await client.get(`/v1/portals/${it.memberId}`)).body.status === 'active');
      return it;
    };
    portal = await installed({});
    wide = await installed({ burst: 100_000, drainPerSecond: 10_000 });
    await client.call('PATCH', `/v1/portals/${wide.memberId}`, { limits: { burst: 10_000, drainPerSecond: 1000 } });
    wide.crm.addDeals(50);
    for (const deal of wide.crm.deals.values()) deal['TITLE'] = 'x'.repeat(6000);
    const keyOf = async (name: string) => {
      const { body } = await client.call('POST', '/v1/clients', { name, scopes: ['call', 'backlog:read'] });
      return new HttpClient(url, body.key as string);
    };
    [worst, other] = [await keyOf('worst'), await keyOf('other')];
  }, 60_000);
  afterAll(async () => {
    await gateway.stop();
    await simulator.stop();
    await redis.stop();
  });

  const usedBytes = async () => {
    const connection = redis.client();
    const info = await connection.info('memory');
    connection.disconnect();
    return Number(/used_memory:(\d+)/.exec(info)?.[1]);
  };
  /**
   * Requests that left for the portal while the last call of the other key waited, its own included; those of a batch
   * share one. `profile` is the gateway's own question.
   */
  const turnsOf = (headers: Headers) => {
    const queueMs = Number(/queue;dur=([\d.]+)/.exec(headers.get('server-timing') ?? '')?.[1]);
    const sent = portal.requests.filter(({ batchOf, method }) => batchOf === undefined && method !== 'profile');
    const own = portal.requests.filter(({ method }) => method.endsWith('.getFields')).at(-1)!;
    return sent.filter(({ at }) => at > own.at - queueMs && at <= own.at).length;
  };
  const questions = () => portal.requests.filter(({ method }) => method === 'profile').length;

  it('keeps another key from nothing, closes no portal, and fills Redis with no more than its budget', async () => {
    const before = await usedBytes();
    const questionsBefore = questions();
    let isOver = false;
    let sent = 0;
    const codes = new Map<string, number>();
    const again = async (ask: (n: number) => Promise<{ body: { code?: string } }>) => {
      for (let n = 0; !isOver; n++) {
        const { body } = await ask(n).catch(() => ({ body: { code: 'hung up' } }));
        const code = (body as { code?: string } | undefined)?.code ?? 'ok';
        codes.set(code, (codes.get(code) ?? 0) + 1);
        sent++;
        if (code === 'queue_full' || code === 'too_many_requests')
          await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const at = (it: SimulatedPortal, path: string) => `/v1/portals/${it.memberId}${path}`;
    const alone = (n: number) => ({ params: { alone: `$${n}` } });
    const lists = Array.from({ length: 499 }, () => ({ method: 'crm.deal.list', params: { select: ['*'] } }));
    const large = {
      commands: [...lists, { method: 'crm.deal.update', params: { id: 1, fields: { STAGE_ID: 'NEW' } } }],
    };
    portal.faults.next('ACCESS_DENIED', { method: 'user.get', times: Infinity });
    portal.faults.next('WRONG_AUTH_TYPE', { method: 'event.get', times: Infinity });
    const work = [
      // Queued calls that can't share a request.
      ...Array.from({ length: queued }, (_, n) =>
        again(() => worst.call('POST', at(portal, '/call/scope'), alone(n), { 'X-Deadline-Ms': '120000' })),
      ),
      // Large answers that are to be kept, as jobs and for Idempotency-Keys.
      ...Array.from({ length: 20 }, () =>
        again(() => worst.call('POST', at(wide, '/batch'), large, { Prefer: 'respond-async' })),
      ),
      ...Array.from({ length: 2 }, (_, i) =>
        again((n) => worst.call('POST', at(wide, '/batch'), large, { 'Idempotency-Key': `worst-${i}-${n}` })),
      ),
      // Refused methods in a loop, and half an emoji.
      again(() => worst.call('POST', at(portal, '/call/user.get'), {})),
      again(() => worst.call('POST', at(portal, '/call/event.get'), {})),
      again(() => worst.call('POST', at(portal, '/call/scope'), { params: { text: '\ud83d' } })),
    ];
    const turns: number[] = [];
    const statuses = new Set<number>();
    const states = new Set<string>();
    let grown = 0;
    const endAtMs = Date.now() + seconds * 1000;
    const witness = monitorEventLoopDelay();
    witness.enable();
    while (Date.now() < endAtMs) {
      const reply = await other.get(at(portal, '/backlogs/fields'));
      turns.push(turnsOf(reply.headers));
      statuses.add(reply.status);
      const { body } = await gateway.client.get(at(portal, ''));
      states.add((body.code ?? body.status) as string);
      grown = Math.max(grown, (await usedBytes()) - before);
    }
    isOver = true;
    // Requests are written down when this process comes to it: in this time it may take later ones for earlier ones.
    const unsure = Math.floor(((witness.max / 1e6) * drainPerSecond) / 1000);
    witness.disable();
    const asked = questions() - questionsBefore;
    worst = new HttpClient('http://127.0.0.1:9');
    await gateway.client.call('PATCH', at(portal, ''), { suspended: true });
    await gateway.client.call('PATCH', at(wide, ''), { suspended: true });
    await Promise.all(work);
    const reported = [...codes].map(([code, count]) => `${code} ${count}`).join(', ');
    process.stdout.write(
      `\n${seconds} s: the worst key sent ${sent} requests (${reported}); the other key had ${turns.length} answers, ` +
        `each after ${Math.max(...turns)} requests at most; Redis grew by ${(grown / 1024 / 1024).toFixed(1)} MiB (budget ${budgetMiB})\n`,
    );
    expect([...statuses]).toEqual([200]);
    expect([[...states], gateway.logLines.filter((line) => line.includes('"level":50'))]).toEqual([['active'], []]);
    expect(turns.length).toBeGreaterThan(0);
    // Its own, one before it, and one that was leaving just then.
    expect(Math.max(...turns)).toBeLessThanOrEqual(3 + unsure);
    expect(grown).toBeLessThanOrEqual((budgetMiB + overheadMiB) * 1024 * 1024);
    // What it has refused in a loop is asked about once in five seconds.
    expect(asked).toBeLessThanOrEqual(seconds / 5 + 2);
    expect(codes.get('queue_full') ?? 0).toBeGreaterThan(0);
    expect(gateway.errors).toBe('');
  }, 600_000);
});
