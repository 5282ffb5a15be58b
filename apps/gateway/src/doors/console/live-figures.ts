import type { QueueCounts, QueueReadings } from '@b24/queue';
import {
  type Clock,
  type Fault,
  type FaultCode,
  type PortalId,
  type CallTiming,
  setNewest,
  version,
} from '@b24/portal';
import type { CallObserver, CallOrigin } from '../../request-line';
import { type FailedCallGroup, FailedCallGroups } from './failed-call-groups';

/** The values of the queues that the figures use. */
export interface ConsoleQueueView extends Pick<QueueReadings, 'counts' | 'countsOf'> {
  readonly ledger: Pick<QueueReadings['ledger'], 'viewOf'>;
}

/** Maximum portals with stored problems. The portal whose last problem is oldest is dropped. */
const maxPortalsWithProblems = 500;
/** Maximum response times reported per second, enough for a median. */
const maxResponseTimes = 100;

/** Counts of calls in one interval. */
export interface LiveCallCounts {
  readonly ok: number;
  readonly failed: number;
}

/** The report of one replica about one portal. */
export interface PortalFigures extends Omit<QueueCounts, 'left' | 'commandsPerRequest'> {
  /** Absent if the portal had no request lately. */
  readonly commandsPerRequest?: number;
  /** Absent until the portal has been counted for a whole interval. */
  readonly calls?: LiveCallCounts & {
    /** Response times of some of the calls: in the queue and at the portal. */
    readonly tookMs: readonly number[];
  };
}

/** Additional figures of a portal whose page is open. */
export interface WatchedPortal {
  readonly operating: readonly { method: string; usedSeconds: number; resetAtMs?: number }[];
  readonly problems: readonly FailedCallGroup[];
}

/** The process of a replica. */
export interface ReplicaProcess {
  readonly version: string;
  /** When it started, unix milliseconds. */
  readonly startedAtMs: number;
  /** Resident memory. */
  readonly memoryBytes: number;
}

/** The report of a replica while a console is open. */
export interface ReplicaFigures {
  /** Absent from a replica of an earlier version. */
  readonly process?: ReplicaProcess;
  /** Length of the interval in which `calls` were counted, here and for each portal. */
  readonly countedMs: number;
  /** Absent until an interval has ended. */
  readonly calls?: LiveCallCounts;
  readonly waiting: number;
  readonly inFlight: number;
  /** Number of portals that the replica considers down. */
  readonly down: number;
  readonly portals: Readonly<Record<string, PortalFigures>>;
  readonly closely: Readonly<Record<string, WatchedPortal>>;
}

interface PortalCallTally {
  ok: number;
  failed: number;
  readonly tookMs: number[];
}

/** The counts between two reports. */
interface Interval {
  readonly sinceMs: number;
  readonly all: { ok: number; failed: number };
  readonly portals: ReadonlyMap<PortalId, PortalCallTally>;
}

const idle = { waiting: 0, inFlight: 0, circuit: 'closed' } as const;

/**
 * Counts this replica's calls in intervals, only while a console is open. Failed calls are always recorded, so that an
 * operator who opens the console later finds them.
 */
export class LiveFigures implements CallObserver {
  /** Absent while no console is open. */
  private interval: Interval | undefined;
  private readonly problems = new Map<PortalId, FailedCallGroups>();

  private readonly startedAtMs: number;

  constructor(private readonly clock: Clock) {
    this.startedAtMs = clock.now();
  }

  called(portal: PortalId, _method: string, outcome: 'ok' | FaultCode): void {
    if (!this.interval) return;
    const which = outcome === 'ok' ? 'ok' : 'failed';
    this.interval.all[which]++;
    const calls = this.interval.portals.get(portal);
    if (calls) calls[which]++;
  }

  answered(portal: PortalId, _method: string, { queueMs, upstreamMs }: CallTiming): void {
    const calls = this.interval?.portals.get(portal);
    if (calls && calls.tookMs.length < maxResponseTimes) calls.tookMs.push(Math.round(queueMs + upstreamMs));
  }

  failed(portal: PortalId, method: string, { code, title, message }: Fault, { caller, requestId }: CallOrigin): void {
    const groups = this.problems.get(portal) ?? new FailedCallGroups();
    const known = requestId === undefined ? {} : { requestId };
    groups.add({ atMs: this.clock.now(), method, code, title, detail: message, caller, ...known });
    setNewest(this.problems, portal, groups, maxPortalsWithProblems);
  }

  /** Starts an interval that counts these portals, and discards the previous one. */
  begin(portals: Iterable<PortalId>): void {
    const counted = new Map<PortalId, PortalCallTally>();
    for (const portal of portals) counted.set(portal, { ok: 0, failed: 0, tookMs: [] });
    this.interval = { sinceMs: this.clock.now(), all: { ok: 0, failed: 0 }, portals: counted };
  }

  /** Ends the interval and reports it. The next interval counts these portals only. */
  take(queues: ConsoleQueueView, portals: ReadonlySet<PortalId>, closely: ReadonlySet<PortalId>): ReplicaFigures {
    const ended = this.interval;
    this.begin(portals);
    return this.figuresOf(queues, portals, closely, ended);
  }

  /** Reports everything that needs no interval: all figures except calls. */
  view(queues: ConsoleQueueView, portals: ReadonlySet<PortalId>, closely: ReadonlySet<PortalId>): ReplicaFigures {
    return this.figuresOf(queues, portals, closely, undefined);
  }

  /** Stops counting after the last console has closed. */
  rest(): void {
    this.interval = undefined;
  }

  private figuresOf(
    queues: ConsoleQueueView,
    portals: ReadonlySet<PortalId>,
    closely: ReadonlySet<PortalId>,
    ended: Interval | undefined,
  ): ReplicaFigures {
    const figures = [...portals].map((portal) => {
      const counts = queues.countsOf(portal);
      const { waiting, inFlight, circuit } = counts ?? idle;
      const requestSize = counts && { commandsPerRequest: counts.commandsPerRequest };
      const calls = ended?.portals.get(portal);
      return [portal, { waiting, inFlight, circuit, ...requestSize, ...(calls && { calls }) }] as const;
    });
    const details = [...closely].map((portal) => [portal, this.detailsOf(portal, queues)] as const);
    return {
      countedMs: ended ? this.clock.now() - ended.sinceMs : 0,
      ...(ended && { calls: ended.all }),
      process: { version, startedAtMs: this.startedAtMs, memoryBytes: process.memoryUsage.rss() },
      ...sumOf(queues),
      portals: Object.fromEntries(figures),
      closely: Object.fromEntries(details),
    };
  }

  private detailsOf(portal: PortalId, queues: ConsoleQueueView): WatchedPortal {
    const used = queues.ledger.viewOf(portal);
    const operating = used.map(({ method, operating: it }) => ({ method, ...it }));
    return { operating, problems: this.problems.get(portal)?.all ?? [] };
  }
}

function sumOf(queues: ConsoleQueueView): Pick<ReplicaFigures, 'waiting' | 'inFlight' | 'down'> {
  const sum = { waiting: 0, inFlight: 0, down: 0 };
  for (const [, { waiting, inFlight, circuit }] of queues.counts()) {
    sum.waiting += waiting;
    sum.inFlight += inFlight;
    if (circuit !== 'closed') sum.down++;
  }
  return sum;
}
