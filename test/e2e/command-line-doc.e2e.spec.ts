import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownProblems } from '../../apps/cli/src/command-failure';
import { commandLineProgram } from '../support/command-line';
import { EventTarget } from '../support/event-target';
import { type HttpClient, environment, eventually, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

const page = readFileSync('docs/command-line.md', 'utf8');

interface Shown {
  readonly command: string;
  readonly output: string;
}

/** Every command of the page, with what it is said to print. */
const shown = [...page.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block = '']): Shown[] =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [command = '', ...output] = text.trimEnd().split('\n');
      return { command, output: output.join('\n') };
    }),
);

/** What differs from run to run: ids, times, and how wide that makes a column. */
function steady(text: string): string {
  return (
    text
      .replace(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/g, '<request>')
      .replace(/\bj_[\da-f]{32}\b/g, '<job>')
      .replace(/\bc_[\da-f]{16}\b/g, '<client>')
      .replace(/\bs_[\da-f]{16}\b/g, '<subscription>')
      .replace(/\bd_[\da-f]{16}\b/g, '<delivery>')
      .replace(/\b[\da-f]{32}\b/g, '<member>')
      .replace(/\d{4}-\d\d-\d\d[ T][\d:.]+Z/g, '<time>')
      .replace(/\bin \d+ (s|min|h|d)\b/g, '<soon>')
      .replace(/\b\d+ (s|min|h|d) ago\b/g, '<past>')
      // What an install takes of a bucket is back within a second or two.
      .replace(/\b\d+ of 46\b/g, '<left> of 46')
      .replace(/"time":\{.*?\}/g, '<taken>')
      .replace(/ +/g, ' ')
  );
}

describe('docs/command-line.md', () => {
  let world: World;
  let client: HttpClient;
  let folder: string;
  let target: EventTarget;
  /** Names that the page gives to what the world has. */
  let names: (readonly [string, () => string])[];
  let clientId = '';
  let env: Record<string, string>;

  const replaced = (text: string, pairs: readonly (readonly [string, string])[]) =>
    pairs.reduce((so, [from, to]) => (from === '' ? so : so.replaceAll(from, to)), text);
  const pairs = () => names.map(([there, here]) => [there, here()] as const);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'b24-doc-'));
    await writeFile(
      join(folder, 'b24-gateway'),
      `#!/bin/sh\nexec "${process.execPath}" "${commandLineProgram}" "$@"\n`,
      {
        mode: 0o700,
      },
    );
    world = await World.start();
    client = await world.gateway({ EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
    const acme = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    const globex = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    await client.call('PATCH', `/v1/portals/${acme.memberId}`, { alias: 'acme', tags: ['emea'] });
    await client.call('PATCH', `/v1/portals/${globex.memberId}`, { alias: 'globex' });
    await client.call('POST', '/v1/portals/acme/backlogs', { groupId: 125, createdBy: 6 });
    globex.revokeFamilies();
    globex.expireAccessTokens();
    await client.get('/v1/portals/globex/backlogs/fields');
    const wanted = { call: { method: 'tasks.api.scrum.backlog.getFields' }, portals: ['acme', 'initech'] };
    const { body } = await client.call('POST', '/v1/fan-out', wanted, { Prefer: 'respond-async' });
    await eventually(async () => (await client.get(`/v1/jobs/${body.id as string}`)).body.state === 'done');
    target = await EventTarget.listen();
    target.answer = () => ({ status: 503, headers: { 'Retry-After': '7200' } });
    const subscription = { name: 'planning', url: target.url, events: ['ONTASKADD'] };
    const { body: made } = await client.call('POST', '/v1/subscriptions', subscription);
    await new VendorEvents(world, client).post(acme.event('ONTASKADD', {}));
    const path = `/v1/subscriptions/${made.id as string}`;
    await eventually(async () => (await client.get(path)).body.lastFailure !== undefined);
    names = [
      ['j_5003eaa9f9c70566e9b15ad51f47da6f', () => body.id as string],
      ['s_5f2b8c1d9e0a7b64', () => made.id as string],
      ['c_5f2b8c1d9e0a7b64', () => clientId],
      ['acme.bitrix24.de', () => acme.domain],
      ['globex.bitrix24.com', () => globex.domain],
      ['globex.bitrix24.com', () => encodeURIComponent(globex.domain)],
      ['https://gw.example.com', () => 'http://127.0.0.1:0'],
      ['https://oauth.bitrix.info', () => world.simulator.oauthServer],
      ['http://127.0.0.1:3000', () => client.url],
      ['127.0.0.1:6379', () => `127.0.0.1:${world.redis.port}`],
    ];
    env = { ...environment(world.redis, world.simulator), PORT: new URL(client.url).port };
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
    await world.stop();
    await target.stop();
  });

  it('shows commands', () => {
    expect(shown.length).toBeGreaterThan(15);
  });

  it.each(shown)('shows what `$command` prints', async ({ command, output }) => {
    const { PATH = '' } = process.env;
    const printed = await new Promise<string>((resolve) => {
      const options = { cwd: folder, env: { PATH: `${folder}:${PATH}`, ...env } };
      execFile('sh', ['-c', replaced(command, pairs())], options, (_error, stdout, stderr) => {
        resolve(`${stdout}${stderr}`.trimEnd());
      });
    });
    clientId = /\bc_[\da-f]{16}\b/.exec(printed)?.[0] ?? clientId;
    const named = replaced(
      printed,
      pairs().map(([there, here]) => [here, there] as const),
    );
    expect(steady(named)).toBe(steady(output));
  });

  it('explains each code of the command line’s own, and its exit code', () => {
    const section = /these are the command line's own:\n([^]*?)\nExit codes/.exec(page)?.[1] ?? '';
    const explained = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, code]) => code);
    expect(explained.sort()).toEqual(Object.keys(ownProblems).sort());
  });
});
