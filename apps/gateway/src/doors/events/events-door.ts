import type { Door } from '../../http/door';

/** Admits events at any time: Bitrix24 never repeats them, so they wait for the store in memory. */
export const eventsDoor: Door = {
  needsStore: false,
  takesForms: true,
  admit: (request, { throttle }) => {
    throttle.mayPostEvent(request);
    return undefined;
  },
};
