import type { LaneObserver } from '@b24/queue';
import type { PortalId } from '@b24/portal';
import type { Metrics } from '../../operations/metrics';
import type { CallObserver } from '../../request-line';
import type { LiveFigures } from './live-figures';

/**
 * Returns the observer through which metrics and the console count the same calls. A portal that a caller made up gets
 * neither a series nor a place among the problems.
 * @param knows whether a portal was found to be there
 */
export function heardBy(
  metrics: Metrics,
  live: LiveFigures,
  knows: (portal: PortalId) => boolean,
): LaneObserver & CallObserver {
  return {
    departed: (portal, seats, queueMs) => {
      metrics.departed(portal, seats, queueMs);
    },
    carried: (portal, queueMs) => {
      metrics.carried(portal, queueMs);
    },
    stoodBack: (portal) => {
      metrics.stoodBack(portal);
    },
    circuit: (portal, change, fault) => {
      metrics.circuit(portal, change, fault);
    },
    called: (portal, method, outcome) => {
      metrics.called(knows(portal) ? portal : undefined, method, outcome);
      live.called(portal, method, outcome);
    },
    answered: (portal, method, spent) => {
      metrics.answered(method, spent.upstreamMs);
      live.answered(portal, method, spent);
    },
    failed: (portal, method, fault, told) => {
      if (knows(portal)) live.failed(portal, method, fault, told);
    },
  };
}
