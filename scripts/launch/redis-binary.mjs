import { spawnSync } from 'node:child_process';
import { say, step, Stop } from './say.mjs';

const names = ['redis-server', 'valkey-server'];
const works = (command, args = ['--version']) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Ways to install a server, the first that this machine has is taken. */
const managers = [
  {
    tool: 'apt-get',
    steps: [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', 'redis-server'],
    ],
  },
  { tool: 'dnf', steps: [['dnf', 'install', '-y', '-q', 'valkey']] },
  { tool: 'apk', steps: [['apk', 'add', '--quiet', 'redis']] },
  { tool: 'pacman', steps: [['pacman', '-S', '--noconfirm', 'valkey']] },
  { tool: 'brew', steps: [['brew', 'install', 'redis']], asUser: true },
];

const advice = 'Install Redis 6.2 or later (or Valkey), or set REDIS_URL to one that runs.';

export function findRedis() {
  const named = process.env.REDIS_SERVER;
  if (named && !works(named)) throw new Stop(`REDIS_SERVER is ${named}, which does not run. ${advice}`);
  return named ?? names.find((name) => works(name));
}

/** A Redis server's command, installed with the system's package manager where there is none. */
export async function findOrInstallRedis() {
  const found = findRedis();
  if (found) return found;
  const manager = managers.find(({ tool }) => works(tool));
  if (!manager) throw new Stop(`No Redis server was found, and no package manager to install one. ${advice}`);
  say(`No Redis server was found; installing one with ${manager.tool}.`);
  for (const command of manager.steps) await install(command, manager);
  const installed = findRedis();
  if (!installed) throw new Stop(`${manager.tool} installed no Redis server that runs. ${advice}`);
  return installed;
}

async function install(command, { asUser }) {
  const root = process.getuid?.() === 0;
  if (!asUser && !root && !works('sudo', ['-n', 'true'])) {
    throw new Stop(
      `No Redis server was found, and installing one needs root: run \`sudo ${command.join(' ')}\`. ${advice}`,
    );
  }
  const [tool, ...args] = asUser || root ? command : ['sudo', '-n', ...command];
  // RUNLEVEL=1 keeps Debian from starting the package's own service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await step(command.includes('update') ? 'Reading the package lists' : 'Installing Redis', tool, args, { env });
}
