import type { QueueObserver } from '@b24/queue';
import type { PortalId } from '@b24/portal';
import type { Metrics } from '../../operations/metrics';
import type { CallObserver } from '../../request-line';
import type { LiveFigures } from './live-figures';

/**
 * Returns an observer that passes the same calls to the metrics and the console. A portal name that a caller made up
 * gets no series and no failed calls.
 * @param knows whether the portal exists
 */
export function combineObservers(
  metrics: Metrics,
  live: LiveFigures,
  knows: (portal: PortalId) => boolean,
): QueueObserver & CallObserver {
  return {
    requestSent: (portal, commandCount, queueMs) => {
      metrics.requestSent(portal, commandCount, queueMs);
    },
    callSentByPeer: (portal, queueMs) => {
      metrics.callSentByPeer(portal, queueMs);
    },
    backedOff: (portal) => {
      metrics.backedOff(portal);
    },
    circuit: (portal, change, fault) => {
      metrics.circuit(portal, change, fault);
    },
    called: (portal, method, outcome) => {
      metrics.called(knows(portal) ? portal : undefined, method, outcome);
      live.called(portal, method, outcome);
    },
    answered: (portal, method, timing) => {
      metrics.answered(method, timing.upstreamMs);
      live.answered(portal, method, timing);
    },
    failed: (portal, method, fault, origin) => {
      if (knows(portal)) live.failed(portal, method, fault, origin);
    },
  };
}
