import { type Authorization, Fault, Secret } from '@b24/portal';
import type { Grant } from './install';
import { secretsOf } from './secrets-of';

const authorizations = new WeakMap<Grant, Authorization>();

/** Returns what a request to the portal is sent with; the same object for the same grant. @throws Fault internal_error when the grant has no pair or webhook */
export function authorization(grant: Grant): Authorization {
  const found = authorizations.get(grant) ?? newAuthorization(grant);
  authorizations.set(grant, found);
  return found;
}

function newAuthorization(grant: Grant): Authorization {
  const { endpoint, webhook, pair } = grant;
  const otherSecrets = secretsOf(grant);
  if (webhook) return { endpoint: new Secret(`${endpoint}${webhook.reveal()}/`), otherSecrets };
  if (!pair) throw new Fault('internal_error', { detail: 'The grant has neither a token pair nor a webhook.' });
  return { endpoint: new Secret(endpoint), accessToken: pair.accessToken, otherSecrets };
}
