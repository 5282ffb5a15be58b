import type { StoreConnection } from './connect-store';
import { loadScripts, type RedisScript } from './load-scripts';

/**
 * Returns a compare-and-set over the fields of a hash: called with the hash, then field, expected value, new value … It
 * replaces each field that still has the expected value, and returns how many it replaced.
 */
export function fieldSwap(redis: StoreConnection): RedisScript<number> {
  return loadScripts<{ swapFields: number }>(redis, __dirname, { swapFields: 1 }).swapFields;
}
