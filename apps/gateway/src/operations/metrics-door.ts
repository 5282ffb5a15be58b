import { Fault, type Secret } from '@b24/portal';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Door } from '../http/door';
import { bearerToken } from '../http/authenticate-key';

/** Admits Prometheus: anyone, or only with METRICS_TOKEN as a bearer token. */
export const metricsDoor: Door = {
  needsStore: false,
  admit: (request, { settings: { metricsToken }, throttle }) => {
    if (!metricsToken) return undefined;
    const { authorization } = request.headers;
    const detail = 'Send `Authorization: Bearer <METRICS_TOKEN>`; a key of a client is not asked for.';
    if (!authorization) throw new Fault('key_missing', { detail });
    if (isSame(bearerToken(authorization) ?? '', metricsToken)) return undefined;
    throttle.wrongKey(request);
    throw new Fault('key_invalid', { detail });
  },
};

/** Compares digests, so that the duration reveals nothing about the token. */
function isSame(given: string, token: Secret): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token.reveal()));
}
