import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Bytes, jsonPieces, readJsonBytes } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { portalPost } from './portal-post';
import { undiciAdapter } from './undici-adapter';

const body = { type: 'application/json', text: '{}' } as const;
const inTime = { timeoutMs: 70_000 };
const maxAnswerBytes = 1024 * 1024;
const limits = { connectTimeoutMs: 5000, maxAnswerBytes, connections: 1, connectionsInAll: 64 };

describe('a call of a portal, straight over undici', () => {
  const servers: Server[] = [];
  const closings: (() => Promise<void>)[] = [];

  async function wire(listener: RequestListener, mayConnect = () => true) {
    const server = createServer(listener);
    servers.push(server);
    const seen = { connections: 0 };
    server.on('connection', () => seen.connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { dispatcher, close } = undiciAdapter({ ...limits, mayConnect });
    closings.push(close);
    const clock = new HandClock();
    const isAllowed = ({ hostname }: URL) => hostname === '127.0.0.1';
    const post = portalPost({ dispatcher, clock, maxAnswerBytes, isAllowed });
    return { clock, post, seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
  }

  /** A portal that answers `/quick` at once, and anything else byte by byte without end. */
  function trickling() {
    const seen = { hangUps: 0, paths: [] as string[] };
    let reached: () => void = () => undefined;
    const listener: RequestListener = (request, response) => {
      seen.paths.push(request.url ?? '');
      if (request.url === '/quick') return void response.end('{}');
      response.writeHead(200).write(' ', () => {
        reached();
      });
      const bytes = setInterval(() => response.write(' '), 5);
      response.once('close', () => {
        clearInterval(bytes);
        seen.hangUps++;
      });
    };
    return { seen, listener, began: () => new Promise<void>((resolve) => (reached = resolve)) };
  }

  const failureOf = (exchange: Promise<unknown>) => exchange.catch((error: unknown) => error);

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await Promise.all(closings.splice(0).map((close) => close()));
  });

  it('has one time limit for all of the answer, exact to a second, however steadily its bytes come', async () => {
    const { seen, listener, began } = trickling();
    const { clock, post, url } = await wire(listener);
    const started = began();
    let isOver = false;
    const exchange = failureOf(post(`${url}slow`, body, inTime)).finally(() => (isOver = true));
    await started;
    await clock.advance(69_999);
    expect(isOver).toBe(false);
    await clock.advance(1001);
    expect(await exchange).toMatchObject({ sent: true, reason: 'TIMEOUT' });
    // The only connection is free.
    expect(await post(`${url}quick`, body, inTime)).toEqual({ status: 200, body: '{}' });
    expect([seen.hangUps, clock.pending]).toEqual([1, 0]);
  });

  it('gives a call that begins within a tick all of its time', async () => {
    const { listener, began } = trickling();
    const { clock, post, url } = await wire(listener);
    const started = began();
    const first = failureOf(post(`${url}slow`, body, inTime));
    await started;
    await clock.advance(999);
    let isOver = false;
    const second = failureOf(post(`${url}slow`, body, { timeoutMs: 5000 })).finally(() => (isOver = true));
    await clock.advance(4999);
    expect(isOver).toBe(false);
    await clock.advance(1001);
    expect(await second).toMatchObject({ sent: false, reason: 'TIMEOUT' });
    await clock.advance(70_000);
    await first;
  });

  it('ends at once when nobody waits any more, and frees its connection', async () => {
    const { listener, began } = trickling();
    const { post, url } = await wire(listener);
    const started = began();
    const nobody = new AbortController();
    const exchange = failureOf(post(`${url}slow`, body, { ...inTime, signal: nobody.signal }));
    await started;
    nobody.abort();
    expect(await exchange).toMatchObject({ sent: true, reason: 'ABANDONED' });
    expect(await post(`${url}quick`, body, inTime)).toMatchObject({ status: 200 });
  });

  it('sends nothing for a caller who left while it waited for a connection, and does not close that', async () => {
    const { seen, listener, began } = trickling();
    const { post, url, seen: server } = await wire(listener);
    const started = began();
    const [first, second] = [new AbortController(), new AbortController()];
    const busy = failureOf(post(`${url}slow`, body, { ...inTime, signal: first.signal }));
    await started;
    const waiting = failureOf(post(`${url}never`, body, { ...inTime, signal: second.signal }));
    const later = post(`${url}quick`, body, inTime);
    second.abort();
    expect(await waiting).toMatchObject({ sent: false, reason: 'ABANDONED' });
    first.abort();
    await busy;
    await later;
    expect(seen.paths).toEqual(['/slow', '/quick']);
    expect(server.connections).toBe(2);
    expect(await failureOf(post(url, body, { ...inTime, signal: second.signal }))).toMatchObject({ sent: false });
  });

  it('distinguishes what was never sent from what may have arrived, and repeats nothing of the request', async () => {
    const { post, url } = await wire((request) => request.socket.destroy());
    const secret = { ...inTime, headers: { Authorization: 'Bearer hidden' } };
    const broken = await failureOf(post(`${url}hidden`, { ...body, text: '{"auth":"hidden"}' }, secret));
    expect(broken).toMatchObject({ name: 'ExchangeFailure', sent: true, reason: 'UND_ERR_SOCKET' });
    expect(JSON.stringify(broken, Object.getOwnPropertyNames(broken))).not.toContain('hidden');
    const refused = post('http://127.0.0.1:9/hidden', body, inTime);
    await expect(refused).rejects.toMatchObject({ sent: false, reason: 'ECONNREFUSED' });
    const invalid = post(url, body, { ...inTime, headers: { Authorization: 'a\nb' } });
    await expect(invalid).rejects.toMatchObject({ sent: false, reason: 'UND_ERR_INVALID_ARG' });
  });

  it('connects only where the URL and the address allow it', async () => {
    const { post, url } = await wire(
      () => undefined,
      () => false,
    );
    for (const target of ['http://localhost/rest/app.info', 'no URL', 'http://', url])
      await expect(post(target, body, inTime)).rejects.toMatchObject({ sent: false, reason: 'HOST_NOT_ALLOWED' });
  });

  it('follows no redirect, and passes over early hints', async () => {
    const { post, url } = await wire((request, response) => {
      if (request.url === '/there') response.end('followed');
      else response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => void answerRedirect());
      const answerRedirect = () => response.writeHead(307, { location: '/there' }).end('moved');
    });
    expect(await post(url, body, inTime)).toEqual({ status: 307, body: 'moved' });
  });

  it('returns that the portal repeated an answer, and a text without byte order mark in any pieces', async () => {
    const { post, url } = await wire((_, response) => {
      const bytes = Buffer.from('\uFEFF{"a":"é"}');
      response.writeHead(200, { 'Idempotent-Replayed': 'true' });
      response.write(bytes.subarray(0, 10), () => setImmediate(() => response.end(bytes.subarray(10))));
    });
    expect(await post(url, body, inTime)).toEqual({ status: 200, body: '{"a":"é"}', replayed: true });
  });

  it('returns that an answer is too large to be read', async () => {
    const { post, url } = await wire((_, response) => void response.end('x'.repeat(maxAnswerBytes + 1)));
    await expect(post(url, body, inTime)).rejects.toMatchObject({ sent: true, reason: 'ANSWER_TOO_LARGE' });
  });

  it('reads an answer that a server in between compressed, up to the same limit', async () => {
    const pack = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
    const { post, url } = await wire((request, response) => {
      const [, encoding = 'gzip', length] = /^\/(\w+)\/(\d+)/.exec(request.url ?? '') ?? [];
      response.setHeader('content-encoding', encoding);
      response.end(pack[encoding as keyof typeof pack]('x'.repeat(Number(length))));
    });
    for (const encoding of Object.keys(pack))
      expect(await post(`${url}${encoding}/1000`, body, inTime)).toEqual({ status: 200, body: 'x'.repeat(1000) });
    const tooLarge = post(`${url}gzip/${maxAnswerBytes + 1}`, body, inTime);
    await expect(tooLarge).rejects.toMatchObject({ reason: 'ANSWER_TOO_LARGE' });
  });

  it.each(['constructor', '__proto__', 'zstd'])(
    'takes an answer as it is whose encoding is unknown: %s',
    async (encoding) => {
      const { post, url } = await wire((_, response) => {
        response.setHeader('content-encoding', encoding);
        response.end('{}');
      });
      expect(await post(url, body, inTime)).toEqual({ status: 200, body: '{}' });
    },
  );

  it('sends its headers, and long texts piece by piece with their length', async () => {
    let headers: IncomingMessage['headers'] = {};
    const { post, url } = await wire((request, response) => {
      ({ headers } = request);
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => response.end(String(Buffer.concat(pieces).length)));
    });
    const value = readJsonBytes(Bytes.of(`{"a":"${'é'.repeat(100_000)}","b":1}`));
    const options = { ...inTime, headers: { Authorization: 'Bearer x' } };
    const answer = await post(url, { ...body, text: jsonPieces(value) }, options);
    expect(answer.body).toBe('200014');
    expect(headers).toMatchObject({
      ...{ 'content-type': 'application/json', 'content-length': '200014', 'accept-encoding': 'identity' },
      ...{ accept: 'application/json', 'user-agent': 'b24-gateway', authorization: 'Bearer x' },
    });
  });
});
