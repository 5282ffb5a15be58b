import type { RefreshObserver } from '@b24/grants';
import type { LaneObserver } from '@b24/lanes';
import type { PortalId } from '@b24/portal';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What Prometheus may ask. Labels hold portals' member ids, methods and codes; never a secret or a caller's word. */
export class Metrics implements LaneObserver, RefreshObserver {
  readonly registry = new Registry();
  private readonly calls = new Counter({
    name: 'b24_calls_total',
    help: 'Calls that went down the line, by outcome: ok or a fault code.',
    labelNames: ['portal', 'method', 'outcome'] as const,
    registers: [this.registry],
  });
  private readonly queueWait = new Histogram({
    name: 'b24_queue_wait_seconds',
    help: 'How long calls waited in their lane before they left.',
    buckets: seconds,
    registers: [this.registry],
  });
  private readonly upstream = new Histogram({
    name: 'b24_upstream_seconds',
    help: 'How long the portal took to answer, by method.',
    labelNames: ['method'] as const,
    buckets: seconds,
    registers: [this.registry],
  });
  private readonly refreshes = new Counter({
    name: 'b24_refreshes_total',
    help: 'Token refreshes asked of the authorization server, by outcome.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  private readonly standBacks = new Counter({
    name: 'b24_lane_stand_backs_total',
    help: 'Times a lane stood back because the portal said that its bucket is full.',
    labelNames: ['portal'] as const,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  called(portal: PortalId, method: string, outcome: string): void {
    this.calls.inc({ portal, method, outcome });
  }

  answered(method: string, upstreamMs: number): void {
    this.upstream.observe({ method }, upstreamMs / 1000);
  }

  departed(_portal: PortalId, queueMs: number): void {
    this.queueWait.observe(queueMs / 1000);
  }

  stoodBack(portal: PortalId): void {
    this.standBacks.inc({ portal });
  }

  refreshed(_portal: PortalId, outcome: 'granted' | 'refused' | 'failed'): void {
    this.refreshes.inc({ outcome });
  }
}
