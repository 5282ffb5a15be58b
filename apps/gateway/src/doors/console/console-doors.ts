import type { Door } from '../../http/door';

/** Signs in or out: no session is needed, but only the console's own pages may. */
export const signInDoor: Door = {
  needsStore: true,
  admit: (request, { console }) => {
    console.assertOwnPage(request);
    return undefined;
  },
};

/** Somebody who is signed in at the console. */
export const sessionDoor: Door = {
  needsStore: true,
  admit: (request, { console }) => console.authenticate(request),
};

/** The same, and the session lasts no longer for it. */
export const watchDoor: Door = {
  needsStore: true,
  admit: (request, { console }) => console.peekSession(request),
};
