import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createGateway } from '../../apps/gateway/src/create-gateway';
import { readSettings } from '../../apps/gateway/src/settings';
import { adminKey, type HttpClient, environment, eventually, World } from '../support/gateway';

interface ApiOperation {
  readonly security?: readonly object[];
}
const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, ApiOperation>>;
};
const keyed = Object.entries(paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, { security }]) =>
    security?.length === 0 ? [] : [[method.toUpperCase(), path.replace(/\{\w+\}/g, '1')] as const],
  ),
);

/** A request by hand: what is sent, and what came back until now. */
class RawRequest {
  private static readonly all = new Set<Socket>();
  received = '';

  private constructor(readonly socket: Socket) {
    socket.on('data', (bytes: Buffer) => (this.received += bytes.toString()));
    socket.on('error', () => undefined);
    RawRequest.all.add(socket);
  }

  static async open(client: HttpClient, head = ''): Promise<RawRequest> {
    const socket = connect(Number(new URL(client.url).port), '127.0.0.1');
    const request = new RawRequest(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(head);
    return request;
  }

  /** Sends a header that promises a body, and nothing of it. */
  static withheld(client: HttpClient, method: string, path: string, more: readonly string[] = []): Promise<RawRequest> {
    const fields = ['Host: x', 'Content-Type: application/json', 'Content-Length: 60000', ...more];
    return RawRequest.open(client, `${method} ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`);
  }

  static closeAll(): void {
    for (const socket of RawRequest.all) socket.destroy();
    RawRequest.all.clear();
  }

  async until(text: RegExp): Promise<string> {
    while (!text.test(this.received)) {
      if (this.socket.closed) throw new Error(`The connection ended with: ${this.received}`);
      await new Promise((resolve) => {
        for (const event of ['data', 'close']) this.socket.once(event, resolve);
      });
    }
    return this.received;
  }

  /** Until the whole of a JSON answer is there. */
  async answer(): Promise<{ status: number; head: string; body: { code?: string; error?: string } }> {
    const text = await this.until(/\r\n\r\n\{[^]*\}$/);
    const [head = '', body = ''] = text.split(/\r\n\r\n(?=\{)/);
    return { status: Number(head.split(' ')[1]), head, body: JSON.parse(body) as { code?: string } };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.destroy();
    await closed;
  }
}

const awaited = 'Expect: 100-continue';
const authorized = (key = adminKey) => `Authorization: Bearer ${key}`;

describe('a request', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
  });
  afterEach(async () => {
    RawRequest.closeAll();
    await world.closeGateways();
  });
  afterAll(() => world.stop());

  /** One that a replica has let in, and that stays until it is closed. */
  const letIn = async (client: HttpClient, method: string, path: string, more: readonly string[] = []) => {
    const request = await RawRequest.withheld(client, method, path, [awaited, ...more]);
    await request.until(/^HTTP\/1.1 100 /);
    return request;
  };
  const refused = async (request: RawRequest) => {
    const { status, head, body } = await request.answer();
    await request.close();
    return [status, body.code ?? body.error, /^retry-after: [1-9]/im.test(head)];
  };

  it('without a key is refused before anything of its body has come, at every route that takes one', async () => {
    const client = await world.gateway();
    const others = [
      ['POST', '/mcp', 'key_missing'],
      ['POST', '/rest/1/nobodys-key/profile', 'INVALID_CREDENTIALS'],
      ['POST', '/rest/x', 'INVALID_CREDENTIALS'],
      ['POST', '/p/acme/rest/1/nobodys-key/batch', 'INVALID_CREDENTIALS'],
      ['POST', '/%72est/x', 'INVALID_CREDENTIALS'],
      ['POST', '/%761/clients', 'key_missing'],
    ] as const;
    expect(keyed.length).toBeGreaterThan(50);
    for (const [method, path, code = 'key_missing'] of [...keyed, ...others]) {
      const { status, body } = await (await RawRequest.withheld(client, method, path)).answer();
      expect([method, path, status, body.code ?? body.error]).toEqual([method, path, 401, code]);
    }
  });

  it('that the console alone may send is refused before anything of its body has come', async () => {
    const client = await world.gateway();
    expect(await refused(await RawRequest.withheld(client, 'POST', '/console/session'))).toEqual([
      403,
      'not_allowed',
      false,
    ]);
    expect(await refused(await RawRequest.withheld(client, 'GET', '/console/session'))).toEqual([
      401,
      'key_missing',
      false,
    ]);
  });

