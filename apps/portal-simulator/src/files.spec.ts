import { createHash } from 'node:crypto';
import { Bitrix24Simulator, type SimulatedPortal, sha256Of } from './index';
import { SpecClient, answerOf } from './spec-client';

const size = 16 * 1024 * 1024;

describe('Files of a simulated portal', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let client: SpecClient;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start({ scope: ['disk'] });
    portal = await simulator.addPortal({ burst: 1000 });
    client = new SpecClient(portal);
  });

  afterEach(() => simulator.stop());

  const linkOf = async (id: number) => (await client.call('disk.file.get', { id })).body.result.DOWNLOAD_URL as string;
  const uploadUrl = async () =>
    (await client.call('disk.folder.uploadfile', { id: 8 })).body.result.uploadUrl as string;

  it('have links that carry the token of the caller twice, or the secret of a webhook', async () => {
    const link = new URL(await linkOf(7));
    expect([link.pathname, link.searchParams.get('auth')]).toEqual(['/rest/download.json', client.token]);
    const [, what = '', signed = ''] = link.searchParams.get('token')?.split('|') ?? [];
    expect(Buffer.from(signed.split('.')[0] ?? '', 'base64').toString()).toBe(
      `"download|disk|${what}|${client.token}"`,
    );
    const hook = portal.webhookUrl(1, ['disk']);
    const { body } = await answerOf(fetch(`${hook}disk.file.get?id=7`));
    expect(body.result.DOWNLOAD_URL).toMatch(`${hook}download/?token=disk%7C`);
    expect((await fetch(body.result.DOWNLOAD_URL)).status).toBe(200);
  });

  it('are streamed with their size, and have the same bytes each time', async () => {
    const file = portal.disk.addFile({ name: 'a "b" Ж.bin', size, contentType: 'image/png' });
    const response = await fetch(await linkOf(file.id));
    const hash = createHash('sha256');
    for await (const chunk of response.body ?? []) hash.update(chunk);
    expect(hash.digest('hex')).toBe(sha256Of(file));
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': `${size}`,
      'content-disposition': `attachment; filename="a _b_ _.bin"; filename*=utf-8''a%20%22b%22%20%D0%96.bin`,
    });
    expect(portal.requests.at(-1)).toMatchObject({ method: 'download', outcome: 'ok', executed: true });
  });

  it('are not given to a wrong token, nor to another caller than the one that got the link', async () => {
    const refused = { status: 403, body: { error: 'ACCESS_DENIED', error_description: 'Link check failed' } };
    const link = await linkOf(7);
    expect(await answerOf(fetch(link.replace('token=disk', 'token=disc')))).toMatchObject(refused);
    const other = portal.grantTokens().access_token;
    expect(await answerOf(fetch(link.replace(client.token, other)))).toMatchObject(refused);
    expect(await answerOf(fetch(link.replace('download.json', 'upload.json'), { method: 'POST' }))).toMatchObject(
      refused,
    );
    const withoutToken = link.replace(/auth=[^&]*&/, '');
    expect(await answerOf(fetch(withoutToken))).toMatchObject({ status: 401, body: { error: 'NO_AUTH_FOUND' } });
  });

  it('are uploaded once to a link, as a field of multipart', async () => {
    const url = await uploadUrl();
    const content = Buffer.alloc(size, 'file');
    const form = () => {
      const data = new FormData();
      data.append('file', new Blob([content]), 'test.bin');
      return data;
    };
    const { body } = await answerOf(fetch(url, { method: 'POST', body: form() }));
    const sha256 = createHash('sha256').update(content).digest('hex');
    expect(body.result).toMatchObject({ NAME: 'test.bin', SIZE: String(content.length) });
    expect(portal.disk.uploads).toEqual([
      { id: Number(body.result.ID), name: 'test.bin', via: 'multipart', folderId: 8, size: content.length, sha256 },
    ]);
    expect(portal.requests.at(-1)).toMatchObject({ method: 'upload', files: [{ field: 'file', sha256 }] });
    expect((await answerOf(fetch(url, { method: 'POST', body: form() }))).status).toBe(403);
    const downloaded = await (await fetch(body.result.DOWNLOAD_URL)).arrayBuffer();
    expect(content.equals(Buffer.from(downloaded))).toBe(true);
  });

  it('are uploaded as the whole body, or inside a call', async () => {
    const headers = { 'content-type': 'application/octet-stream' };
    await fetch(await uploadUrl(), { method: 'POST', headers, body: 'raw' });
    const inline = { id: 8, data: { NAME: 'a.txt' }, fileContent: ['b.txt', Buffer.from('inline').toString('base64')] };
    await client.call('disk.folder.uploadFile', inline);
    const hashed = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(portal.disk.uploads).toMatchObject([
      { name: 'file', via: 'raw', size: 3, sha256: hashed('raw') },
      { name: 'a.txt', via: 'inline', size: 6, sha256: hashed('inline') },
    ]);
  });

  it('are refused when the form has no field of that name', async () => {
    const data = new FormData();
    data.append('upload', new Blob(['x']), 'x.txt');
    const { status, body } = await answerOf(fetch(await uploadUrl(), { method: 'POST', body: data }));
    expect([status, body.error]).toEqual([400, 'ERROR_ARGUMENT']);
    expect(portal.disk.uploads).toEqual([]);
  });
});
