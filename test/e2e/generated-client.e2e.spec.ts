import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { adminKey, type HttpClient, World } from '../support/gateway';

const run = promisify(execFile);
const binary = (name: string) => resolve('node_modules/.bin', name);

/** What a team writes on top of the generated client: the main job, typed from end to end. */
const mainJob = `
import { addBacklog, addEpic, addSprint, deleteBacklog, getBacklog, getBacklogFields, listEpics, listPortals, startSprint, updateBacklog, type Problem } from './client';
import { client } from './client/client.gen';

const [url, key, portal] = process.argv.slice(2) as [string, string, string];
client.setConfig({ baseUrl: url, auth: key });

async function main(): Promise<void> {
  const portals = await listPortals({ throwOnError: true });
  const added = await addBacklog({ path: { portal }, body: { groupId: 125, createdBy: 6 }, throwOnError: true });
  const id: number = added.data.id;
  const read = await getBacklog({ path: { portal, groupId: 125 }, throwOnError: true });
  const changed = await updateBacklog({ path: { portal, backlogId: id }, body: { modifiedBy: 1 }, throwOnError: true });
  const fields = await getBacklogFields({ path: { portal }, throwOnError: true });
  const again = await addBacklog({ path: { portal }, body: { groupId: 125, createdBy: 6 } });
  const problem: Problem | undefined = again.error;
  const epic = await addEpic({ path: { portal, groupId: 125 }, body: { name: 'Sign-up' }, throwOnError: true });
  const epics = await listEpics({ path: { portal, groupId: 125 }, query: { limit: 5 }, throwOnError: true });
  const dates = { dateStart: '2026-11-02T09:00:00Z', dateEnd: '2026-11-16T09:00:00Z' };
  const sprint = await addSprint({ path: { portal, groupId: 125 }, body: { name: 'One', ...dates }, throwOnError: true });
  const started = await startSprint({ path: { portal, sprintId: sprint.data.id }, throwOnError: true });
  const sprintStatus: 'planned' | 'active' | 'completed' = started.data.status;
  await deleteBacklog({ path: { portal, backlogId: id }, throwOnError: true });
  const gone = await getBacklog({ path: { portal, groupId: 125 } });
  console.log(JSON.stringify({
    portals: portals.data.items.length,
    read: read.data,
    changed: changed.data,
    fields: Object.keys(fields.data),
    again: problem?.code,
    epics: epics.data.items.map(({ id }) => id === epic.data.id),
    sprintStatus,
    gone: gone.error?.code,
  }));
}

void main();
`;

const tsconfig = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: false,
    module: 'node20',
    target: 'es2023',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    skipLibCheck: false,
    outDir: 'out',
    rootDir: '.',
  },
  include: ['main-job.ts', 'client'],
};

describe('a client generated from openapi.json', () => {
  let world: World;
  let gateway: HttpClient;
  let folder: string;

  beforeAll(async () => {
    world = await World.start();
    gateway = await world.gateway();
    folder = await mkdtemp(join(tmpdir(), 'b24-client-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await world.stop();
  });

  it('is the document that is served', async () => {
    const committed = JSON.parse(await readFile('openapi.json', 'utf8')) as unknown;
    expect((await gateway.get('/openapi.json')).body).toEqual(committed);
  });

  it('compiles strictly and does the main job', async () => {
    const portal = await world.installed(gateway, { burst: 1000, drainPerSecond: 100 });
    const generator = [
      '-i',
      resolve('openapi.json'),
      '-o',
      join(folder, 'client'),
      '-c',
      '@hey-api/client-fetch',
      '--silent',
    ];
    await run(binary('openapi-ts'), generator, { cwd: folder });
    await writeFile(join(folder, 'main-job.ts'), mainJob);
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    await writeFile(join(folder, 'package.json'), '{"type":"commonjs"}');
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    await run(binary('tsc'), ['-p', folder]).catch((error: unknown) => {
      throw new Error((error as { stdout: string }).stdout);
    });
    const { stdout } = await run(process.execPath, [
      join(folder, 'out/main-job.js'),
      gateway.url,
      adminKey,
      portal.memberId,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      portals: 1,
      read: { groupId: 125, createdBy: 6, modifiedBy: 0 },
      changed: { groupId: 125, createdBy: 6, modifiedBy: 1 },
      fields: ['groupId', 'createdBy', 'modifiedBy'],
      again: 'backlog_already_exists',
      epics: [true],
      sprintStatus: 'active',
      gone: 'backlog_not_found',
    });
  }, 120_000);
});
