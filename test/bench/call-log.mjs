import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Callers, percentile } from './figures/callers.mjs';
import { readRightly, throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { cpuMs } from './figures/usage.mjs';
import { onGround } from './ground/ground.mjs';
import { seed } from './ground/seed.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const require = createRequire(import.meta.url);
const { CallBlock } = require('../../dist/apps/gateway/libs/call-log/src/call-block.js');
const { CallStore } = require('../../dist/apps/gateway/libs/call-log/src/index.js');

const logged = parameter('BENCH_LOGGED', 5_000_000);
const seconds = parameter('BENCH_SECONDS', 4);
const callers = parameter('BENCH_CALLERS', 64);
const portalCount = parameter('BENCH_PORTALS', 500);
const rounds = parameter('BENCH_ROUNDS', 7);
const searches = 20;
const group = 125;
const budgetMib = 256;
const blockCalls = 512;
const dayMs = 23 * 3_600_000;
const unlimited = { B24_BURST: '10000', B24_DRAIN_PER_SECOND: '1000' };

/**
 * What the call log costs: reads a second through a replica that logs and one that does not, in turns; and how fast a
 * day of calls is searched, and what it takes in Redis.
 */
export async function callLog() {
  const costs = await onGround({ startVendor: fixedVendor(1), settings: unlimited }, costOfLogging);
  const settings = { ...unlimited, CALL_LOG_MIB: `${budgetMib}` };
  return [...costs, ...(await onGround({ startVendor: fixedVendor(1), settings }, searchesOfADay))];
}

async function costOfLogging(ground) {
  ground.wanted.settings = { ...unlimited, CALL_LOG_MIB: '0' };
  await ground.startReplica('gateway-without-log');
  const portals = await seed(ground, portalCount);
  const ways = ground.replicas.map(({ url, pid }) => ({ url, pid, rates: [], cpus: [] }));
  // The order changes with each round, since a machine that is busy for a while must not slow down one way only.
  for (let round = 0; round < rounds; round++)
    for (const way of round % 2 ? ways.toReversed() : ways) await measure(ground, way, portals);
  const [withLog, without] = ways.map(({ rates, cpus }) => ({ rate: median(rates), cpu: median(cpus) }));
  const ratioOf = (which) => percent(median(ways[0][which].map((value, round) => value / ways[1][which][round])));
  return [
    { figure: 'reads a second without the call log', value: rounded(without.rate, 0) },
    {
      figure: 'with the call log',
      value: `${rounded(withLog.rate, 0)}, ${ratioOf('rates')}`,
      goal: 'at least 97 %',
    },
    { figure: 'CPU of the gateway a read without it', value: `${rounded(without.cpu, 3)} ms` },
    { figure: 'with it', value: `${rounded(withLog.cpu, 3)} ms, ${ratioOf('cpus')}` },
  ];
}

async function measure(ground, way, portals) {
  const reader = throughGateway(way.url, ground.key);
  let next = 0;
  const all = new Callers(callers, () => readRightly(reader, portals[next++ % portals.length], group));
  await all.measured(2);
  const before = cpuMs(way.pid);
  const answered = await all.measured(seconds);
  way.rates.push(answered.perSecond);
  way.cpus.push((cpuMs(way.pid) - before) / answered.right);
  all.end();
  await sleep(100);
  await reader.close();
}

async function searchesOfADay(ground) {
  const installed = await seed(ground, portalCount + 1);
  const [rarePortal, ...portals] = installed.map(({ memberId }) => memberId);
  const rare = { client: 'c_00000000000000ff', portal: rarePortal };
  const day = new LoggedDay(logged, portals, rare);
  const connection = new Redis(ground.redis.url);
  const before = await usedBytes(connection);
  const store = new CallStore(connection, budgetMib * 1024 * 1024);
  for (let from = 0; from < logged; from += blockCalls) {
    const block = new CallBlock(0);
    block.calls.push(...day.calls(from, Math.min(blockCalls, logged - from)));
    await store.store(undefined, await block.encode(true));
  }
  const used = (await usedBytes(connection)) - before;
  const segments = await store.segments();
  const counted = sum(segments.map(({ bytes }) => bytes));
  connection.disconnect();
  const find = (query) => timed(ground, query);
  const byRequest = await find(() => `requestId=${day.someRequest()}`);
  const byPair = await find(() => `client=${day.clients[3]}&portal=${day.someSeenPortal()}`);
  const byRarePair = await find(() => `client=${rare.client}&portal=${rare.portal}`);
  const newest = await find(() => 'limit=50');
  const failed = await find(() => `failed=true&method=${day.methods[7]}`);
  return [
    {
      figure: `memory in Redis of ${logged} calls, each`,
      value: `${rounded(used / logged, 1)} bytes`,
      goal: 'at most 60',
    },
    { figure: 'of which the budget counts', value: `${rounded(counted / logged, 1)} bytes` },
    row('search by request id', byRequest, 'below 100 ms'),
    row('filter by client and portal', byPair, 'below 500 ms'),
    row('the same for a pair with one call, long ago', byRarePair, 'below 500 ms'),
    row('the newest 50', newest),
    row('failed calls of a method', failed),
  ];
}

async function timed(ground, queryOf) {
  const times = [];
  let found = 0;
  for (let i = 0; i < searches; i++) {
    const query = queryOf();
    const startedAt = performance.now();
    const { items } = await ground.asAdmin(`calls?${query}`);
    times.push(performance.now() - startedAt);
    found += items.length;
  }
  return { times, found };
}

function row(figure, { times, found }, goal) {
  const value = `${rounded(percentile(times, 0.5), 1)} ms, slowest ${rounded(Math.max(...times), 1)} ms, ${found} found`;
  return { figure, value, ...(goal && { goal }) };
}

/** Calls over a day: some clients and portals call much more than others, and one call is of a pair of its own. */
class LoggedDay {
  requests = [];

  constructor(count, portals, rare) {
    this.portals = portals;
    this.rare = rare;
    this.count = count;
    this.beganAtMs = Date.now() - dayMs;
    const hex = (length) => Array.from({ length }, () => Math.floor(Math.random() * 16).toString(16)).join('');
    this.clients = Array.from({ length: 20 }, () => `c_${hex(16)}`);
    this.methods = Array.from({ length: 60 }, (_, i) => `crm.entity${i}.list`);
    this.rareAt = Math.floor(count / 10);
  }

  calls(from, count) {
    return Array.from({ length: count }, (_, i) => this.call(from + i));
  }

  call(index) {
    const requestId = randomUUID();
    if (index % 1009 === 0) this.requests.push(requestId);
    const failed = Math.random() < 0.02;
    const queueMs = Math.random() < 0.7 ? 0 : Math.floor(Math.random() * 900);
    const upstreamMs = 40 + Math.floor(Math.random() ** 4 * 1500);
    const client = oftenFirst(this.clients);
    return {
      atMs: this.beganAtMs + Math.floor((index / this.count) * dayMs),
      ...{ client, clientName: `service ${client.slice(2, 6)}`, portal: oftenFirst(this.portals) },
      ...(index === this.rareAt && this.rare),
      ...{ method: oftenFirst(this.methods), operation: 'callMethod', requestId, queueMs, upstreamMs },
      ...{ tookMs: queueMs + upstreamMs + (index % 3), commands: 1 + Math.floor(Math.random() ** 3 * 20) },
      ...{ retries: Math.random() < 0.01 ? 1 : 0, outcome: failed ? 'rejected_by_portal' : 'ok' },
      ...(failed && { error: 'ERROR_CORE', description: `Element ${Math.floor(Math.random() * 50)} is not found` }),
    };
  }

  someRequest() {
    return this.requests[Math.floor(Math.random() * this.requests.length)];
  }

  someSeenPortal() {
    return oftenFirst(this.portals);
  }
}

const oftenFirst = (all) => all[Math.floor(Math.random() ** 2 * all.length)];
const median = (values) => percentile(values, 0.5);
const sum = (values) => values.reduce((a, b) => a + b, 0);
const percent = (share) => `${rounded(share * 100, 1)} %`;

async function usedBytes(connection) {
  return Number(/^used_memory:(\d+)/m.exec(await connection.info('memory'))[1]);
}

await runAlone(import.meta.url, callLog);
