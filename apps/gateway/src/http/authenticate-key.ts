import type { FastifyRequest } from 'fastify';
import type { Client, ClientKeys } from '@b24/access';
import { Fault } from '@b24/portal';
import { withinDeadline } from './caller';
import type { Throttle } from './throttle';

/** The key in an `Authorization`; undefined where there is none in it. */
export function bearerToken(authorization: string): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization)?.[1];
}

/** Whose key this is. @throws Fault key_invalid, key_expired, client_rate_limited, too_many_attempts, store_unavailable */
export function authenticateKey(
  request: FastifyRequest,
  key: string | undefined,
  { keys, throttle }: { keys: ClientKeys; throttle: Throttle },
): Promise<Client> {
  const authenticated = async () => {
    const client = key && (await keys.admit(key));
    if (client) {
      throttle.rightKey(request, client.id);
      return client;
    }
    // Asked first all the same: a right key passes, whoever else floods from its address.
    throttle.wrongKey(request);
    throw new Fault('key_invalid');
  };
  return withinDeadline(request, authenticated());
}
