import type { DeliveryCounts, DeliveryObserver } from '@b24/events';
import type { RefreshObserver, GrantIssue } from '@b24/grants';
import type { QueueCounts, QueueObserver } from '@b24/queue';
import type { Fault, PortalId } from '@b24/portal';
import type { FastifyBaseLogger } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Tally } from './tally';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Methods with series of their own. */
const maxMethods = 500;

/** The metrics for Prometheus. Labels contain member ids, methods and codes; never a secret or a caller's text. */
export class Metrics implements QueueObserver, RefreshObserver, DeliveryObserver {
  readonly registry = new Registry();
  private readonly known = new Set<string>();
  private log: Pick<FastifyBaseLogger, 'error' | 'info'> | undefined;
  private readonly calls = new Tally({
    name: 'b24_calls_total',
    help: 'Calls that went down the line, by outcome: ok or a fault code.',
    labelNames: ['portal', 'method', 'outcome'] as const,
    registers: [this.registry],
  });
  private readonly queueWait = new Histogram({
    name: 'b24_queue_wait_seconds',
    help: 'Time that calls waited in the queue of their portal before they were sent.',
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
  private readonly responses = new Tally({
    name: 'b24_http_responses_total',
    help: 'Responses of this replica by route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [this.registry],
  });
  private readonly grantIssues = new Counter({
    name: 'b24_grant_issues_total',
    help: 'Times that a grant could not be used, by the code that callers receive.',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });
  private readonly backoffs = new Counter({
    name: 'b24_backoffs_total',
    help: 'Times the queue of a portal backed off because the portal reported too many requests.',
    labelNames: ['portal'] as const,
    registers: [this.registry],
  });

  private readonly requestCommands = new Histogram({
    name: 'b24_request_commands',
    help: 'Commands in one request to a portal.',
    buckets: [1, 2, 5, 10, 20, 30, 40, 50],
    registers: [this.registry],
  });
  private readonly sentByPeer = new Counter({
    name: 'b24_calls_sent_by_peer_total',
    help: 'Calls of this replica that another replica sent in its request.',
    registers: [this.registry],
  });
  private readonly circuits = new Counter({
    name: 'b24_circuit_changes_total',
    help: 'Times the circuit breaker of a portal opened and closed.',
    labelNames: ['portal', 'change'] as const,
    registers: [this.registry],
  });

  private readonly events = new Counter({
    name: 'b24_event_deliveries_total',
    help: 'Delivery attempts by outcome; lost: a dead letter dropped to make room for a newer one.',
    labelNames: ['subscription', 'outcome'] as const,
    registers: [this.registry],
  });
  private readonly eventsWaiting = new Gauge({
    name: 'b24_events_waiting',
    help: 'Events waiting for delivery to a subscription, over all replicas.',
    labelNames: ['subscription'] as const,
    registers: [this.registry],
  });
  private readonly eventsDead = new Gauge({
    name: 'b24_events_dead',
    help: 'Dead letters of a subscription.',
    labelNames: ['subscription'] as const,
    registers: [this.registry],
  });
  private readonly arrivals = new Counter({
    name: 'b24_new_portals_total',
    help: 'Newly installed portals: admitted at once, or waiting for an operator.',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  private readonly jobs = new Counter({
    name: 'b24_jobs_finished_total',
    help: 'Jobs that ended on this replica, by final state.',
    labelNames: ['kind', 'state'] as const,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Reads the queues when Prometheus scrapes. The queue of a portal that has been idle for long has no series. */
  watch(queues: { counts(): Iterable<[PortalId, QueueCounts]> }, log: Pick<FastifyBaseLogger, 'error' | 'info'>): void {
    this.log = log;
    const gauge = (name: string, help: string, value: (counts: QueueCounts) => number) => {
      new Gauge({
        name,
        help,
        labelNames: ['portal'] as const,
        registers: [this.registry],
        collect() {
          this.reset();
          for (const [portal, counts] of queues.counts()) this.set({ portal }, value(counts));
        },
      });
    };
    gauge('b24_queued_calls', 'Calls in the queue of the portal on this replica.', ({ waiting }) => waiting);
    gauge(
      'b24_requests_in_flight',
      'Requests of this replica that the portal has not answered yet.',
      ({ inFlight }) => inFlight,
    );
    gauge('b24_permits_available', 'Requests that could be sent at once after the last one.', ({ left }) => left);
    gauge('b24_circuit_open', '1 while calls fail at once because the portal is considered down.', ({ circuit }) =>
      circuit === 'closed' ? 0 : 1,
    );
  }

  /** Reads the result of the check that runs every minute. */
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

  /** Counts the calls that were not logged, when Prometheus scrapes. */
  watchCallLog(log: { readonly dropped: number }): void {
    new Counter({
      name: 'b24_call_log_dropped_total',
      help: 'Calls of this replica that are missing in the call log, because Redis was away.',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(log.dropped);
      },
    });
  }

  /** @param route the route, never the URL */
  responded(method: string, route: string, status: number): void {
    this.responses.count(method, route, status);
  }

  /** Counts jobs over all replicas when Prometheus scrapes. */
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

  arrived(outcome: 'admitted' | 'waiting'): void {
    this.arrivals.inc({ outcome });
  }

  jobFinished(kind: string, state: string): void {
    this.jobs.inc({ kind, state });
  }

  /** @param portal undefined if there is no such portal; an empty label is omitted. */
  called(portal: PortalId | undefined, method: string, outcome: string): void {
    if (outcome === 'ok' && this.known.size < maxMethods) this.known.add(method);
    this.calls.count(portal ?? '', this.labelOf(method), outcome);
  }

  answered(method: string, upstreamMs: number): void {
    this.upstream.observe({ method: this.labelOf(method) }, upstreamMs / 1000);
  }

  /** Invented names never get a series of their own: only methods that a portal has run do. */
  private labelOf(method: string): string {
    return this.known.has(method) ? method : 'other';
  }

  requestSent(_portal: PortalId, commands: number, queueMs: readonly number[]): void {
    this.requestCommands.observe(commands);
    this.waited(queueMs);
  }

  callSentByPeer(_portal: PortalId, queueMs: readonly number[]): void {
    this.sentByPeer.inc();
    this.waited(queueMs);
  }

  private waited(queueMs: readonly number[]): void {
    for (const ms of queueMs) this.queueWait.observe(ms / 1000);
  }

  /** An open circuit needs attention, so it is logged as an error. */
  circuit(portal: PortalId, change: 'opened' | 'closed', fault?: Fault): void {
    this.circuits.inc({ portal, change });
    const { upstream } = fault ?? {};
    if (change === 'closed') this.log?.info({ portal }, 'the portal answers again');
    else
      this.log?.error({ portal, code: fault?.code, upstream: upstream?.error }, fault?.message ?? 'the portal is down');
  }

  backedOff(portal: PortalId): void {
    this.backoffs.inc({ portal });
  }

  /** Most issues need a person, so each is logged as an error when it is found, but not again at each probe. */
  troubled(portal: PortalId, { code, detail, times = 1 }: GrantIssue): void {
    this.grantIssues.inc({ code });
    if (times === 1) this.log?.error({ portal, code }, detail);
  }

  refreshed(_portal: PortalId, outcome: 'granted' | 'refused' | 'failed'): void {
    this.refreshes.inc({ outcome });
  }

  attempted(subscription: string, outcome: string): void {
    this.events.inc({ subscription, outcome });
  }

  lost(subscription: string): void {
    this.events.inc({ subscription, outcome: 'lost' });
    this.log?.error({ subscription }, 'too many dead letters: the oldest went for a newer one');
  }

  counted(counts: ReadonlyMap<string, DeliveryCounts>): void {
    this.eventsWaiting.reset();
    this.eventsDead.reset();
    for (const [subscription, { waiting, dead }] of counts) {
      this.eventsWaiting.set({ subscription }, waiting);
      this.eventsDead.set({ subscription }, dead);
    }
  }
}
