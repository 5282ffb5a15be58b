import type { LaneObserver } from '@b24/lanes';
import type { Metrics } from '../health/metrics';
import type { CallObserver } from '../request-line';
import type { LiveFigures } from './live-figures';

/** Metrics and the console hear of the same calls. */
export function heardBy(metrics: Metrics, live: LiveFigures): LaneObserver & CallObserver {
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
      metrics.called(portal, method, outcome);
      live.called(portal, method, outcome);
    },
    answered: (portal, method, spent) => {
      metrics.answered(method, spent.upstreamMs);
      live.answered(portal, method, spent);
    },
    failed: (portal, method, fault, told) => {
      live.failed(portal, method, fault, told);
    },
  };
}
