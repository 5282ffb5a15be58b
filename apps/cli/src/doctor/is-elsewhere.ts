import type { Environment } from '../target';
import { launchedSettings } from './launched';

/** What no gateway runs without. */
const needed = ['REDIS_URL', 'ADMIN_KEY', 'ENCRYPTION_KEYS'];

/**
 * Returns whether the gateway runs elsewhere: its URL was named, and nothing here sets what it needs. What `npm start` stores
 * in DATA_DIR belongs to a gateway at an address of this machine only.
 */
export function isElsewhere(named: string | undefined, env: Environment): boolean {
  if (named === undefined || needed.some((name) => env[name] !== undefined)) return false;
  return !isLoopback(named) || Object.keys(launchedSettings(env)).length === 0;
}

function isLoopback(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
