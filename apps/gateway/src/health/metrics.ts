import type { RefreshObserver } from '@b24/grants';
import type { LaneCounts, LaneObserver } from '@b24/lanes';
import type { Fault, PortalId } from '@b24/portal';
import type { FastifyBaseLogger } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What Prometheus may ask. Labels hold portals' member ids, methods and codes; never a secret or a caller's word. */
export class Metrics implements LaneObserver, RefreshObserver {
  readonly registry = new Registry();
  private log: Pick<FastifyBaseLogger, 'error' | 'info'> | undefined;
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

  private readonly seats = new Histogram({
    name: 'b24_trip_seats',
    help: 'Commands that shared a request to a portal.',
    buckets: [1, 2, 5, 10, 20, 30, 40, 50],
    registers: [this.registry],
  });
  private readonly carriedBookings = new Counter({
    name: 'b24_carried_total',
    help: 'Calls of this replica that left with a trip of another.',
    registers: [this.registry],
  });
  private readonly circuits = new Counter({
    name: 'b24_circuit_changes_total',
    help: 'Times the circuit of a portal that is down opened, and closed again.',
    labelNames: ['portal', 'change'] as const,
    registers: [this.registry],
  });

  private readonly jobs = new Counter({
    name: 'b24_jobs_finished_total',
    help: 'Jobs that ended on this replica, by how.',
    labelNames: ['kind', 'state'] as const,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Lanes are asked when Prometheus asks; one that is idle for long has no series. */
  watch(lanes: { counts(): Iterable<[PortalId, LaneCounts]> }, log: Pick<FastifyBaseLogger, 'error' | 'info'>): void {
    this.log = log;
    const gauge = (name: string, help: string, value: (counts: LaneCounts) => number) => {
      new Gauge({
        name,
        help,
        labelNames: ['portal'] as const,
        registers: [this.registry],
        collect() {
          this.reset();
          for (const [portal, counts] of lanes.counts()) this.set({ portal }, value(counts));
        },
      });
    };
    gauge('b24_lane_waiting', 'Calls that wait for their portal on this replica.', ({ waiting }) => waiting);
    gauge('b24_lane_in_flight', 'Requests under way from this replica.', ({ inFlight }) => inFlight);
    gauge('b24_lane_left', 'Requests that could leave at once after the last departure.', ({ left }) => left);
    gauge('b24_lane_circuit_open', '1 while the portal is taken to be down.', ({ circuit }) =>
      circuit === 'closed' ? 0 : 1,
    );
  }

  /** The store is asked every minute; here is what it said. */
  watchStore(store: { readonly durable: number }): void {
    new Gauge({
      name: 'b24_redis_durable',
      help: '1 while Redis keeps what it is given, 0 while it may evict or forget it, NaN when it does not tell.',
      registers: [this.registry],
      collect() {
        this.set(store.durable);
      },
    });
  }

  /** Jobs are counted over all replicas, when Prometheus asks. */
  watchJobs(queue: { counts(): Promise<{ waiting: number; running: number }> }): void {
    new Gauge({
      name: 'b24_jobs',
      help: 'Jobs that wait for a replica, and jobs that one runs; over all replicas.',
      labelNames: ['state'] as const,
      registers: [this.registry],
      async collect() {
        this.reset();
        const counts = await queue.counts().catch(() => undefined);
        if (!counts) return;
        this.set({ state: 'queued' }, counts.waiting);
        this.set({ state: 'running' }, counts.running);
      },
    });
  }

  jobFinished(kind: string, state: string): void {
    this.jobs.inc({ kind, state });
  }

  called(portal: PortalId, method: string, outcome: string): void {
    this.calls.inc({ portal, method, outcome });
  }

  answered(method: string, upstreamMs: number): void {
    this.upstream.observe({ method }, upstreamMs / 1000);
  }

  departed(_portal: PortalId, seats: number, queueMs: readonly number[]): void {
    this.seats.observe(seats);
    this.waited(queueMs);
  }

  carried(_portal: PortalId, queueMs: readonly number[]): void {
    this.carriedBookings.inc();
    this.waited(queueMs);
  }

  private waited(queueMs: readonly number[]): void {
    for (const ms of queueMs) this.queueWait.observe(ms / 1000);
  }

  /** An open circuit is for someone to look at, so it is logged as an error. */
  circuit(portal: PortalId, change: 'opened' | 'closed', fault?: Fault): void {
    this.circuits.inc({ portal, change });
    const { upstream } = fault ?? {};
    if (change === 'closed') this.log?.info({ portal }, 'the portal answers again');
    else
      this.log?.error({ portal, code: fault?.code, upstream: upstream?.error }, fault?.message ?? 'the portal is down');
  }

  stoodBack(portal: PortalId): void {
    this.standBacks.inc({ portal });
  }

  refreshed(_portal: PortalId, outcome: 'granted' | 'refused' | 'failed'): void {
    this.refreshes.inc({ outcome });
  }
}
