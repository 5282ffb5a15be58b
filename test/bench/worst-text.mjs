import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { percentile } from './figures/callers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { onGround } from './ground/ground.mjs';
import { simulator } from './ground/vendors.mjs';

const bytes = parameter('BENCH_BYTES', 2_000_000);
const goalMs = 50;
/** What stands in a URL must fit Node's header. */
const queryLength = 15_000;

const form = 'application/x-www-form-urlencoded';
const json = 'application/json';
const filled = (part, length) => part.repeat(Math.ceil(length / part.length)).slice(0, length);
const texts = [
  ['a[[[…', form, (length) => `a${filled('[', length - 1)}`],
  ['a[]=&…', form, (length) => filled('a[]=&', length)],
  ['%5B…', form, (length) => filled('%5B', length)],
  ['///…', form, (length) => `${filled('/', length - 4)}%0Aa`],
  ['{"a":…', json, (length) => filled('{"a":', length)],
  ['spaces', json, (length) => filled('%20', length)],
];

/** Every route that is open, and one or more of each door that asks for a key. */
function routes() {
  const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8'));
  const open = Object.keys(paths).filter((path) => Object.values(paths[path]).some((it) => it.security?.length === 0));
  return [
    ...open,
    ...['/openapi.json', '/docs', '/console', '/console/session', '/console/live', '/mcp', '/nowhere'],
    ...['/install', '/oauth/callback', '/bitrix24/install', '/bitrix24/events'],
    ...['/rest/x', '/rest/1/nobody/profile', '/p/acme/rest/1/nobody/batch', '/v1/clients', '/v1/portals/acme/batch'],
  ];
}

/** 2 MB of the worst texts at every route that needs no key, and how long a liveness probe waits meanwhile. */
export function worstText() {
  return onGround({ startVendor: simulator([{}]) }, async ({ replicas: [{ url }] }) => {
    const rows = [row('(nothing is sent)', await probed(url, () => pause(1000)), [])];
    for (const path of routes()) {
      const statuses = new Set();
      const waits = await probed(url, async () => {
        for (const [, type, textOf] of texts) {
          const address = `${url}${path}?portal=${textOf(queryLength)}`;
          for (const method of ['GET', 'POST']) statuses.add(await sent(address, method, type, textOf(bytes)));
        }
      });
      rows.push(row(path, waits, [...statuses].sort()));
    }
    if (rows.some((it) => it['within 50 ms'] === 'no')) process.exitCode = 1;
    return rows;
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function row(path, waits, statuses) {
  const longest = Math.max(...waits);
  return {
    route: path,
    answers: statuses.join(' '),
    probes: waits.length,
    'p50 ms': rounded(percentile(waits, 0.5)),
    'longest ms': rounded(longest),
    'within 50 ms': longest <= goalMs ? 'yes' : 'no',
  };
}

/** How long each probe waited while the work was done; they come from a thread of their own. */
async function probed(url, work) {
  const thread = new Worker(new URL(import.meta.url), { workerData: { url } });
  const said = () => new Promise((resolve) => thread.once('message', resolve));
  await said();
  await work();
  const waits = said();
  thread.postMessage('end');
  return waits;
}

/** Asks for /health/live again and again, on a connection of its own. */
async function probe({ url }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const waits = [];
  let going = true;
  parentPort.once('message', () => (going = false));
  const look = async () => {
    const status = await sent(`${url}/health/live`, 'GET', undefined, undefined, agent);
    if (status !== 200) throw new Error(`/health/live answered ${status}.`);
  };
  // Before the first, a connection is made and code is read.
  for (let i = 0; i < 20; i++) await look();
  parentPort.postMessage('begun');
  while (going) {
    const startedAt = performance.now();
    await look();
    waits.push(performance.now() - startedAt);
  }
  agent.destroy();
  parentPort.postMessage(waits);
}

/** The status of the answer, or how the connection ended. */
function sent(address, method, type, body, agent) {
  return new Promise((resolve) => {
    const headers = body === undefined ? {} : { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) };
    const call = request(address, { method, headers, agent }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    call.on('error', (error) => resolve(error.code ?? error.message));
    call.end(body);
  });
}

if (isMainThread) await runAlone(import.meta.url, worstText);
else await probe(workerData);
