import { once } from 'node:events';
import { createServer } from 'node:http';
import { LeakyBucket } from './leaky-bucket.mjs';
import { optionsFromParent, serveParent } from './side-process.mjs';

/**
 * A vendor that costs little, for benchmarks in which the simulator would be what is measured. To every read it returns
 * the backlog of the group that was read, and to a batch one for each command. Each portal has a host of its own. It
 * refuses nothing, but counts per host what a bucket would have refused.
 */
const { origins: hosts, bucket } = optionsFromParent();
const buckets = new Map();
const seen = { requests: 0, commands: 0, overBucket: 0 };
const time = '{"start":0,"finish":0,"duration":0,"processing":0}';

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  count(request.headers.host);
  const sent = JSON.parse(Buffer.concat(chunks));
  const result = request.url.endsWith('/batch') ? batch(sent.cmd) : one(sent.id);
  const body = `{"result":${result},"time":${time}}`;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}

function count(host) {
  seen.requests++;
  if (!bucket) return;
  const own = buckets.get(host) ?? new LeakyBucket(bucket);
  buckets.set(host, own);
  if (!own.count(Date.now())) seen.overBucket++;
}

function one(group) {
  seen.commands++;
  return `{"id":1,"groupId":${Number(group)},"createdBy":6,"modifiedBy":1}`;
}

function batch(commands) {
  const keys = Object.keys(commands);
  const all = (valueOf) => keys.map((key) => `"${key}":${valueOf(commands[key])}`).join();
  const results = all((command) => one(/[?&]id=(\d+)/.exec(command)?.[1]));
  const times = all(() => time);
  return `{"result":{${results}},"result_error":[],"result_total":[],"result_next":[],"result_time":{${times}}}`;
}

/** One listener serves all hosts: on Linux every address of 127.0.0.0/8 is the loopback. */
async function listen(address) {
  const server = createServer(answer).listen(0, address);
  server.keepAliveTimeout = 75_000;
  await once(server, 'listening');
  return server.address().port;
}

const port = await listen(hosts === 1 ? '127.0.0.1' : '0.0.0.0');
const origins = Array.from({ length: hosts }, (_, i) => `http://127.0.${Math.floor(i / 250)}.${(i % 250) + 1}:${port}`);
serveParent(
  { origins, oauthServer: 'http://127.0.0.1:9', clientId: 'app.bench', clientSecret: 'none' },
  { traffic: () => ({ ...seen }) },
);
