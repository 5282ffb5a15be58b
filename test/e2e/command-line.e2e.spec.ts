import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { CommandLine, commandLineProgram } from '../support/command-line';
import { adminKey, HttpClient, eventually, World } from '../support/gateway';
import { OauthByHand } from '../support/oauth-by-hand';
import { PublicGateway } from '../support/public-gateway';
import { freePort } from '../support/redis-server';
import { RegisteredApp } from '../support/registered-app';

const wide = { burst: 1000, drainPerSecond: 100 };
const hosting = async (answer: () => [number, Record<string, string>, string]) => {
  const server = createServer((_, reply) => {
    const [status, headers, body] = answer();
    reply.writeHead(status, headers).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
};

describe('the command line', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let dead: SimulatedPortal;
  let line: CommandLine;
  let folder: string;
  const keys: string[] = [adminKey];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'b24-cli-'));
    world = await World.start();
    client = await world.gateway();
    portal = await world.installed(client, wide);
    dead = await world.installed(client, wide);
    await client.call('PATCH', `/v1/portals/${portal.memberId}`, { alias: 'acme', tags: ['emea'] });
    await client.call('PATCH', `/v1/portals/${dead.memberId}`, { alias: 'globex' });
    dead.revokeFamilies();
    dead.expireAccessTokens();
    await client.get(`/v1/portals/globex/backlogs/fields`);
    line = new CommandLine({ B24_GATEWAY_URL: client.url, B24_GATEWAY_KEY: adminKey });
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await world.stop();
  });

  it('lists portals by what is wanted of them, for people and for programs', async () => {
    const { items } = await line.json<{ items: { memberId: string }[] }>(['portals']);
    expect(items).toEqual((await client.get<{ items: object[] }>('/v1/portals')).body.items);
    const { code, stdout, stderr } = await line.run(['portals']);
    expect([code, stderr]).toEqual([0, '']);
    const [head = '', first = '', second = ''] = stdout.split('\n');
    expect(head).toMatch(/^PORTAL +DOMAIN +STATUS +SINCE +APP +PLAN +TOKEN ENDS$/);
    for (const [title, cell] of Object.entries({ DOMAIN: portal.domain, STATUS: 'active', APP: 'default' }))
      expect(first.indexOf(cell)).toBe(head.indexOf(title));
    expect(second.indexOf('reauthorization_required')).toBe(head.indexOf('STATUS'));
    expect(stdout).toContain('2 portals, 1 unhealthy.');

    const named = async (...words: string[]) =>
      (await line.json<{ items: { alias: string }[] }>(['portals', ...words])).items.map(({ alias }) => alias);
    expect(await named('--unhealthy')).toEqual(['globex']);
    expect(await named('--status', 'active')).toEqual(['acme']);
    expect(await named('--tag', 'emea')).toEqual(['acme']);
    expect(await named('--app', 'default')).toEqual(['acme', 'globex']);
    expect((await line.run(['portals', '--tag', 'apac'])).stdout).toContain('No such portal.');
    const withQueues = await line.json<{ items: { queue: object }[] }>(['portals', '--queues']);
    expect(withQueues.items.map(({ queue }) => queue)).toEqual(
      [1, 2].map(() => expect.objectContaining({ waiting: 0, circuit: 'closed' }) as object),
    );
    expect((await line.run(['portals', '--queues'])).stdout).toMatch(/WAITING +PERMITS +CIRCUIT/);
  });

  it('lists all portals, however many pages there are', async () => {
    const redis = world.redis.client();
    const record = await redis.hgetall(`b24:{${portal.memberId}}:grant`);
    const ids = Array.from({ length: 205 }, () => randomBytes(16).toString('hex'));
    for (const [i, id] of ids.entries()) {
      await redis.hset(`b24:{${id}}:grant`, { ...record, domain: `p${i}.example.com`, alias: '' });
      await redis.zadd('b24:portals', 1000 + i, id);
    }
    const { items } = await line.json<{ items: object[] }>(['portals']);
    expect(items).toHaveLength(207);
    await redis.zrem('b24:portals', ...ids);
    await redis.del(...ids.map((id) => `b24:{${id}}:grant`));
    redis.disconnect();
  });

  it('shows a portal with its queue, and of an unhealthy one its issue and what to do', async () => {
    expect(await line.json(['portal', 'acme'])).toEqual((await client.get('/v1/portals/acme')).body);
    const well = await line.run(['portal', portal.domain]);
    expect(well.stdout).toMatch(/^acme\n/);
    for (const fact of [/status +active/, /tags +emea/, /plan +50 requests fit, 2 leak/, /queue +0 waiting/])
      expect(well.stdout).toMatch(fact);
    const unhealthy = await line.run(['portal', 'globex']);
    expect(unhealthy.stdout).toMatch(/status +reauthorization_required\n +since +\d{4}-/);
    expect(unhealthy.stdout).toMatch(/authorize again +b24-gateway install-link globex/);
    expect(await line.problem(['portal', 'nowhere'])).toMatchObject({ exitCode: 1, code: 'portal_not_found' });
  });

  it('admits a portal that waits, which it lists first, and says how', async () => {
    const { memberId } = dead;
    const redis = world.redis.client();
    await redis.hset(`b24:{${memberId}}:grant`, 'waitingSinceMs', Date.now());
    redis.disconnect();
    const { items } = await line.json<{ items: { memberId: string; status: string }[] }>(['portals']);
    expect(items[0]).toMatchObject({ memberId, status: 'waiting' });
    expect((await line.run(['portal', 'globex'])).stdout).toContain('b24-gateway admit globex');
    expect(await line.json(['admit', 'globex'])).toMatchObject({ alias: 'globex', admitted: true });
  });

  it('suspends and resumes a portal', async () => {
    expect((await line.run(['suspend', 'acme'])).stdout).toBe('acme is suspended: no call passes.\n');
    expect((await client.get('/v1/portals/acme/backlogs/fields')).body.code).toBe('portal_suspended');
    expect(await line.json(['resume', 'acme'])).toMatchObject({ alias: 'acme', status: 'active' });
    expect((await client.get('/v1/portals/acme/backlogs/fields')).status).toBe(200);
  });

  it('prints the link that installs a portal, new or known, with the app that it belongs to', async () => {
    const at = (path: string, domain?: string) =>
      `${path}${domain === undefined ? '' : `?portal=${encodeURIComponent(domain)}`}`;
    const linkOf = async (...words: string[]) => {
      const { stdout } = await line.run(['install-link', ...words]);
      const { pathname, search } = new URL(stdout.trim());
      return `${pathname}${search}`;
    };
    expect(await linkOf()).toBe('/install');
    expect(await linkOf('globex')).toBe(at('/install', dead.domain));
    expect(await linkOf('initech.bitrix24.de')).toBe(at('/install', 'initech.bitrix24.de'));
    const app = await RegisteredApp.register(client, await world.simulator.addPortal(wide));
    expect(await linkOf('initech.bitrix24.de', '--app', app.id)).toBe(at(`/install/${app.id}`, 'initech.bitrix24.de'));
    expect(await line.json(['install-link', 'globex'])).toMatchObject({ app: 'default', portal: dead.domain });
    expect(await line.problem(['install-link', 'nowhere'])).toMatchObject({ exitCode: 1, code: 'portal_not_found' });
    keys.push(app.clientSecret);
  });

  it('makes, rotates and revokes keys, and shows one once, or never where it goes to a file', async () => {
    const shown = await line.json<{ id: string; key: string }>([
      ...['keys', 'create', '--name', 'planning', '--scope', 'backlog:read', 'call'],
      ...[
        '--portal',
        'acme',
        '--method',
        'tasks.*',
        '--rate-per-second',
        '5',
        '--burst',
        '9',
        '--expires-in-days',
        '2',
      ],
    ]);
    expect(shown).toMatchObject({ name: 'planning', portals: [portal.memberId], methods: ['tasks.*'], burst: 9 });
    const works = async (key: string) =>
      (await new HttpClient(client.url, key).get('/v1/portals/acme/backlogs/fields')).status === 200;
    expect(await works(shown.key)).toBe(true);

    const file = join(folder, 'planning.key');
    const rotated = await line.run(['keys', 'rotate', shown.id, '--out', file]);
    const next = (await readFile(file, 'utf8')).trim();
    expect(rotated.stdout).toContain(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect([await works(shown.key), await works(next)]).toEqual([false, true]);
    const taken = await line.problem(['keys', 'rotate', shown.id, '--out', file]);
    expect(taken).toMatchObject({ exitCode: 2, code: 'unusable_input' });
    expect(await works(next)).toBe(true);

    const list = await line.run(['keys', 'list']);
    expect(list.stdout).toMatch(/^ID +NAME +SCOPES +PORTALS +RATE +ENDS +LAST USED +OLD KEY ENDS\n/);
    expect(list.stdout).toMatch(new RegExp(`${shown.id} +planning +backlog:read, call +1 +5/s +`));
    expect(await line.json(['keys', 'revoke', shown.id])).toEqual({ id: shown.id, revoked: true });
    expect(await works(next)).toBe(false);
    expect(await line.problem(['keys', 'revoke', shown.id])).toMatchObject({ exitCode: 1, code: 'client_not_found' });
    keys.push(next);
  });

  it('lists the assistants that act as a client, and ends one', async () => {
    const { id, key } = await line.json<{ id: string; key: string }>([
      'keys',
      'create',
      '--name',
      'assistant',
      '--scope',
      'call',
    ]);
    expect((await line.run(['keys', 'assistants', id])).stdout).toContain('No assistant is connected');
    const reachable = await PublicGateway.start(world);
    const wire = new OauthByHand(reachable.url);
    const { access } = await wire.tokens(key);
    const { items } = await line.json<{ items: { id: string }[] }>(['keys', 'assistants', id]);
    expect(items).toEqual([expect.objectContaining({ name: 'By hand', host: 'assistant.example' })]);
    const [assistant = { id: '' }] = items;
    const { stdout } = await line.run(['keys', 'assistants', id]);
    expect(stdout).toMatch(new RegExp(`^ID +NAME +HOST +CONNECTED +LAST TOKENS\n${assistant.id} +By hand +assistant`));
    const end = ['keys', 'end-assistant', id, assistant.id];
    expect(await line.json(end)).toEqual({ id: assistant.id, ended: true });
    expect(await wire.enters(access)).toBe('assistant_token_invalid');
    expect(await line.problem(end)).toMatchObject({ exitCode: 1, code: 'assistant_not_found' });
    reachable.close();
  });

  it('tells a rule that was broken place by place', async () => {
    const words = ['keys', 'create', '--name', 'x', '--scope', 'backlog:reed'];
    const { code, stderr } = await line.run(words);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/✗ invalid_request \(400\): .*\n.*\n +scopes/)]);
    expect(await line.problem(words)).toMatchObject({ code: 'invalid_request', errors: [expect.any(Object)] });
  });

  it('runs any method, with parameters from the line, a file or standard input', async () => {
    const backlog = (await client.call('POST', '/v1/portals/acme/backlogs', { groupId: 125, createdBy: 6 })).body;
    const method = ['call', 'acme', 'tasks.api.scrum.backlog.get'];
    const file = join(folder, 'params.json');
    await writeFile(file, '{"id":125}');
    for (const [json, stdin] of [['{"id":125}'], [`@${file}`], ['-', '{"id":125}']] as const) {
      const { code, stdout } = await line.run([...method, json], stdin === undefined ? {} : { stdin });
      expect([code, JSON.parse(stdout)]).toEqual([0, backlog]);
    }
    expect(await line.json([...method, '{"id":125}'])).toMatchObject({ result: backlog });
    const refused = await line.run([...method, '{"id":126}']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/the portal said +0 Backlog not found/);
    expect(refused.stderr).toMatch(/request id +[\w-]{36}\n$/);
    for (const broken of ['{"id":', '[125]', '"s3cret-word"']) {
      const problem = await line.problem([...method, broken]);
      expect(problem).toMatchObject({ exitCode: 2, code: 'unusable_input' });
    }
    expect(line.said).not.toContain('s3cret-word');
    expect(await line.problem([...method, `@${join(folder, 'none')}`])).toMatchObject({ exitCode: 2 });
  });

  it('writes once with the same idempotency key', async () => {
    const add = ['call', 'acme', 'tasks.api.scrum.epic.add', '{"fields":{"groupId":125,"name":"Sign-up"}}'];
    const once = await line.json([...add, '--idempotency-key', 'once-1']);
    expect(await line.json([...add, '--idempotency-key', 'once-1'])).toEqual(once);
  });

  it('tells of a dead portal where it is mended', async () => {
    const words = ['call', 'globex', 'tasks.api.scrum.backlog.getFields'];
    const link = expect.stringMatching(`/install\\?portal=${encodeURIComponent(dead.domain)}$`) as string;
    expect(await line.problem(words)).toMatchObject({
      ...{ exitCode: 1, code: 'reauthorization_required', status: 409, retryable: false, authorizeUrl: link },
      requestId: expect.any(String) as string,
    });
    const { stderr } = await line.run(words);
    expect(stderr).toMatch(/^✗ reauthorization_required \(409\): /);
    expect(stderr).toMatch(/mend it at +http:\S+\/install\?portal=\S+\n/);
  });

  it('tells of a wrong key with the request id that the log has', async () => {
    const wrong = { env: { B24_GATEWAY_KEY: 'b24_wrongkeywrongkeywrongkeywrongkeywrongkey1' } };
    const problem = await line.problem(['portals'], wrong);
    expect(problem).toMatchObject({ exitCode: 1, code: 'key_invalid', status: 401 });
    const { code, stdout, stderr } = await line.run(['portals'], wrong);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^✗ key_invalid \(401\): .*\n {2}\S.*\n/)]);
    const { requestId } = problem as { requestId?: string };
    expect(requestId).toMatch(/^[\w-]{36}$/);
    keys.push(wrong.env.B24_GATEWAY_KEY);
  });

  it('tells that no gateway answers, and that what answers is none, which the key is not sent on from', async () => {
    const nowhere = { env: { B24_GATEWAY_URL: `http://127.0.0.1:${await freePort()}` } };
    const refused = expect.stringContaining('ECONNREFUSED') as string;
    expect(await line.problem(['portals'], nowhere)).toMatchObject({
      ...{ exitCode: 1, code: 'gateway_unreachable', retryable: true, detail: refused },
    });
    expect((await line.run(['portals'], nowhere)).stderr).toMatch(/ask again +yes/);

    let asked = 0;
    const thief = await hosting(() => ((asked += 1), [200, {}, '{}']));
    const page = await hosting(() => [200, { 'Content-Type': 'text/html' }, '<p>Welcome</p>']);
    const moved = await hosting(() => [302, { Location: `${thief.url}/v1/portals` }, '']);
    for (const { url } of [page, moved])
      expect(await line.problem(['portals', '--url', url])).toMatchObject({ exitCode: 1, code: 'not_a_gateway' });
    expect(asked).toBe(0);
    for (const server of [thief, page, moved]) server.close();
  });

  it('knows what was meant by a slip, and ends with 2 where a command is not understood', async () => {
    const slip = await line.run(['portls']);
    expect(slip).toMatchObject({ code: 2, stdout: '' });
    expect(slip.stderr).toContain('Did you mean portals?');
    for (const [words, says] of [
      [['keys', 'crate'], 'Did you mean create?'],
      [['portals', '--statos', 'active'], 'Did you mean --status?'],
      [['portal'], "missing required argument 'portal'"],
      [['audit', '--limit', 'ten'], 'whole number'],
      [['portals', '--url', 'gw.example.com'], 'https://gw.example.com'],
    ] as const) {
      const { exitCode, code, detail } = (await line.problem(words)) as {
        exitCode: number;
        code?: string;
        detail?: string;
      };
      expect([exitCode, code, detail?.toLowerCase()]).toEqual([
        2,
        'wrong_usage',
        expect.stringContaining(says.toLowerCase()),
      ]);
    }
    const bare = await line.run([]);
    expect([bare.code, bare.stderr]).toEqual([2, expect.stringContaining('Commands:')]);
    // Help once, and no problem beside it; for programs a problem alone.
    const group = await line.run(['jobs']);
    expect([group.code, group.stdout, group.stderr]).toEqual([
      2,
      '',
      expect.stringMatching(/^Usage: b24-gateway jobs/),
    ]);
    expect([bare, group].filter(({ stderr }) => stderr.includes('✗'))).toEqual([]);
    expect(await line.problem(['jobs'])).toMatchObject({ exitCode: 2, code: 'wrong_usage' });
  });

  it('takes a key from the environment, a file or standard input, and repeats none that was put elsewhere', async () => {
    const file = join(folder, 'admin.key');
    await writeFile(file, `${adminKey}\n`);
    const without = { B24_GATEWAY_KEY: '' };
    for (const [words, stdin] of [
      [['portals', '--key-file', file]],
      [['portals', '--key-file', '-'], `${adminKey}\n`],
    ] as const)
      expect((await line.json(words, { env: without, ...(stdin && { stdin }) })).items).toHaveLength(2);
    expect(await line.problem(['portals'], { env: without })).toMatchObject({ exitCode: 2, code: 'no_key' });
    for (const words of [
      ['portals', '--key', adminKey],
      ['portals', `--key=${adminKey}`],
      [adminKey],
      ['portals', adminKey],
      ['portals', '--url', `http://admin:${adminKey}@127.0.0.1:1`],
    ])
      expect(await line.problem(words)).toMatchObject({ exitCode: 2, code: 'wrong_usage' });
    for (const broken of [`${adminKey}\nX-Other: 1`, `${adminKey}é`])
      expect(await line.problem(['portals'], { env: { B24_GATEWAY_KEY: broken } })).toMatchObject({ exitCode: 2 });
  });

  it('uses the operator’s key of this machine only for the gateway of this machine', async () => {
    const { port } = new URL(client.url);
    const data = join(folder, 'data');
    await mkdir(data);
    await writeFile(join(data, 'admin-key'), `${adminKey}\n`);
    const here = { B24_GATEWAY_KEY: '', B24_GATEWAY_URL: '', PORT: port };
    expect((await line.json(['portals'], { env: { ...here, DATA_DIR: data } })).items).toHaveLength(2);
    expect((await line.json(['portals'], { env: { ...here, ADMIN_KEY: adminKey } })).items).toHaveLength(2);
    const elsewhere = { ...here, B24_GATEWAY_URL: client.url, ADMIN_KEY: adminKey, DATA_DIR: data };
    expect(await line.problem(['portals'], { env: elsewhere })).toMatchObject({ exitCode: 2, code: 'no_key' });
  });

  it('shows the newest of the audit log last, and goes on with what comes as one document a line', async () => {
    const { items } = await line.json<{ items: { action: string; at: string }[] }>(['audit', '--limit', '3']);
    expect(items).toHaveLength(3);
    expect([...items].sort((a, b) => a.at.localeCompare(b.at))).toEqual(items);
    const table = await line.run(['audit', '--action', 'updatePortal', '--portal', 'acme']);
    expect(table.stdout).toMatch(/^AT +BY +DID +PORTAL +OUTCOME +FROM +REQUEST ID\n/);
    expect(table.stdout).toMatch(
      new RegExp(`Z +Administrator +updatePortal +${portal.memberId} +done +127\\.0\\.0\\.1 +[\\w-]{36}\n$`),
    );

    const follower = line.start(['audit', '--follow', '--limit', '1', '--action', 'updatePortal', '--json']);
    const lines: { action: string; portal: string }[] = [];
    createInterface(follower.stdout).on('line', (text) => lines.push(JSON.parse(text) as (typeof lines)[number]));
    await eventually(() => lines.length === 1);
    await client.call('PATCH', '/v1/portals/globex', { tags: ['apac'] });
    await eventually(() => lines.length === 2);
    expect(lines[1]).toMatchObject({ action: 'updatePortal', portal: dead.memberId });
    follower.kill();
    await once(follower, 'close');
  });

  it('lists the sessions of the console, and ends one', async () => {
    const body = JSON.stringify({ key: adminKey });
    const headers = { 'X-Console': '1', 'Content-Type': 'application/json' };
    await fetch(`${client.url}/console/session`, { method: 'POST', headers, body });
    const { items } = await line.json<{ items: { id: string; name: string }[] }>(['sessions', 'list']);
    expect(items.map(({ name }) => name)).toEqual(['Administrator']);
    const id = items[0]?.id ?? '';
    expect((await line.run(['sessions', 'list'])).stdout).toMatch(new RegExp(`${id} +Administrator +key +127.0.0.1 `));
    expect(await line.json(['sessions', 'end', id])).toEqual({ id, ended: true });
    expect((await line.run(['sessions', 'list'])).stdout).toBe('Nobody is signed in to the console.\n');
  });

  it('lets no name from outside move the cursor of whoever reads it', async () => {
    const name = 'calm \u001b[31mred\u001b[2J\u0007\u202e';
    await client.call('POST', '/v1/clients', { name, scopes: ['call'] });
    const { stdout } = await line.run(['keys', 'list']);
    expect(stdout).toContain('calm red·');

    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });

  it('is a program of the package, which npx runs as it was built', async () => {
    const { bin } = JSON.parse(await readFile('package.json', 'utf8')) as { bin: Record<string, string> };
    expect(resolve(bin['b24-gateway'] ?? '')).toBe(commandLineProgram);
    const { stdout } = await promisify(execFile)(commandLineProgram, ['--help']);
    expect(stdout).toContain('Usage: b24-gateway');
  });

  it('explains each command', async () => {
    const commandsOf = (help: string) =>
      [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z-]+)/gm)].flatMap(([, name = '']) =>
        name === 'help' ? [] : [name],
      );
    const explained = async (words: string[]): Promise<string[]> => {
      const { code, stdout } = await line.run([...words, '--help'], { env: { B24_GATEWAY_KEY: '' } });
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^Usage: b24-gateway/)]);
      const inner = await Promise.all(commandsOf(stdout).map((name) => explained([...words, name])));
      return inner.length === 0 ? [words.join(' ')] : inner.flat();
    };
    expect(await explained([])).toEqual([
      ...['portals', 'portal', 'suspend', 'resume', 'admit', 'install-link'],
      ...['list', 'create', 'edit', 'rotate', 'revoke', 'assistants', 'end-assistant'].map((it) => `keys ${it}`),
      ...['call', 'methods find', 'methods describe', 'calls tail', 'audit'],
      ...['sessions list', 'sessions end'],
      ...['jobs list', 'jobs show', 'jobs items', 'jobs retry', 'jobs cancel'],
      ...['list', 'show', 'deliveries', 'dead', 'test', 'bindings', 'replay'].map((it) => `events ${it}`),
      ...['doctor', 'completion'],
    ]);
  }, 60_000);

  it('told no secret in all of this, and no colour where nobody looks', () => {
    expect(line.said.length).toBeGreaterThan(10_000);
    const secrets = [...keys, world.simulator.clientSecret];
    expect(secrets.filter((it) => line.said.includes(it))).toEqual([]);
    expect(line.said).not.toContain('\u001b');
  });
});
