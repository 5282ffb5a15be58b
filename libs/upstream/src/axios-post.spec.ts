import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { Bytes, jsonPieces, readJsonBytes } from '@b24/portal';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { HandClock } from '../../../test/support/hand-clock';
import { axiosPost } from './axios-post';
import { undiciAdapter } from './undici-adapter';

const body = { type: 'application/json', text: '{}' } as const;
const limits = {
  connectTimeoutMs: 5000,
  maxAnswerBytes: 1024 * 1024,
  connections: 1,
  connectionsInAll: 64,
  mayConnect: () => true,
};

describe('one exchange with a portal', () => {
  const servers: Server[] = [];
  const closings: (() => Promise<void>)[] = [];

  async function wire(listener: RequestListener) {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { adapter, close } = undiciAdapter(limits);
    closings.push(close);
    const clock = new HandClock();
    const instance = axios.create({ adapter, responseType: 'text', validateStatus: () => true });
    const http = new HttpService(instance as unknown as HttpService['axiosRef']);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return { clock, post: axiosPost(http, clock), url };
  }

  /** A portal that sends one byte now and again, and how often somebody hung up on it. */
  function trickling() {
    const gone = { times: 0 };
    let reached: () => void = () => undefined;
    const listener: RequestListener = (request, response) => {
      if (request.url === '/quick') return void response.end('{}');
      response.writeHead(200).write(' ', () => {
        reached();
      });
      const bytes = setInterval(() => response.write(' '), 5);
      response.once('close', () => {
        clearInterval(bytes);
        gone.times++;
      });
    };
    return { gone, listener, began: () => new Promise<void>((resolve) => (reached = resolve)) };
  }

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await Promise.all(closings.splice(0).map((close) => close()));
  });

  it('has one time limit for all of the answer, however steadily its bytes come', async () => {
    const { gone, listener, began } = trickling();
    const { clock, post, url } = await wire(listener);
    const started = began();
    const asked = post(url, body, { timeoutMs: 70_000 }).catch((error: unknown) => error);
    await started;
    await clock.advance(69_999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await asked).toMatchObject({ sent: true, reason: 'TIMEOUT' });
    // The one connection there is was freed.
    expect(await post(`${url}quick`, body, { timeoutMs: 70_000 })).toEqual({ status: 200, body: '{}' });
    expect([gone.times, clock.pending]).toEqual([1, 0]);
  });

  it('ends at once when nobody waits for it any more, and frees its connection', async () => {
    const { listener, began } = trickling();
    const { clock, post, url } = await wire(listener);
    const started = began();
    const nobody = new AbortController();
    const asked = post(url, body, { timeoutMs: 70_000, signal: nobody.signal }).catch((error: unknown) => error);
    await started;
    nobody.abort();
    expect(await asked).toMatchObject({ sent: true, reason: 'ABANDONED' });
    expect(await post(`${url}quick`, body, { timeoutMs: 70_000 })).toMatchObject({ status: 200 });
    expect(clock.pending).toBe(0);
  });

  it('says that the answer is too large to be read', async () => {
    const { post, url } = await wire((_, response) => void response.end('x'.repeat(limits.maxAnswerBytes + 1)));
    await expect(post(url, body, { timeoutMs: 70_000 })).rejects.toMatchObject({
      sent: true,
      reason: 'ANSWER_TOO_LARGE',
    });
  });

  it('reads an answer that a server in between compressed, up to the same limit', async () => {
    const pack = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };
    const { post, url } = await wire((request, response) => {
      const [, encoding = 'gzip', length] = /^\/(\w+)\/(\d+)/.exec(request.url ?? '') ?? [];
      response.setHeader('content-encoding', encoding);
      response.end(pack[encoding as keyof typeof pack]('x'.repeat(Number(length))));
    });
    for (const encoding of Object.keys(pack))
      expect(await post(`${url}${encoding}/1000`, body, { timeoutMs: 70_000 })).toEqual({
        status: 200,
        body: 'x'.repeat(1000),
      });
    const tooLarge = post(`${url}gzip/${limits.maxAnswerBytes + 1}`, body, { timeoutMs: 70_000 });
    await expect(tooLarge).rejects.toMatchObject({ reason: 'ANSWER_TOO_LARGE' });
  });

  it('sends long texts piece by piece, with their length', async () => {
    const { post, url } = await wire((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        response.end(JSON.stringify([request.headers['content-length'], text.length, text.slice(0, 20)]));
      });
    });
    const value = readJsonBytes(Bytes.of(`{"a":"${'é'.repeat(100_000)}","b":1}`));
    const answer = await post(url, { ...body, text: jsonPieces(value) }, { timeoutMs: 70_000 });
    expect(JSON.parse(answer.body)).toEqual(['200014', 100_014, `{"a":"${'é'.repeat(14)}`]);
  });
});
