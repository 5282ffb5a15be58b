import type { Door, FaultRenderer } from '../../http/door';
import { renderProblem } from '../../http/render-problem';
import { requestedPage } from './requested-page';
import { showFaultPage } from './show-page';

/** Renders a fault as a page where a browser asked for a page, and as a problem otherwise. */
const renderFaultPage: FaultRenderer = (fault, request, reply) => {
  const page = requestedPage(request, request.scope.settings.rules);
  if (page) showFaultPage(fault, request, reply, page.frame);
  else renderProblem(fault, request, reply);
};

/** Admits requests for the install pages, which browsers open and the portal posts to. */
export const pageDoor: Door = {
  needsStore: true,
  renderFault: renderFaultPage,
  takesForms: true,
  isDocument: true,
  admit: (request, { throttle }) => {
    throttle.mayOpenPage(request);
    return undefined;
  },
};
