import { Stop } from './say.mjs';
import { findOrInstall, works } from './system-package.mjs';

const names = ['redis-server', 'valkey-server'];
const packages = { 'apt-get': 'redis-server', dnf: 'valkey', apk: 'redis', pacman: 'valkey', brew: 'redis' };
const advice = 'Install Redis 6.2 or later (or Valkey), or set REDIS_URL to one that runs.';

function findRedis() {
  const named = process.env.REDIS_SERVER;
  if (named && !works(named)) throw new Stop(`REDIS_SERVER is ${named}, which does not run. ${advice}`);
  return named ?? names.find((name) => works(name));
}

/** Returns the command of a Redis server, installed with the system's package manager if there is none. */
export function findOrInstallRedis() {
  return findOrInstall(findRedis, { what: 'Redis server', packages, advice });
}
