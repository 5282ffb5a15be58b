import { bodyTimeMs } from '../../apps/gateway/src/http/read-body';
import { connect } from 'node:net';
import { once } from 'node:events';
import { Attacker } from '../support/attacker';
import { adminKey, type HttpClient, World } from '../support/gateway';
import { memoryOf } from '../support/redis-memory';

const form = 'application/x-www-form-urlencoded';
const json = 'application/json';
const deep = (open: string, close: string, times: number) => `${open.repeat(times)}${close.repeat(times)}`;

describe('hostile bodies', () => {
  let world: World;
  let client: HttpClient;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
  });
  afterAll(() => world.stop());

  /** What any operation that takes JSON makes of it: a refusal of its own words, never a failure, and nothing changes. */
  const refused = async (body: string, status: number) => {
    const before = await memoryOf(world.redis);
    for (const [method, path] of [
      ['POST', '/v1/clients'],
      ['POST', '/v1/portals'],
      ['PATCH', `/v1/portals/${'a'.repeat(32)}`],
    ] as const) {
      const reply = await client.call(method, path, body, { 'Content-Type': json });
      expect([body.slice(0, 40), reply.status]).toEqual([body.slice(0, 40), status]);
    }
    expect(await memoryOf(world.redis)).toEqual(before);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  };

  it.each([
    ['a list in lists', deep('[', ']', 30_000)],
    ['an object in objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['a name of lists', `{"name":${deep('[', ']', 30_000)}}`],
    ['a scope of lists', `{"name":"x","scopes":${deep('[', ']', 30_000)}}`],
    ['__proto__', '{"name":"x","scopes":["call"],"__proto__":{"polluted":1}}'],
    ['__proto__, escaped', '{"name":"x","scopes":["call"],"\\u005f_proto__":{"polluted":1}}'],
    ['constructor.prototype', '{"name":"x","scopes":["call"],"constructor":{"prototype":{"polluted":1}}}'],
    ['constructor', '{"name":"x","scopes":["call"],"constructor":1}'],
    ['__proto__ within', '{"name":{"a":[{"__proto__":{"polluted":1}}]}}'],
    ['toString', '{"toString":1,"valueOf":2,"hasOwnProperty":3}'],
    ['a huge number', '{"name":1e400}'],
    ['a lone surrogate as a field', '{"\\ud800":1}'],
    ['many fields', `{${Array.from({ length: 5000 }, (_, i) => `"f${i}":1`).join()}}`],
    ['a NUL', '{"name":"\\u0000"}'],
    ['no JSON', '{"a":1}garbage'],
    ['nothing', ''],
    ['null', 'null'],
    ['a byte order mark alone', '\ufeff'],
  ])('as JSON are refused (%s)', async (_what, body) => {
    await refused(body, 400);
  });

  it('are refused alike when a key would have them compared with what was sent before', async () => {
    for (const body of [deep('[', ']', 30_000), `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`]) {
      const headers = { 'Content-Type': json, 'Idempotency-Key': 'deep' };
      const { status } = await client.call('POST', '/v1/clients', body, headers);
      expect(status).toBe(400);
    }
  });

  it('that are too large are refused, whether they say so or not', async () => {
    await refused(`{"name":"${'x'.repeat(70_000)}"}`, 413);
    const { port } = new URL(client.url);
    const socket = connect(Number(port), '127.0.0.1');
    const head = `POST /v1/clients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminKey}\r\nContent-Type: ${json}\r\n`;
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`);
    socket.on('error', () => undefined);
    const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
    const answered = once(socket, 'data') as Promise<[Buffer]>;
    for (let i = 0; i < 6; i++) socket.write(chunk);
    const [answer] = await answered;
    expect(answer.toString()).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it('of unknown length are taken side by side while they are small, and one after the other when they are large', async () => {
    const stream = (size: number) =>
      new ReadableStream({
        start(controller) {
          controller.enqueue(Buffer.from(`{"params":{"text":"${'x'.repeat(size)}"}}`));
          controller.close();
        },
      });
    const portal = await world.installed(client);
    const send = (size: number) =>
      fetch(`${client.url}/v1/portals/${portal.memberId}/call/lab.echo.get`, {
        ...{ method: 'POST', body: stream(size), duplex: 'half' },
        headers: { 'Content-Type': json, Authorization: `Bearer ${adminKey}` },
      }).then(async (response) => [response.status, (await response.text()).length > size]);
    const sizes = [10, 10, 10, 200_000, 200_000, 200_000];
    expect(await Promise.all(sizes.map(send))).toEqual(sizes.map(() => [200, true]));
  });

  it('that are cut off are nobody’s fault but the caller’s', async () => {
    const { port } = new URL(client.url);
    for (const length of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
      const socket = connect(Number(port), '127.0.0.1');
      const head = `POST /v1/clients HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminKey}\r\nContent-Type: ${json}\r\n`;
      socket.write(`${head}${length}\r\n\r\n`);
      socket.end('{');
      socket.resume();
      await once(socket, 'close');
    }
    expect((await client.get('/health/live')).status).toBe(200);
    expect(world.logLines.filter((line) => line.includes('internal error'))).toEqual([]);
  });

  it('as forms reach no route but those of the vendor, however the path is written', async () => {
    for (const path of ['/v1/clients', '/v1/portals?/bitrix24/', '/v1/../v1/clients', '/bitrix24/../v1/clients']) {
      const response = await fetch(`${client.url}${path}`, {
        method: 'POST',
        headers: { 'Content-Type': form, Authorization: `Bearer ${adminKey}` },
        body: 'name=x&scopes[0]=admin',
      });
      expect([path, response.status]).toEqual([path, 415]);
    }
  });

  it('that crawl in are given up: a small one after half a minute, the largest by its size', () => {
    const server = world.newest.app.getHttpServer() as { requestTimeout: number; headersTimeout: number };
    expect(server.requestTimeout).toBe(bodyTimeMs(100 * 1024 * 1024));
    expect([bodyTimeMs(0), bodyTimeMs(64 * 1024)]).toEqual([30_000, 31_000]);
    expect(server.headersTimeout > 0 && server.headersTimeout <= 30_000).toBe(true);
  });

  it('posted by a page of somebody else do nothing without a key', async () => {
    const page = await Attacker.listen();
    const headers = { Origin: `http://${page.host}`, 'Content-Type': json };
    const response = await fetch(`${client.url}/v1/clients`, { method: 'POST', headers, body: '{}' });
    expect(response.status).toBe(401);
    await page.stop();
  });
});
