import type { LaneCounts, LaneReadings } from '@b24/lanes';
import type { Clock, Fault, FaultCode, PortalId, Spent } from '@b24/portal';
import type { CallObserver, Told } from '../request-line';

/** Problems kept in mind for each portal, and portals of which any are kept; a megabyte or so. */
const mostProblems = 20;
const mostTroubled = 500;
/** Of how many calls a second the time is told; enough for a median. */
const mostTimes = 100;

/** A call that failed, as an operator sees it; holds no secret and nothing of what was sent. */
export interface RecentProblem {
  readonly atMs: number;
  readonly method: string;
  readonly code: FaultCode;
  readonly title: string;
  readonly detail: string;
  /** Whose call it was. */
  readonly caller: string;
  readonly requestId?: string;
}

/** What one replica tells of one portal. */
export interface PortalFigures extends Omit<LaneCounts, 'left'> {
  /** Calls since it was last told. */
  readonly ok: number;
  readonly failed: number;
  /** How long some of them took, in the lane and at the portal. */
  readonly tookMs: readonly number[];
}

/** The same of a portal that somebody looks at closely. */
export interface PortalTrouble {
  readonly operating: readonly { method: string; usedSeconds: number; resetAtMs?: number }[];
  readonly problems: readonly RecentProblem[];
}

/** What one replica tells when somebody watches. */
export interface Figures {
  readonly ok: number;
  readonly failed: number;
  readonly waiting: number;
  readonly inFlight: number;
  /** Portals that it takes to be down. */
  readonly down: number;
  readonly portals: Readonly<Record<string, PortalFigures>>;
  readonly closely: Readonly<Record<string, PortalTrouble>>;
}

interface Tally {
  ok: number;
  failed: number;
  tookMs: number[];
}

const idle: LaneCounts = { waiting: 0, inFlight: 0, seatsPerTrip: 1, left: 0, circuit: 'closed' };

/**
 * What this replica's calls come to, counted only while somebody watches. Problems are kept always, since whoever looks
 * for one comes after it.
 */
export class LiveFigures implements CallObserver {
  private readonly tallies = new Map<PortalId, Tally>();
  private readonly problems = new Map<PortalId, RecentProblem[]>();
  private all: Tally = { ok: 0, failed: 0, tookMs: [] };

  constructor(private readonly clock: Clock) {}

  called(portal: PortalId, _method: string, outcome: 'ok' | FaultCode): void {
    const which = outcome === 'ok' ? 'ok' : 'failed';
    this.all[which]++;
    const tally = this.tallies.get(portal);
    if (tally) tally[which]++;
  }

  answered(portal: PortalId, _method: string, { queueMs, upstreamMs }: Spent): void {
    const tally = this.tallies.get(portal);
    if (tally && tally.tookMs.length < mostTimes) tally.tookMs.push(Math.round(queueMs + upstreamMs));
  }

  failed(portal: PortalId, method: string, { code, title, message }: Fault, { caller, requestId }: Told): void {
    const kept = this.problems.get(portal) ?? [];
    kept.unshift({
      atMs: this.clock.now(),
      method,
      code,
      title,
      detail: message,
      caller,
      ...(requestId !== undefined && { requestId }),
    });
    // Put last: a Map keeps the order in which portals had a problem.
    this.problems.delete(portal);
    this.problems.set(portal, kept.slice(0, mostProblems));
    const [oldest] = this.problems.keys();
    if (this.problems.size > mostTroubled && oldest !== undefined) this.problems.delete(oldest);
  }

  /** What came since the last time; from now on these portals are counted, and no others. */
  take(lanes: LaneReadings, portals: ReadonlySet<PortalId>, closely: ReadonlySet<PortalId>): Figures {
    const { ok, failed } = this.all;
    this.all = { ok: 0, failed: 0, tookMs: [] };
    const told = [...portals].map((portal) => [portal, this.figuresOf(portal, lanes)] as const);
    for (const portal of this.tallies.keys()) if (!portals.has(portal)) this.tallies.delete(portal);
    const troubles = [...closely].map((portal) => [portal, this.troubleOf(portal, lanes)] as const);
    return {
      ok,
      failed,
      ...sumOf(lanes),
      portals: Object.fromEntries(told),
      closely: Object.fromEntries(troubles),
    };
  }

  /** Nobody watches any more: nothing is counted. */
  rest(): void {
    this.tallies.clear();
  }

  private figuresOf(portal: PortalId, lanes: LaneReadings): PortalFigures {
    const { ok, failed, tookMs } = this.tallies.get(portal) ?? { ok: 0, failed: 0, tookMs: [] };
    this.tallies.set(portal, { ok: 0, failed: 0, tookMs: [] });
    const { waiting, inFlight, seatsPerTrip, circuit } = lanes.countsOf(portal) ?? idle;
    return { waiting, inFlight, seatsPerTrip, circuit, ok, failed, tookMs };
  }

  private troubleOf(portal: PortalId, lanes: LaneReadings): PortalTrouble {
    const used = lanes.ledger.viewOf(portal);
    const operating = used.map(({ method, operating: it }) => ({ method, ...it }));
    return { operating, problems: this.problems.get(portal) ?? [] };
  }
}

function sumOf(lanes: LaneReadings): Pick<Figures, 'waiting' | 'inFlight' | 'down'> {
  const sum = { waiting: 0, inFlight: 0, down: 0 };
  for (const [, { waiting, inFlight, circuit }] of lanes.counts()) {
    sum.waiting += waiting;
    sum.inFlight += inFlight;
    if (circuit !== 'closed') sum.down++;
  }
  return sum;
}
