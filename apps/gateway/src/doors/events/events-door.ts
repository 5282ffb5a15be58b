import type { Door } from '../../http/door';

/** Events are taken at any time: they wait for the store by themselves, and are never sent again. */
export const eventsDoor: Door = {
  needsStore: false,
  takesForms: true,
  admit: (request, { throttle }) => {
    throttle.mayPostEvent(request);
    return undefined;
  },
};
