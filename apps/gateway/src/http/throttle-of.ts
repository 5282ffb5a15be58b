import type { Clock } from '@b24/portal';
import type { FastifyBaseLogger } from 'fastify';
import type { Settings } from '../settings';
import { SharedSources } from './shared-sources';
import { Throttle } from './throttle';

/** Returns the throttle of unproven requests, which reports a proxy that the settings do not name. */
export function throttleOf(
  { trustedProxies }: Pick<Settings, 'trustedProxies'>,
  clock: Clock,
  log: FastifyBaseLogger,
): Throttle {
  if (trustedProxies.length === 0) return new Throttle(clock);
  const shared = new SharedSources((address) => {
    log.warn({ address }, 'many portals or keys come from one private address: is a proxy not in TRUSTED_PROXIES?');
  });
  return new Throttle(clock, (address, name) => {
    shared.proven(address, name);
  });
}
