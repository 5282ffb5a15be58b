import { withinDeadline } from './caller';
import type { Door } from './door';
import { bearerToken, authenticateKey } from './authenticate-key';

/** The API: a client's key in `Authorization`, or the console's cookie in its place. */
export const apiDoor: Door = {
  needsStore: true,
  admit: (request, parts) => {
    const { authorization } = request.headers;
    if (!authorization) return withinDeadline(request, parts.console.authenticate(request));
    return authenticateKey(request, bearerToken(authorization), parts);
  },
};
