import { exec } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lastingPort, Launcher } from '../support/launcher';
import { freePort } from '../support/redis-server';

const run = promisify(exec);
const lastWords = 'Ctrl-C stops everything';

/** The commands it printed for pasting. */
const commands = (output: string) => output.split('\n').filter((line) => line.startsWith('curl '));
const paste = async (command: string | undefined) =>
  JSON.parse((await run(command ?? 'false')).stdout) as Record<string, unknown>;

describe('npm start', () => {
  let folder: string;
  let env: Record<string, string>;
  const launched: Launcher[] = [];
  const launch = (more: Record<string, string> = {}) => {
    const launcher = new Launcher({ ...env, ...more });
    launched.push(launcher);
    return launcher;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'b24-start-'));
    env = { DATA_DIR: folder, PORT: `${await lastingPort()}` };
  });
  afterEach(() => Promise.all(launched.splice(0).map((launcher) => launcher.interrupt())));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('prints commands that read and add a backlog, stops cleanly, and finds everything again', async () => {
    const first = launch();
    const output = await first.says(lastWords);
    const [read, add, client] = commands(output);
    expect(await paste(read)).toEqual({ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 });
    const added = await paste(add);
    expect(added).toMatchObject({ groupId: 127, createdBy: 6 });
    expect(await paste(client)).toMatchObject({ name: 'planning', scopes: ['backlog:read'] });
    const adminKey = (await readFile(join(folder, 'admin-key'), 'utf8')).trim();
    expect(output).toContain(`${env['PORT']}/console`);
    expect(commands(output).filter((it) => !it.includes('-H @') || it.includes('$('))).toEqual([]);
    for (const file of ['admin-key', 'admin-header']) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    expect(await first.interrupt()).toBe(0);
    expect(first.output).toContain('Stopped cleanly.');

    const second = launch();
    const again = await second.says(lastWords);
    expect([output, again].filter((it) => it.includes(adminKey))).toEqual([]);
    expect(await paste(commands(again)[0]?.replace('/groups/125/', '/groups/127/'))).toEqual(added);
  }, 120_000);

  it('connects to its own portals directly, also where the environment has an outgoing proxy', async () => {
    const output = await launch({ HTTP_PROXY: 'http://proxy.invalid:3128', NO_PROXY: 'corp.example' }).says(lastWords);
    expect(await paste(commands(output)[0])).toMatchObject({ id: 1, groupId: 125 });
  }, 120_000);

  it('takes over in order from a launcher that was killed', async () => {
    const killed = launch();
    await killed.says(lastWords);
    await killed.kill9();
    const next = launch();
    expect(await paste(commands(await next.says(lastWords))[0])).toMatchObject({ id: 1 });
  }, 120_000);

  it('names every bad setting at once, each in a sentence, and leaves nothing running', async () => {
    const launcher = launch({ PORT: 'eighty', B24_BURST: '-1', CALL_TIMEOUT_MS: 'soon', B24_ALLOW_HTTP: 'maybe' });
    expect(await launcher.ends()).toBe(1);
    for (const name of ['PORT', 'B24_BURST', 'CALL_TIMEOUT_MS']) expect(launcher.output).toContain(`- ${name} must be`);
    const next = launch();
    expect(await next.says(lastWords)).toContain(lastWords);
  }, 120_000);

  it('says which port is taken', async () => {
    const squatter = createServer().listen(Number(env['PORT']), '127.0.0.1');
    await once(squatter, 'listening');
    const launcher = launch();
    expect(await launcher.ends()).toBe(1);
    expect(launcher.output).toContain(`Port ${env['PORT']} on 127.0.0.1 is taken by another program.`);
    squatter.close();
  }, 60_000);

  it('wants both halves of the app, and says so', async () => {
    const launcher = launch({ B24_CLIENT_ID: 'local.1' });
    expect(await launcher.ends()).toBe(1);
    expect(launcher.output).toContain('Set both B24_CLIENT_ID and B24_CLIENT_SECRET');
  }, 60_000);

  it('says what to do when the named Redis server does not run', async () => {
    const launcher = launch({ REDIS_SERVER: '/nowhere/redis-server' });
    expect(await launcher.ends()).toBe(1);
    expect(launcher.output).toContain('REDIS_SERVER is /nowhere/redis-server, which does not run.');
  }, 60_000);

  it('says that no Redis answers at REDIS_URL, without its password', async () => {
    const launcher = launch({ REDIS_URL: `redis://:hidden@127.0.0.1:${await freePort()}` });
    expect(await launcher.ends()).toBe(1);
    expect(launcher.output).toContain('No Redis answers at 127.0.0.1:');
    expect(launcher.output).not.toContain('hidden');
  }, 60_000);

  it('lets one launcher only use a data folder', async () => {
    const first = launch();
    await first.says(lastWords);
    const second = launch();
    expect(await second.ends()).toBe(1);
    expect(second.output).toContain('Another `npm start`');
  }, 120_000);
});
