import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { adminKey, type HttpClient, World } from '../support/gateway';
import { LossyProxy } from '../support/lossy-proxy';
import { PackedClient } from '../support/packed-client';

const run = promisify(execFile);
const binary = (name: string) => resolve('node_modules/.bin', name);
const wide = { burst: 1000, drainPerSecond: 100, groups: [125, 126] };

/** What a team writes: once as an ES module, once as CommonJS. */
const story = `
import { type Backlog, GatewayClient, isProblem, type Job } from 'b24-gateway-client';

const [url, lossyUrl, key, portal] = process.argv.slice(2) as [string, string, string, string];

async function main(): Promise<void> {
  const b24 = new GatewayClient({ baseUrl: url, key });

  const added: Backlog = await new GatewayClient({ baseUrl: lossyUrl, key }).addBacklog({ portal, body: { groupId: 126, createdBy: 6 } });

  let refused: 'backlog_already_exists' | undefined;
  try {
    await b24.addBacklog({ portal, body: { groupId: 126, createdBy: 6 } });
  } catch (error) {
    if (!isProblem(error, 'backlog_already_exists')) throw error;
    refused = error.code;
  }

  for (const name of ['One', 'Two', 'Three', 'Four', 'Five']) await b24.addEpic({ portal, groupId: 125, body: { name } });
  const epics: string[] = [];
  for await (const { name } of b24.listEpics({ portal, groupId: 125, limit: 2 })) epics.push(name);
  const page = await b24.listEpics({ portal, groupId: 125, limit: 2 });

  let sum = 0;
  for await (const { ID } of b24.records<{ ID: string }>({ portal, method: 'crm.deal.list', params: { select: ['ID'] } })) sum += Number(ID);

  const body = { portals: [portal, 'nobody'], call: { method: 'tasks.api.scrum.backlog.get', params: { id: 126 } } };
  const lines: string[] = [];
  for await (const line of b24.fanOut({ body })) {
    if ('summary' in line) lines.push(\`\${line.summary.ok} of \${line.summary.ok + line.summary.failed}\`);
    else lines.push(line.problem?.code ?? 'ok');
  }

  const accepted = await b24.fanOutAsJob({ body });
  const job: Job = await b24.finished(accepted.id, { signal: AbortSignal.timeout(30_000) });
  const results: string[] = [];
  for await (const line of b24.getJobResults({ id: job.id })) if ('portal' in line) results.push(line.problem?.code ?? 'ok');

  const gone: void = await b24.deleteBacklog({ portal, backlogId: added.id });
  console.log(JSON.stringify({ added, refused, epics, page: page.items.length, sum, lines, job, results, gone: gone === undefined }));
}

void main();
`;

/** Types alone, as a browser's program has them. */
const inBrowser = `
import { GatewayClient, type Paged, type Portal, type PortalPage } from 'b24-gateway-client';
const b24 = new GatewayClient({ baseUrl: 'https://gw.example.com', key: 'k', fetch: (url, init) => fetch(url, init) });
const pages: Paged<PortalPage> = b24.listPortals({ status: 'active' });
export const first: Promise<Portal | undefined> = pages.then(({ items }) => items[0]);
// @ts-expect-error a status that the gateway does not know
void b24.listPortals({ status: 'asleep' });
// @ts-expect-error a backlog has a group
void b24.addBacklog({ portal: 'acme', body: { createdBy: 6 } });
// @ts-expect-error a portal must be named
void b24.getBacklog({ groupId: 125 });
export const deal: Promise<number> = b24.portal('acme').call('crm.deal.add', {}).then(({ result }) => result);
// @ts-expect-error a method of Bitrix24 has a parameter of another type
void b24.portal('acme').call('crm.deal.get', { id: true });
`;

describe('the client as it is packed', () => {
  let world: World;
  let gateway: HttpClient;
  let packed: PackedClient;

  beforeAll(async () => {
    [world, packed] = await Promise.all([World.start({ scope: ['task', 'crm'] }), PackedClient.install()]);
    gateway = await world.gateway();
    await packed.write('story.mts', story);
    await packed.write('story.cts', story);
    await packed.compile(['story.mts', 'story.cts']);
  }, 180_000);
  afterAll(async () => {
    await packed.remove();
    await world.stop();
  });

  it('ships its code, its types, a page to read and its licence, and nothing else', () => {
    const dist = ['index.cjs', 'index.d.cts', 'index.d.mts', 'index.mjs'].map((name) => `dist/${name}`);
    expect(packed.files).toEqual(['LICENSE', 'README.md', ...dist, 'package.json']);
  });

  it('is found with its types however it is imported, as publint and attw judge', async () => {
    await run(binary('publint'), [packed.tarball, '--strict']);
    const { stdout } = await run(binary('attw'), [packed.tarball, '--format', 'json']).catch((error: unknown) => {
      throw new Error((error as { stdout: string }).stdout);
    });
    expect(JSON.parse(stdout)).toMatchObject({ analysis: { problems: [] } });
  }, 60_000);

  it('needs the types of the DOM or of Node, and says of a wrong call that it is wrong', async () => {
    await packed.write('browser.mts', inBrowser);
    await packed.compile(['browser.mts'], ['--noEmit', '--lib', 'es2023,dom,dom.iterable']);
    await packed.compile(['browser.mts'], ['--noEmit', '--types', 'node', '--lib', 'es2023']);
  }, 60_000);

  it.each([
    ['an ES module', 'story.mjs'],
    ['CommonJS', 'story.cjs'],
  ])(
    'from %s writes once though its answer is lost, tells problems by code, and goes through pages, streams and jobs',
    async (_, program) => {
      const portal: SimulatedPortal = await world.installed(gateway, wide);
      portal.crm.addDeals(120);
      portal.requests.length = 0;
      const lossy = await LossyProxy.before(gateway.url, { method: 'POST', path: /\/backlogs$/ });
      try {
        const reported = await packed.node(program, [gateway.url, lossy.url, adminKey, portal.memberId]);
        expect(JSON.parse(reported)).toMatchObject({
          added: { groupId: 126, createdBy: 6 },
          refused: 'backlog_already_exists',
          epics: ['One', 'Two', 'Three', 'Four', 'Five'],
          page: 2,
          sum: (120 * 121) / 2,
          lines: expect.arrayContaining(['ok', 'portal_not_found', '1 of 2']),
          job: { state: 'done', progress: { total: 2, done: 2, failed: 1 } },
          results: ['ok', 'portal_not_found'],
          gone: true,
        });
        // One whose answer was lost, and one that was refused.
        const adds = portal.requests.filter(({ method }) => method === 'tasks.api.scrum.backlog.add');
        expect([lossy.lost, adds.length]).toEqual([1, 2]);
      } finally {
        lossy.close();
      }
    },
    60_000,
  );
});
