import { Secret } from '@b24/portal';
import type { Grant } from './install';

/** Whatever of a grant must not be read by anyone but the portal and its authorization server. */
export function secretsOf({ pair, webhook, applicationToken, spares = [] }: Grant): Secret[] {
  return [
    ...(pair ? [pair.accessToken, pair.refreshToken] : []),
    ...(webhook ? [new Secret(webhook.reveal().split('/').at(-1) ?? '')] : []),
    ...(applicationToken ? [applicationToken] : []),
    ...spares.map(({ refreshToken }) => refreshToken),
  ];
}
