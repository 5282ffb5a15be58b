import { type Authorization, Fault, Secret } from '@b24/portal';
import type { Grant } from './install';

/** What a request is sent with. @throws Fault internal_error for a grant that holds no right */
export function authorization({ endpoint, webhook, pair }: Grant): Authorization {
  if (webhook) return { endpoint: new Secret(`${endpoint}${webhook.reveal()}/`) };
  if (!pair) throw new Fault('internal_error', { detail: 'A grant without a right to call.' });
  return { endpoint: new Secret(endpoint), accessToken: pair.accessToken };
}
