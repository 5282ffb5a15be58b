import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { adminKey, environment, eventually, type HttpClient, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';

const bearer = { Authorization: `Bearer ${adminKey}` };
const later = { Prefer: 'respond-async' };

/** The programs of the build in a folder of their own, as an image has them, but without node_modules. */
describe('the bundled gateway', () => {
  let world: World;
  let folder: string;
  let replica: GatewayProcess;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const traces = createServer((request, response) => {
    request.on('data', (part: Buffer) => (collected += part.toString())).on('end', () => response.end('{}'));
  });
  let collected = '';

  beforeAll(async () => {
    world = await World.start();
    folder = mkdtempSync(join(tmpdir(), 'b24-programs-'));
    for (const part of ['programs', 'apps/console', 'apps/reference'])
      cpSync(join('dist', part), join(folder, 'dist', part), { recursive: true });
    await new Promise<void>((resolve) => traces.listen(0, '127.0.0.1', resolve));
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(traces.address() as AddressInfo).port}`,
      CORS_ORIGINS: 'https://app.example.com',
    };
    replica = await GatewayProcess.start(environment(world.redis, world.simulator, env), [
      join(folder, 'dist/programs/gateway.js'),
    ]);
    client = replica.client;
    portal = await world.installed(client, { backlogs: [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }] });
  }, 60_000);
  afterAll(async () => {
    await replica.stop();
    traces.closeAllConnections();
    traces.close();
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const shown = async (path: string) => {
    const { status, headers } = await fetch(`${replica.url}${path}`, { headers: bearer });
    return `${status} ${headers.get('content-type')}`;
  };

  it('starts without a word on standard error', () => {
    expect(replica.errors).toBe('');
  });

  it('answers a call and traces it', async () => {
    const { status, body } = await client.get(`/v1/portals/${portal.memberId}/groups/125/backlog`);
    expect([status, body]).toEqual([200, { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }]);
    await eventually(() => collected.includes('call tasks.api.scrum.backlog.get'));
  });

  it('runs a job', async () => {
    const commands = [{ method: 'tasks.api.scrum.backlog.get', params: { id: 1 } }];
    const { status, body } = await client.call('POST', `/v1/portals/${portal.memberId}/batch`, { commands }, later);
    expect(status).toBe(202);
    const at = `/v1/jobs/${String(body.id)}`;
    await eventually(async () => (await client.get(at)).body.state === 'done');
  });

  it('answers an assistant', async () => {
    const headers = { ...bearer, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const response = await fetch(`${replica.url}/mcp`, { method: 'POST', headers, body });
    expect(await response.text()).toContain('"name":"call_method"');
  });

  it('serves a document for each permission of the vendor, and one for all methods', async () => {
    const paths = async (name: string) => {
      const response = await fetch(`${replica.url}/openapi/${name}.json`);
      expect([response.status, response.headers.get('etag')]).toEqual([200, expect.stringMatching(/^"[\w-]+"$/)]);
      return Object.keys(((await response.json()) as { paths: object }).paths);
    };
    const [all, crm] = [await paths('bitrix24'), await paths('crm')];
    expect(crm).toContain('/v1/portals/{portal}/call/crm.deal.list');
    expect(all).toEqual(expect.arrayContaining([...crm, '/v1/portals/{portal}/call/tasks.api.scrum.backlog.add']));
    expect((await fetch(`${replica.url}/openapi/nothing.json`)).status).toBe(404);
  });

  it('serves openapi.json as it is committed', async () => {
    const response = await fetch(`${replica.url}/openapi.json`);
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.json()).toEqual(JSON.parse(readFileSync('openapi.json', 'utf8')));
  });

  it.each(['/docs', '/console'])('serves %s and its assets', async (path) => {
    expect(await shown(path)).toBe('200 text/html; charset=utf-8');
    const page = await (await fetch(`${replica.url}${path}`)).text();
    const [, script = ''] = /<script[^>]* src="([^"]+)"/.exec(page) ?? [];
    expect(await shown(script)).toContain('200 application/javascript');
  });

  it('answers the preflight of a page of another origin', async () => {
    const headers = { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'GET' };
    const { headers: answered } = await fetch(`${replica.url}/v1/portals`, { method: 'OPTIONS', headers });
    expect(answered.get('access-control-allow-origin')).toBe('https://app.example.com');
  });

  it('shows its metrics', async () => {
    const text = await (await fetch(`${replica.url}/metrics`, { headers: bearer })).text();
    expect(text).toContain('b24_calls_total');
    expect(text).toContain('nodejs_gc_duration_seconds');
  });

  it('runs the code that was compiled when it was built', () => {
    const script = join(folder, 'dist/programs/gateway.bundle.js');
    const rejected = `new (require('node:vm').Script)(require('node:fs').readFileSync('${script}', 'latin1'), {
      filename: '${script}', cachedData: require('node:fs').readFileSync('${script}.compiled') }).cachedDataRejected`;
    const { stdout } = spawnSync(process.execPath, ['-p', rejected], { encoding: 'utf8' });
    expect(stdout.trim()).toBe('false');
  });

  it.each(['reseal', 'b24-gateway'])('has the program %s beside it', (name) => {
    const { stdout, stderr } = spawnSync(process.execPath, [join(folder, `dist/programs/${name}.js`), '--help'], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '' },
    });
    expect(stdout + stderr).toMatch(name === 'reseal' ? /REDIS_URL is missing/ : /Usage: b24-gateway/);
  });
});
