import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';
import { LossyProxy } from '../support/lossy-proxy';
import { PackedClient } from '../support/packed-client';

const run = promisify(execFile);
const epics = ['One', 'Two', 'Three'];

/** The examples of a page in one language, in their order, as one program. */
async function examples(file: string, language: string): Promise<string> {
  const page = await readFile(file, 'utf8');
  const found = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, of]) => of === language);
  return found.map(([, , text]) => text).join('\n');
}

/** A language whose interpreter may not be here: then its examples are not run, and the report says so. */
function where(command: string): { it: jest.It; unlessAbsent: string } {
  const isHere = spawnSync(command, ['--version']).status === 0;
  return isHere ? { it, unlessAbsent: '' } : { it: it.skip, unlessAbsent: ` – NOT RUN, there is no ${command} here` };
}

describe('the examples of docs/client.md', () => {
  let world: World;
  let gateway: HttpClient;
  let portal: SimulatedPortal;
  let lossy: LossyProxy;
  let env: Record<string, string>;
  let folder: string;

  const adds = () => portal.requests.filter(({ method }) => method === 'tasks.api.scrum.backlog.add').length;
  const program = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };
  const linesOf = async (command: string, args: readonly string[]): Promise<string[]> => {
    const options = { env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env } };
    const { stdout } = await run(command, args, options);
    return stdout.trim().split('\n');
  };

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    gateway = await world.gateway();
    folder = await mkdtemp(join(tmpdir(), 'b24-examples-'));
  });
  beforeEach(async () => {
    await gateway.call('DELETE', '/v1/portals/acme');
    portal = await world.installed(gateway, {
      ...{ burst: 1000, drainPerSecond: 100, groups: [125, 126] },
      backlogs: [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }],
    });
    const at = `/v1/portals/${portal.memberId}`;
    await gateway.call('PATCH', at, { alias: 'acme' });
    for (const name of epics) await gateway.call('POST', `${at}/groups/125/epics`, { name });
    portal.crm.addDeals(120);
    lossy = await LossyProxy.before(gateway.url, { method: 'POST', path: /\/backlogs$/ });
    const scopes = ['backlog:write', 'backlog:read', 'scrum:read', 'call'];
    const { body } = await gateway.call('POST', '/v1/clients', { name: 'examples', scopes });
    env = { GATEWAY: lossy.url, KEY: body.key as string };
  });
  afterEach(() => {
    lossy.close();
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await world.stop();
  });

  const reportedByAll = ['added 126', 'refused backlog_already_exists', ...epics.map((name) => `epic ${name}`)];
  /** The first was carried out and its answer lost; the second was refused. */
  const oneWriteAndOneRefused = [1, 2];

  describe('in TypeScript', () => {
    let packed: PackedClient;

    beforeAll(async () => {
      packed = await PackedClient.install();
    }, 120_000);
    afterAll(() => packed.remove());

    it('compile strictly, and do what they say', async () => {
      await packed.write('examples.mts', await examples('docs/client.md', 'ts'));
      await packed.compile(['examples.mts']);
      const reported = (await packed.node('examples.mjs', [], env)).trim().split('\n');
      const typed = ['total 20', 'sum 7260', 'batch 1 50', 'portal 50'];
      expect(reported).toEqual([...reportedByAll, 'deals 120', 'answered 1', 'job done', ...typed]);
      expect([lossy.lost, adds()]).toEqual(oneWriteAndOneRefused);
    }, 60_000);

    it('on the page of the package do, too', async () => {
      await packed.write('readme.mts', await examples('libs/client/README.md', 'ts'));
      await packed.compile(['readme.mts']);
      const reported = (await packed.node('readme.mjs', [], env)).trim().split('\n');
      expect(reported[0]).toMatch(/^backlog_already_exists \S+ false$/);
      expect(reported.slice(1, 4)).toEqual(epics);
      expect(reported).toHaveLength(125);
    }, 60_000);
  });

  const shell = where('curl');
  shell.it(
    `in curl do what they say${shell.unlessAbsent}`,
    async () => {
      const text = await examples('docs/client.md', 'sh');
      const reported = await linesOf('bash', ['-euo', 'pipefail', await program('examples.sh', text)]);
      const [added, page, ...records] = reported.map((line) => JSON.parse(line) as object);
      expect(added).toMatchObject({ groupId: 126, createdBy: 6 });
      expect(page).toMatchObject({ items: [{ name: 'One' }, { name: 'Two' }], nextCursor: expect.any(String) });
      expect([records.length, records.at(-1)]).toEqual([121, { end: { records: 120 } }]);
      expect([lossy.lost, adds()]).toEqual([1, 1]);
    },
    60_000,
  );

  const python = where('python3');
  python.it(
    `in Python do what they say${python.unlessAbsent}`,
    async () => {
      const text = await examples('docs/client.md', 'python');
      expect(await linesOf('python3', [await program('examples.py', text)])).toEqual(reportedByAll);
      expect([lossy.lost, adds()]).toEqual(oneWriteAndOneRefused);
    },
    60_000,
  );

  const php = where('php');
  php.it(
    `in PHP do what they say${php.unlessAbsent}`,
    async () => {
      const text = `<?php\n${await examples('docs/client.md', 'php')}`;
      expect(await linesOf('php', [await program('examples.php', text)])).toEqual(reportedByAll);
      expect([lossy.lost, adds()]).toEqual(oneWriteAndOneRefused);
    },
    60_000,
  );
});
