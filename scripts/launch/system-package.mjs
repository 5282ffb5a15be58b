import { spawnSync } from 'node:child_process';
import { say, step, Stop } from './say.mjs';

export const works = (command, args = ['--version']) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/**
 * Package managers, of which the first that this machine has is used; each is called with its own name of the package, or of
 * several with spaces between them.
 */
const managers = [
  {
    tool: 'apt-get',
    steps: (name) => [
      ['apt-get', 'update', '-qq'],
      ['apt-get', 'install', '-y', '-qq', ...name.split(' ')],
    ],
  },
  { tool: 'dnf', steps: (name) => [['dnf', 'install', '-y', '-q', name]] },
  { tool: 'apk', steps: (name) => [['apk', 'add', '--quiet', name]] },
  { tool: 'pacman', steps: (name) => [['pacman', '-S', '--noconfirm', name]] },
  { tool: 'brew', steps: (name) => [['brew', 'install', name]], asUser: true },
];

/**
 * Returns the command that `find` finds, after installing it with the system's package manager if there is none.
 * @param wanted what it is, its package's name by manager, and what to do if it cannot be installed
 */
export async function findOrInstall(find, { what, packages, advice }) {
  const found = find();
  if (found) return found;
  const manager = managers.find(({ tool }) => packages[tool] && works(tool));
  if (!manager) throw new Stop(`No ${what} was found, and no package manager to install one. ${advice}`);
  say(`No ${what} was found; installing one with ${manager.tool}.`);
  for (const command of manager.steps(packages[manager.tool])) await install(command, manager, { what, advice });
  const installed = find();
  if (!installed) throw new Stop(`${manager.tool} installed no ${what} that runs. ${advice}`);
  return installed;
}

async function install(command, { asUser }, { what, advice }) {
  const root = process.getuid?.() === 0;
  if (!asUser && !root && !works('sudo', ['-n', 'true'])) {
    throw new Stop(`No ${what} was found, and installing one needs root: run \`sudo ${command.join(' ')}\`. ${advice}`);
  }
  const [tool, ...args] = asUser || root ? command : ['sudo', '-n', ...command];
  // RUNLEVEL=1 keeps Debian from starting a package's own service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await step(command.includes('update') ? 'Reading the package lists' : `Installing ${what}`, tool, args, { env });
}
