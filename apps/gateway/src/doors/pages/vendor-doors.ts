import type { Door } from '../../http/door';

/** Pages of the install, which browsers open and the portal posts to. */
export const pageDoor: Door = {
  needsStore: true,
  takesForms: true,
  admit: (request, { throttle }) => {
    throttle.mayOpenPage(request);
    return undefined;
  },
};

/** Events are taken at any time: they wait for the store by themselves, and are never sent again. */
export const eventsDoor: Door = {
  needsStore: false,
  takesForms: true,
  admit: (request, { throttle }) => {
    throttle.mayPostEvent(request);
    return undefined;
  },
};
