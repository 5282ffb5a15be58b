import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findOrInstallRedis } from './launch/redis-binary.mjs';
import { Stop, main, say } from './launch/say.mjs';

/*
 * npm run clients -- --folder DIR --record
 * Runs the PHP and Python clients of test/clients/clients.json against the simulator and through the gateway. Fetches
 * them with composer, pip and git into a temporary folder, or takes what is in DIR. With --record, the requests that
 * they send straight are written to test/clients/fixtures.
 */
const { values } = parseArgs({ options: { folder: { type: 'string' }, record: { type: 'boolean', default: false } } });
const programs = { php: 'php', python: 'python3' };

main(async () => {
  const given = values.folder && resolve(values.folder);
  process.chdir(new URL('..', import.meta.url).pathname);
  const folder = given ?? mkdtempSync(join(tmpdir(), 'b24-clients-'));
  try {
    await compare(folder);
  } finally {
    if (!given) rmSync(folder, { recursive: true, force: true });
  }
});

async function compare(folder) {
  const clients = JSON.parse(readFileSync('test/clients/clients.json', 'utf8'));
  makeCertificate(folder);
  const reasons = clients.map((client) => reasonNotToRun(client, folder));
  const REDIS_SERVER = await findOrInstallRedis();
  const none = reasons.every((reason) => reason !== undefined);
  if (!none) runNode(['scripts/build.mjs']);
  const status = none ? 1 : runJest({ REDIS_SERVER, CLIENTS_FOLDER: folder, CLIENTS_RECORD: values.record ? '1' : '' });
  clients.forEach(({ package: name }, i) => reasons[i] && say(`Not run: ${name}. ${reasons[i]}`));
  if (none) throw new Stop('No client could be run.');
  process.exitCode = status;
}

/** Some clients take https URLs only; the certificate is for 127.0.0.1. */
function makeCertificate(folder) {
  const [keyFile, certFile] = [join(folder, 'loopback.key'), join(folder, 'loopback.crt')];
  if (existsSync(certFile)) return;
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', keyFile, '-out', certFile];
  spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...files, ...subject]);
}

/** Fetches a client that is not in the folder; returns why it can't be run. */
function reasonNotToRun(client, folder) {
  const program = programs[client.language];
  if (spawnSync(program, ['--version']).status !== 0) return `${program} is not installed.`;
  if (client.https && !existsSync(join(folder, 'loopback.crt'))) return 'openssl is not installed.';
  if (existsSync(join(folder, client.name))) return undefined;
  return fetchClient(client, join(folder, client.name));
}

/** A client that was fetched in part must not look complete, so it gets its name at the end. */
function fetchClient(client, target) {
  const partial = `${target}.partial`;
  mkdirSync(partial);
  for (const [command, ...args] of fetchCommands(client, partial)) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 120_000 });
    if (status !== 0) return `${command} failed: ${errorLine(stderr) ?? error?.message ?? `status ${status}`}`;
  }
  renameSync(partial, target);
  return undefined;
}

function fetchCommands({ composer, pip, git, commit }, target) {
  if (composer) return [['composer', 'require', '--no-interaction', `--working-dir=${target}`, composer]];
  if (pip) return [['python3', '-m', 'pip', 'install', '--quiet', '--target', join(target, 'site'), pip]];
  return [
    ['git', 'clone', '--quiet', git, target],
    ['git', '-C', target, 'checkout', '--quiet', commit],
  ];
}

/** The line of an output that says most about the failure. */
function errorLine(output = '') {
  const lines = output.split('\n').map((line) => line.trim());
  const signs = [/fatal:/, /error \d/, /error:/i, /./];
  return signs.map((sign) => lines.find((line) => sign.test(line))).find(Boolean);
}

function runJest(env) {
  return runNode(['node_modules/jest/bin/jest.js', '--selectProjects', 'clients', '--verbose'], env);
}

function runNode(args, env = {}) {
  return spawnSync(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
}
