import { inTime } from './caller';
import type { Door } from './door';
import { bearerKey, keyOwner } from './key-owner';

/** The API: a client's key in `Authorization`, or the console's cookie in its place. */
export const apiDoor: Door = {
  needsStore: true,
  admit: (request, parts) => {
    const { authorization } = request.headers;
    if (!authorization) return inTime(request, parts.console.ownerOf(request));
    return keyOwner(request, bearerKey(authorization), parts);
  },
};