  it('to no route is refused before anything of its body has come', async () => {
    const client = await world.gateway();
    const request = await RawRequest.withheld(client, 'POST', '/nowhere', [authorized()]);
    expect(await refused(request)).toEqual([404, 'route_not_found', false]);
  });

  it('that waits with its body is asked for it once its key is known, and not before', async () => {
    const client = await world.gateway();
    const stranger = await RawRequest.withheld(client, 'POST', '/v1/clients', [awaited]);
    expect(await stranger.until(/\r\n\r\n\{/)).toMatch(/^HTTP\/1.1 401 /);
    const body = JSON.stringify({ name: 'patient', scopes: ['call'], portals: 'all' });
    const fields = ['Host: x', authorized(), awaited, 'Content-Type: application/json'];
    const head = `POST /v1/clients HTTP/1.1\r\n${fields.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const known = await RawRequest.open(client, head);
    await known.until(/^HTTP\/1.1 100 /);
    known.socket.write(body);
    await known.until(/HTTP\/1.1 201 /);
    await known.close();
  });

  it('is answered by its route however its path is written: nothing that a key was asked for may be kept', async () => {
    const client = await world.gateway();
    const plain = await client.get('/v1/portals');
    const encoded = await client.get('/%761/portals');
    expect([encoded.status, encoded.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(encoded.body).toEqual(plain.body);
  });

  it('comes by a door: a gateway with a route that names none does not start', async () => {
    const gateway = await createGateway(
      readSettings({ ...environment(world.redis, world.simulator), LOG_LEVEL: 'silent' }),
    );
    const fastify = gateway.app.getHttpAdapter().getInstance();
    fastify.post('/anything', (_request, reply) => reply.send('unasked'));
    await expect(gateway.listen()).rejects.toThrow('Routes without a door: POST /anything');
    await gateway.close();
  });

  it('of one address too many waits for others of that address, while probes and other addresses get in', async () => {
    const client = await world.gateway({ REQUESTS_PER_ADDRESS: '2', TRUSTED_PROXIES: '127.0.0.1' });
    const from = (address: string) => `X-Forwarded-For: ${address}`;
    const held = [];
    for (let i = 0; i < 2; i++) held.push(await letIn(client, 'POST', '/bitrix24/events', [from('203.0.113.9')]));
    const again = (path: string, address = '203.0.113.9') =>
      RawRequest.open(client, `GET ${path} HTTP/1.1\r\nHost: x\r\n${authorized()}\r\n${from(address)}\r\n\r\n`);
    expect(await refused(await again('/v1/portals'))).toEqual([429, 'too_many_requests', true]);
    expect((await (await again('/health/live')).answer()).status).toBe(200);
    expect((await (await again('/v1/portals', '203.0.113.10')).answer()).status).toBe(200);
    await held[0]?.close();
    expect((await (await again('/v1/portals')).answer()).status).toBe(200);
    await held[1]?.close();
  });

  it('of one client too many waits for others of that client, by whichever door, while another key gets in', async () => {
    const client = await world.gateway({ REQUESTS_PER_CLIENT: '2', REQUESTS_PER_ADDRESS: '2' });
    const newKey = { name: 'greedy', scopes: ['call'], portals: 'all' };
    const key = String((await client.call('POST', '/v1/clients', newKey)).body.key);
    const portal = await world.installed(client);
    const held = [];
    for (let i = 0; i < 2; i++)
      held.push(await letIn(client, 'POST', `/v1/portals/${portal.memberId}/call/profile`, [authorized(key)]));
    const mcp = await RawRequest.withheld(client, 'POST', '/mcp', [authorized(key)]);
    expect(await refused(mcp)).toEqual([429, 'too_many_requests', true]);
    const sdk = await RawRequest.withheld(client, 'POST', `/p/${portal.memberId}/rest/1/${key}/profile`);
    expect(await refused(sdk)).toEqual([503, 'QUERY_LIMIT_EXCEEDED', true]);
    expect((await client.get('/v1/portals')).status).toBe(200);
    for (const request of held) await request.close();
    const { status } = await fetch(`${client.url}/p/${portal.memberId}/rest/1/${key}/profile`);
    expect(status).toBe(200);
  });

  it('that was sent behind another on one connection leaves its place with that connection', async () => {
    const client = await world.gateway({ REQUESTS_PER_ADDRESS: '3', REQUESTS_PER_CLIENT: '3' });
    const newKey = { name: 'piped', scopes: ['call'], portals: 'all' };
    const key = String((await client.call('POST', '/v1/clients', newKey)).body.key);
    const portal = await world.installed(client);
    portal.faults.next('hang', { times: Infinity });
    const path = `/p/${portal.memberId}/rest/1/${key}/profile`;
    const ask = async () => {
      const answer = await fetch(`${client.url}${path}`, { signal: AbortSignal.timeout(500) }).catch(() => undefined);
      return answer?.status;
    };
    const connection = await RawRequest.open(client, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(3));
    await eventually(() => portal.requests.length > 0);
    expect(await ask()).toBe(503);
    await connection.close();
    portal.faults.clear();
    await eventually(async () => (await ask()) !== 503);
    // Whoever waits for the end of every request waits for none of these.
    await world.closeGateways();
  });

  it('comes by a connection: one address may open so many and no more', async () => {
    const client = await world.gateway({ CONNECTIONS_PER_ADDRESS: '2' });
    const open = [await RawRequest.open(client), await RawRequest.open(client)];
    expect(await refused(await RawRequest.open(client))).toEqual([429, 'too_many_requests', true]);
    await open[0]?.close();
    const head = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n';
    let status = 429;
    // The replica hears of the end of a connection a moment after this end does.
    while (status === 429) {
      const request = await RawRequest.open(client, head);
      status = (await request.answer().catch(() => ({ status: 429 }))).status;
      await request.close();
    }
    expect(status).toBe(200);
    await open[1]?.close();
  });

  it('comes by a connection of a trusted proxy, which may open any number', async () => {
    const client = await world.gateway({ CONNECTIONS_PER_ADDRESS: '2', TRUSTED_PROXIES: '127.0.0.0/8' });
    const open = [];
    for (let i = 0; i < 5; i++)
      open.push(await RawRequest.open(client, 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'));
    for (const request of open) expect((await request.answer()).status).toBe(200);
    for (const request of open) await request.close();
  });
});

describe('metrics', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it('are read with METRICS_TOKEN only, where it is set: a key of the gateway is none', async () => {
    const token = 'prometheus-reads-this';
    const client = await world.gateway({ METRICS_TOKEN: token });
    const read = (key: string | undefined) =>
      fetch(`${client.url}/metrics`, { headers: { ...(key && { Authorization: `Bearer ${key}` }) } });
    const wrong = [undefined, adminKey, `${token}x`, token.slice(1)];
    for (const key of wrong) {
      const answer = await read(key);
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
        401,
        key === undefined ? 'key_missing' : 'key_invalid',
      ]);
    }
    const answer = await read(token);
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('b24_http_responses_total')]);
  });
});

describe('the document of the API', () => {
  let world: World;
  let client: HttpClient;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
  });
  afterAll(() => world.stop());

  const raw = (headers: Record<string, string>) => {
    return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
      request(`${client.url}/openapi.json`, { headers }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) });
        });
      })
        .on('error', reject)
        .end();
    });
  };

  it('is the same in every encoding that a caller takes, and each has its own validator', async () => {
    const plain = await raw({});
    const br = await raw({ 'Accept-Encoding': 'gzip;q=0.5, br' });
    const gzip = await raw({ 'Accept-Encoding': 'gzip, br;q=0' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect([br, gzip].map((it) => it.headers['content-encoding'])).toEqual(['br', 'gzip']);
    expect(brotliDecompressSync(br.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(br.body.length).toBeLessThan(plain.body.length / 10);
    const etags = [plain, br, gzip].map((it) => it.headers['etag']);
    expect(new Set(etags).size).toBe(3);
    for (const it of [plain, br, gzip])
      expect(it.headers).toMatchObject({
        'cache-control': 'no-cache',
        vary: expect.stringContaining('Accept-Encoding'),
        'content-type': 'application/json; charset=utf-8',
      });
  });

  it('is not sent again to who has it', async () => {
    const first = await raw({ 'Accept-Encoding': 'br' });
    const etag = String(first.headers['etag']);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await raw({ 'Accept-Encoding': 'br', 'If-None-Match': known });
      expect([known, again.status, again.body.length, again.headers['etag']]).toEqual([known, 304, 0, etag]);
    }
    expect((await raw({ 'Accept-Encoding': 'gzip', 'If-None-Match': etag })).status).toBe(200);
  });
});
