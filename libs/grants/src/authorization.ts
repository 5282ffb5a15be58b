import { type Authorization, Fault, Secret } from '@b24/portal';
import type { Grant } from './install';
import { secretsOf } from './secrets-of';

/** What a request is sent with. @throws Fault internal_error for a grant that holds no right */
export function authorization(grant: Grant): Authorization {
  const { endpoint, webhook, pair } = grant;
  const otherSecrets = secretsOf(grant);
  if (webhook) return { endpoint: new Secret(`${endpoint}${webhook.reveal()}/`), otherSecrets };
  if (!pair) throw new Fault('internal_error', { detail: 'A grant without a right to call.' });
  return { endpoint: new Secret(endpoint), accessToken: pair.accessToken, otherSecrets };
}
