import type { FastifyRequest } from 'fastify';
import type { Client, ClientKeys } from '@b24/access';
import { Fault } from '@b24/portal';
import { withinDeadline } from './caller';
import type { Throttle } from './throttle';

/** Returns the key in an `Authorization` header; undefined if it contains none. */
export function bearerToken(authorization: string): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization)?.[1];
}

/**
 * Returns the client of a key, at once if the key is known. @throws Fault key_invalid, key_expired, client_rate_limited, too_many_attempts,
 * store_unavailable
 */
export function authenticateKey(
  request: FastifyRequest,
  key: string | undefined,
  { keys, throttle }: { keys: ClientKeys; throttle: Throttle },
): Client | Promise<Client> {
  const known = key === undefined ? undefined : keys.admitKnown(key);
  if (known) {
    throttle.rightKey(request, known.id);
    return known;
  }
  const authenticated = async () => {
    const client = key && (await keys.admit(key));
    if (client) {
      throttle.rightKey(request, client.id);
      return client;
    }
    // Looked up first, so that a valid key passes even if its address is flooding.
    throttle.wrongKey(request);
    throw new Fault('key_invalid');
  };
  return withinDeadline(request, authenticated());
}
