import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../target';

/** The settings with which `npm start` runs a gateway here, as it keeps them in DATA_DIR: those that the environment does not set. */
export function launchedSettings(env: Environment): Record<string, string> {
  const folder = env['DATA_DIR'] ?? 'data';
  const stored = (name: string) => {
    const file = join(folder, name);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  };
  const [port, password] = [stored('redis-port'), stored('redis-password')];
  const redis = port && password && `redis://:${password}@127.0.0.1:${port}`;
  const known = {
    ADMIN_KEY: stored('admin-key'),
    ENCRYPTION_KEYS: stored('encryption-keys'),
    REDIS_URL: redis,
    ...(!env['B24_CLIENT_ID'] && env['DEMO'] !== 'false' && demoSettings(stored, env)),
  };
  return Object.fromEntries(Object.entries(known).filter((it): it is [string, string] => !env[it[0]] && !!it[1]));
}

/** Of a gateway that was given no app, and so has the portal simulator's. */
function demoSettings(
  stored: (name: string) => string | undefined,
  env: Environment,
): Record<string, string | undefined> {
  const [server, ...portals] = (stored('simulator-ports') ?? '').split(',').filter(Boolean);
  if (!server) return {};
  return {
    B24_CLIENT_ID: stored('simulator-client-id'),
    B24_CLIENT_SECRET: stored('simulator-client-secret'),
    B24_OAUTH_SERVER: `http://127.0.0.1:${server}`,
    B24_ALLOW_HTTP: 'true',
    B24_PORTAL_HOSTS: portals.map((it) => `127.0.0.1:${it}`).join(),
    ...((env['http_proxy'] ?? env['HTTP_PROXY']) && {
      no_proxy: ['127.0.0.1', env['NO_PROXY']].filter(Boolean).join(),
    }),
  };
}
