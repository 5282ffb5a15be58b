import { Secret } from '@b24/portal';
import type { Grant } from './install';

/** Returns every secret of a grant that only the portal and its authorization server may know. */
export function secretsOf({ pair, webhook, applicationToken, spares = [] }: Grant): Secret[] {
  return [
    ...(pair ? [pair.accessToken, pair.refreshToken] : []),
    ...(webhook ? [new Secret(webhook.reveal().split('/').at(-1) ?? '')] : []),
    ...(applicationToken ? [applicationToken] : []),
    ...spares.map(({ refreshToken }) => refreshToken),
  ];
}
