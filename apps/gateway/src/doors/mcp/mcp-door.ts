import { Fault } from '@b24/portal';
import type { Door } from '../../http/door';
import { bearerToken, authenticateKey } from '../../http/authenticate-key';
import type { Settings } from '../../settings';

/** Admits assistants with a key in `Authorization`, but no page of a foreign origin. */
export const mcpDoor: Door = {
  needsStore: true,
  carriesPayload: true,
  admit: (request, parts) => {
    mustBeOurs(request.headers.origin, parts.settings);
    const { authorization } = request.headers;
    if (!authorization) throw new Fault('key_missing');
    return authenticateKey(request, bearerToken(authorization), parts);
  },
};

/** Checks the origin that a browser sends. @throws Fault not_allowed for an origin that no setting names */
function mustBeOurs(origin: string | undefined, { publicUrl, corsOrigins }: Settings): void {
  if (origin === undefined || origin === new URL(publicUrl).origin || corsOrigins.includes(origin)) return;
  throw new Fault('not_allowed', {
    detail: 'Pages of this origin may not come here: CORS_ORIGINS names those that may.',
  });
}
