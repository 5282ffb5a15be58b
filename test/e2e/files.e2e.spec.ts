import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { sha256Of, type SimulatedPortal } from '../../apps/portal-simulator/src';
import { environment, type HttpClient, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

const mebibyte = 1024 * 1024;
const wide = { B24_BURST: '10000', B24_DRAIN_PER_SECOND: '1000' };

// Several hundred megabytes are hashed on the way.
jest.setTimeout(120_000);

describe('files', () => {
  let world: World;
  let replica: GatewayProcess;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let key: string;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'disk'] });
    const env = environment(world.redis, world.simulator, { ...wide, UPLOAD_LIMIT_MIB: '80' });
    replica = await GatewayProcess.startReachable(env);
    client = replica.client;
    portal = await world.installed(client, { burst: 100_000, drainPerSecond: 1000 });
    key = (await client.call('POST', '/v1/clients', { name: 'sdk', scopes: ['call'] })).body.key as string;
  });

  beforeEach(() => {
    portal.requests.length = 0;
    portal.disk.uploads.length = 0;
  });

  afterAll(async () => {
    await replica.stop();
    await world.stop();
  });

  const callPath = (method: string) => `/v1/portals/${portal.memberId}/call/${method}`;
  const sdkPath = (method: string) => `/p/${portal.memberId}/rest/1/${key}/${method}`;
  const linkOf = async (id: number) =>
    (await client.call('POST', callPath('disk.file.get'), { params: { id } })).body.result.DOWNLOAD_URL as string;
  const uploadUrl = async () =>
    (await client.call('POST', callPath('disk.folder.uploadfile'), { params: { id: 8 } })).body.result
      .uploadUrl as string;

  /** Sends a body in pieces, so that this process does not hold it as one text. */
  const send = async (path: string, headers: Record<string, string>, pieces: readonly Buffer[]) => {
    const length = pieces.reduce((sum, it) => sum + it.length, 0);
    const sending = httpRequest(`${client.url}${path}`, {
      method: 'POST',
      headers: { ...headers, 'Content-Length': `${length}`, Authorization: `Bearer ${client.key}` },
    });
    const answered = once(sending, 'response') as Promise<[import('node:http').IncomingMessage]>;
    for (const piece of pieces) if (!sending.write(piece)) await once(sending, 'drain');
    sending.end();
    const [response] = await answered;
    let text = '';
    for await (const piece of response) text += String(piece);
    return { status: response.statusCode, text };
  };
  const base64 = (size: number) => {
    const content = randomBytes(size);
    const pieces: Buffer[] = [];
    const step = 3 * 16 * 1024;
    for (let at = 0; at < size; at += step)
      pieces.push(Buffer.from(content.subarray(at, at + step).toString('base64')));
    return { sha256: createHash('sha256').update(content).digest('hex'), pieces };
  };

  it('of 50 MB go up in JSON and in a form, with the same bytes and little memory', async () => {
    const ways = [
      {
        path: callPath('disk.folder.uploadfile'),
        type: 'application/json',
        around: ['{"params":{"id":8,"fileContent":["a.bin","', '"]}}'],
      },
      {
        path: sdkPath('disk.folder.uploadfile'),
        type: 'application/json',
        around: ['{"id":8,"fileContent":["a.bin","', '"]}'],
      },
      {
        path: sdkPath('disk.folder.uploadfile'),
        type: 'application/x-www-form-urlencoded',
        around: ['id=8&fileContent[0]=a.bin&fileContent[1]=', ''],
      },
    ];
    for (const { path, type, around } of ways) {
      const { sha256, pieces } = base64(50 * mebibyte);
      const isForm = type.includes('form');
      const body = isForm ? pieces.map((it) => Buffer.from(encodeURIComponent(it.toString()))) : pieces;
      const before = replica.memory.now;
      replica.resetPeak();
      const { status, text } = await send(path, { 'Content-Type': type }, [
        Buffer.from(around[0] ?? ''),
        ...body,
        Buffer.from(around[1] ?? ''),
      ]);
      expect([path, type, status, text.slice(0, 300)]).toEqual([path, type, 200, expect.any(String)]);
      expect(portal.disk.uploads.at(-1)).toMatchObject({ sha256, size: 50 * mebibyte, via: 'inline' });
      const grownMb = (replica.memory.peak - before) / 1e6;
      expect([type, grownMb, grownMb < 80]).toEqual([type, grownMb, true]);
    }
  });

  it('of 50 MB come down through a link of the gateway, with the same bytes and little memory', async () => {
    const file = portal.disk.addFile({ name: 'Bericht "Ж".bin', size: 50 * mebibyte, contentType: 'text/html' });
    const before = replica.memory.now;
    replica.resetPeak();
    for (const link of [await linkOf(file.id), await sdkLinkOf(file.id)]) {
      expect(link).toMatch(`${client.url}/files/v2.`);
      const response = await fetch(link);
      const hash = createHash('sha256');
      for await (const piece of response.body ?? []) hash.update(piece);
      expect([response.status, hash.digest('hex')]).toEqual([200, sha256Of(file)]);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        ...{ 'content-type': 'text/html', 'content-length': `${50 * mebibyte}`, 'x-content-type-options': 'nosniff' },
        'content-disposition': expect.stringMatching(/^attachment; filename=.*filename\*=utf-8''/) as string,
        'content-security-policy': "sandbox; default-src 'none'",
      });
    }
    const grownMb = (replica.memory.peak - before) / 1e6;
    expect([grownMb, grownMb < 80]).toEqual([grownMb, true]);
  });

  const sdkLinkOf = async (id: number) => {
    const response = await fetch(`${client.url}${sdkPath('disk.file.get')}?id=${id}`);
    return ((await response.json()) as { result: { DOWNLOAD_URL: string } }).result.DOWNLOAD_URL;
  };

  it('have links without a secret, for one file and an hour, which nobody can change', async () => {
    const link = await linkOf(7);
    const texts = [link, Buffer.from(link.split('.').at(-1) ?? '', 'base64url').toString('latin1')];
    const { token } = portal.requests.at(-1) ?? {};
    expect(texts.filter((text) => text.includes(token ?? '?') || text.includes('download'))).toEqual([]);
    const middle = link.length - 40;
    const other = link[middle] === 'A' ? 'B' : 'A';
    const changed = [
      link.slice(0, middle) + other + link.slice(middle + 1),
      link.slice(0, -4),
      link.replace('/files/v2.', '/files/v1.'),
      `${client.url}/files/`,
    ];
    for (const url of changed) {
      const refused = await fetch(url);
      expect([url, refused.status, await refused.json()]).toMatchObject([url, 404, { code: 'file_link_invalid' }]);
    }
    expect((await fetch(link, { method: 'POST', body: 'x' })).status).toBe(400);
    expect((await fetch(link, { method: 'HEAD' })).headers.get('content-length')).toBe('42');
    expect(portal.requests.filter(({ method }) => method === 'download')).toHaveLength(1);
  });

  it('go up through a link of the gateway, as a form and as they are, once', async () => {
    const content = randomBytes(3 * mebibyte);
    const form = new FormData();
    form.set('file', new Blob([content]), 'Ж.bin');
    const sent = await fetch(await uploadUrl(), { method: 'POST', body: form });
    const answer = (await sent.json()) as { result: { DOWNLOAD_URL: string } };
    expect([sent.status, answer.result.DOWNLOAD_URL]).toEqual([200, expect.stringContaining(`${client.url}/files/`)]);
    expect(Buffer.from(await (await fetch(answer.result.DOWNLOAD_URL)).arrayBuffer()).equals(content)).toBe(true);
    const url = await uploadUrl();
    for (const [times, status] of [
      [1, 200],
      [2, 422],
    ]) {
      const raw = await fetch(url, { method: 'POST', body: content });
      expect([times, raw.status]).toEqual([times, status]);
    }
    expect(portal.disk.uploads.map(({ via, size }) => [via, size])).toEqual([
      ['multipart', content.length],
      ['raw', content.length],
    ]);
  });

  it('in a multipart form become what the method takes, through the API and for an SDK', async () => {
    const content = randomBytes(200_000);
    const sha256 = createHash('sha256').update(content).digest('hex');
    for (const path of [callPath('disk.folder.uploadfile'), sdkPath('disk.folder.uploadfile')]) {
      const form = new FormData();
      form.set('id', '8');
      form.set('data[NAME]', 'Ж.bin');
      form.set('fileContent', new Blob([content]), 'Ж.bin');
      const headers = { Authorization: `Bearer ${client.key}` };
      const response = await fetch(`${client.url}${path}`, { method: 'POST', headers, body: form });
      expect([path, response.status]).toEqual([path, 200]);
      expect(portal.disk.uploads.at(-1)).toMatchObject({ sha256, name: 'Ж.bin', via: 'inline' });
    }
  });

  it('that are too large are refused with the limit, while the caller still sends', async () => {
    const piece = Buffer.alloc(mebibyte, 'a');
    for (const path of [callPath('x.add'), sdkPath('x.add'), new URL(await uploadUrl()).pathname]) {
      const { port, host } = new URL(client.url);
      const socket = connect(Number(port), '127.0.0.1');
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${client.key}\r\nContent-Type: application/json\r\nContent-Length: ${90 * mebibyte}\r\n\r\n`,
      );
      for (let i = 0; i < 90; i++) if (!socket.write(piece)) await once(socket, 'drain');
      // The whole body was taken, and the connection serves the next request.
      socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      await once(socket, 'end');
      expect([path, text]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 413 [^]*80 MiB[^]*HTTP\/1\.1 200 /)]);
      socket.destroy();
    }
    expect(portal.disk.uploads).toEqual([]);
  });

  it('stop when the caller hangs up', async () => {
    const file = portal.disk.addFile({ name: 'large.bin', size: 500 * mebibyte });
    const link = new URL(await linkOf(file.id));
    const socket = connect(Number(link.port), link.hostname);
    socket.write(`GET ${link.pathname} HTTP/1.1\r\nHost: ${link.host}\r\n\r\n`);
    await once(socket, 'data');
    const replied = () => portal.requests.find(({ method }) => method === 'download')?.outcome;
    socket.destroy();
    // The portal notices that nobody reads; the next link is served at once.
    expect((await fetch(await linkOf(7))).status).toBe(200);
    expect(replied()).not.toBe('pending');
  });

  it('that the portal refuses are reported with its error', async () => {
    const link = await linkOf(7);
    portal.grantTokens();
    portal.faults.next('ACCESS_DENIED', { method: 'download', status: 403, description: 'Link check failed' });
    const refused = await fetch(link);
    const problem: unknown = await refused.json();
    expect([refused.status, problem]).toMatchObject([
      422,
      { code: 'rejected_by_portal', upstream: { error: 'ACCESS_DENIED', description: 'Link check failed' } },
    ]);
    expect(replica.logLines.join('\n')).not.toContain('/files/v2.');
  });
});
