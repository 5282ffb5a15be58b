import { type Authorization, Fault, Secret } from '@b24/portal';
import type { Grant } from './install';
import { secretsOf } from './secrets-of';

/** A grant is never changed, so what its requests are sent with is made once. */
const known = new WeakMap<Grant, Authorization>();

/** Returns what a request to the portal is sent with. @throws Fault internal_error when the grant has no pair or webhook */
export function authorization(grant: Grant): Authorization {
  let made = known.get(grant);
  if (!made) known.set(grant, (made = newAuthorization(grant)));
  return made;
}

function newAuthorization(grant: Grant): Authorization {
  const { endpoint, webhook, pair } = grant;
  const otherSecrets = secretsOf(grant);
  if (webhook) return { endpoint: new Secret(`${endpoint}${webhook.reveal()}/`), otherSecrets };
  if (!pair) throw new Fault('internal_error', { detail: 'The grant has neither a token pair nor a webhook.' });
  return { endpoint: new Secret(endpoint), accessToken: pair.accessToken, otherSecrets };
}
