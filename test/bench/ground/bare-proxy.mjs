import { once } from 'node:events';
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { optionsFromParent, serveParent } from './side-process.mjs';

/** The least that a proxy in Node does: passes a request on and its answer back. */
const vendor = new Pool(optionsFromParent().origin, { connections: 64 });

const server = createServer((request, response) => {
  const { method, url } = request;
  const { 'content-type': type, 'content-length': length } = request.headers;
  const headers = { 'content-type': type, 'content-length': length };
  void vendor.stream({ method, path: url, headers, body: request }, (answer) => {
    return response.writeHead(answer.statusCode, answer.headers);
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
serveParent({ url: `http://127.0.0.1:${server.address().port}` });
