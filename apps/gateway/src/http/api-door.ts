import { withinDeadline } from './caller';
import type { Door } from './door';
import { bearerToken, authenticateKey } from './authenticate-key';

/** Admits API requests by a client's key in `Authorization`, or by the console's cookie instead. */
export const apiDoor: Door = {
  needsStore: true,
  admit: (request, parts) => {
    const { authorization } = request.headers;
    if (!authorization) return withinDeadline(request, parts.console.authenticate(request));
    return authenticateKey(request, bearerToken(authorization), parts);
  },
};

/** Admits calls of any method, with their parameters. */
export const payloadDoor: Door = { ...apiDoor, carriesPayload: true };

/** The same, with files in a multipart form. */
export const filesDoor: Door = { ...payloadDoor, takesFiles: true };
