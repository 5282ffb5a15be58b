import { createRequire } from 'node:module';
import { Agent, request } from 'undici';
import { allocatedBytes } from './figures/allocation.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const require = createRequire(import.meta.url);
const {
  axiosPost,
  portalPost,
  undiciAdapter,
  upstream,
} = require('../../dist/apps/gateway/libs/upstream/src/index.js');
const { Secret, systemClock: clock } = require('../../dist/apps/gateway/libs/portal/src/index.js');
const { HttpService } = require('@nestjs/axios');

const calls = parameter('BENCH_CALLS', 15_000);
const callers = parameter('BENCH_CALLERS', 32);
const batchSize = 50;
const rounds = 3;
const limits = { connectTimeoutMs: 10_000, maxAnswerBytes: 16 * 1024 * 1024, connections: 64, connectionsInAll: 4096 };
const command = { method: 'tasks.api.scrum.backlog.get', params: { id: 125 }, effect: 'read' };
const token = 'a1'.repeat(35);

/**
 * CPU time and memory of the wire alone, in this process: encode, POST, decode and scrub, beside undici's `request` with
 * JSON.parse. All kinds run in turn, so compare the ratios.
 */
export async function wire() {
  const vendor = await fixedVendor(1)();
  try {
    const kinds = kindsOf(vendor.about.origins[0]);
    for (const { work } of kinds) await inTurn(work, calls / 10);
    const used = kinds.map(() => 0);
    for (let round = 0; round < rounds; round++)
      for (const [i, { work, count }] of kinds.entries()) used[i] += (await cpuMsOf(() => inTurn(work, count))) / count;
    const bytes = [];
    for (const { work, count } of kinds)
      bytes.push((await allocatedBytes(() => inTurn(work, count / 10))) / (count / 10));
    return kinds.map(({ name, commands }, i) => ({
      'on the wire': name,
      'CPU ms a request': rounded(used[i] / rounds, 3),
      'to undici': rounded(used[i] / used[0]),
      'CPU ms a command': rounded(used[i] / rounds / commands, 4),
      'kB allocated': rounded(bytes[i] / 1000, 1),
    }));
  } finally {
    vendor.stop();
  }
}

function kindsOf(origin) {
  const { adapter, dispatcher } = undiciAdapter({ ...limits, mayConnect: () => true });
  const { axiosRef } = new HttpService();
  const text = { maxRedirects: 0, responseType: 'text', transformResponse: (it) => it, validateStatus: () => true };
  const throughAxios = axiosPost(new HttpService(axiosRef.create({ adapter, ...text })), clock);
  const straight = portalPost({ dispatcher, clock, maxAnswerBytes: limits.maxAnswerBytes, isAllowed: () => true });
  const authorization = { endpoint: new Secret(`${origin}/rest/`), accessToken: new Secret(token) };
  const sender = (post, commands) => {
    const send = upstream({ post, clock, linkFor: () => undefined });
    return () => send(authorization, commands, new AbortController().signal);
  };
  const batch = Array.from({ length: batchSize }, () => command);
  return [
    { name: 'undici', work: bareRequest(origin), count: calls, commands: 1 },
    { name: 'a call', work: sender(straight, [command]), count: calls, commands: 1 },
    { name: 'a call by @nestjs/axios', work: sender(throughAxios, [command]), count: calls, commands: 1 },
    { name: `a batch of ${batchSize}`, work: sender(straight, batch), count: calls / 10, commands: batchSize },
  ];
}

function bareRequest(origin) {
  const dispatcher = new Agent({ connections: limits.connections });
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ ...command.params, auth: token });
  return async () => {
    const answer = await request(`${origin}/rest/${command.method}`, { dispatcher, method: 'POST', headers, body });
    return JSON.parse(await answer.body.text());
  };
}

async function inTurn(work, count) {
  let left = count;
  const caller = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

async function cpuMsOf(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

await runAlone(import.meta.url, wire);
