import { once } from 'node:events';
import { createServer } from 'node:http';
import { optionsFromParent, serveParent } from './side-process.mjs';

/**
 * A vendor without rules, for benchmarks in which the simulator would be what is measured: to every call the same
 * backlog, to a batch the same for each command, on as many ports as there are portals that must not share a host.
 */
const backlog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };
const time = { start: 0, finish: 0, duration: 0, processing: 0 };
const one = Buffer.from(JSON.stringify({ result: backlog, time }));

async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = request.url.endsWith('/batch') ? batch(Buffer.concat(chunks)) : one;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}

function batch(asked) {
  const keys = Object.keys(JSON.parse(asked).cmd);
  const all = (value) => Object.fromEntries(keys.map((key) => [key, value]));
  const result = {
    result: all(backlog),
    result_error: [],
    result_total: [],
    result_next: [],
    result_time: all(time),
  };
  return Buffer.from(JSON.stringify({ result, time }));
}

async function listen() {
  const server = createServer(answer).listen(0, '127.0.0.1');
  server.keepAliveTimeout = 75_000;
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

const origins = await Promise.all(Array.from({ length: optionsFromParent().origins }, listen));
serveParent({ origins, oauthServer: 'http://127.0.0.1:9', clientId: 'app.bench', clientSecret: 'none' });
