import type { Door } from '../../http/door';

/** Admits sign-in and sign-out, without a session but only from the console's own pages. */
export const signInDoor: Door = {
  needsStore: true,
  admit: (request, { console }) => {
    console.assertOwnPage(request);
    return undefined;
  },
};

/** Admits users who are signed in at the console. */
export const sessionDoor: Door = {
  needsStore: true,
  admit: (request, { console }) => console.authenticate(request),
};

/** Like the door above, but does not prolong the session. */
export const watchDoor: Door = {
  needsStore: true,
  admit: (request, { console }) => console.peekSession(request),
};

/** Admits browsers that the identity provider sends back. */
export const callbackDoor: Door = {
  needsStore: true,
  admit: (request, { throttle }) => {
    throttle.mayOpenPage(request);
    return undefined;
  },
};
