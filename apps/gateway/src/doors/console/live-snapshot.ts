import { type Level, operatingLimits } from '@b24/queue';
import type { PortalId } from '@b24/portal';
import type { LiveCallCounts, ReplicaFigures, ReplicaProcess, PortalFigures, WatchedPortal } from './live-figures';
import { mergeGroups, type FailedCallGroup } from './failed-call-groups';

/** A portal at this moment, over all replicas. */
export interface LivePortal {
  readonly waiting: number;
  readonly inFlight: number;
  readonly commandsPerRequest?: number;
  readonly circuit: PortalFigures['circuit'];
  /** Calls of the last second. */
  readonly calls?: LiveCallCounts & {
    /** Response times; absent without calls. */
    readonly medianMs?: number;
    readonly slowMs?: number;
  };
}

/**
 * The data that the console receives each second. Absent fields are unknown: a sum is present only if every reporting
 * replica has reported its part, and calls only for intervals that began while the receiver watched.
 */
export interface LiveSnapshot {
  readonly atMs: number;
  readonly replicas: readonly string[];
  /** The process of each replica, for a watcher who may see all portals. */
  readonly processes?: readonly (ReplicaProcess & { readonly replica: string; readonly inFlight: number })[];
  /** Sums over all portals, for a watcher who may see all of them. */
  readonly all?: Pick<ReplicaFigures, 'waiting' | 'inFlight' | 'down' | 'calls'>;
  readonly portals: Readonly<Record<string, LivePortal>>;
  /** Details of the portal whose page is open. */
  readonly close?: {
    readonly portal: unknown;
    readonly level: Level;
    readonly operatingLimits: typeof operatingLimits;
    readonly operating?: WatchedPortal['operating'];
    readonly problems?: readonly FailedCallGroup[];
  };
}

export interface SnapshotRequest {
  readonly atMs: number;
  /** When the watcher started to watch. */
  readonly sinceMs: number;
  readonly seesAll: boolean;
  readonly portals: readonly PortalId[];
  readonly closely?: PortalId;
  readonly close?: { readonly portal: unknown; readonly level: Level } | undefined;
}

/** The report of a replica, and when it was received. */
export interface ReplicaReport {
  readonly replica: string;
  readonly atMs: number;
  readonly figures: ReplicaFigures;
}

/** Sums the reports of all replicas for one watcher. */
export function snapshotOf(reports: readonly ReplicaReport[], it: SnapshotRequest): LiveSnapshot {
  const { atMs, sinceMs, seesAll, portals, closely, close } = it;
  const all = reports.map((report) => (report.atMs - report.figures.countedMs < sinceMs ? withoutCalls : same)(report));
  const wanted = closely ? [...portals, closely] : portals;
  const known = wanted.flatMap((portal) => {
    const parts = ofEach(all, (figures) => figures.portals[portal]);
    return parts ? [[portal, nowOf(parts)] as const] : [];
  });
  return {
    atMs,
    replicas: reports.map(({ replica }) => replica).sort(),
    ...(seesAll && all.length > 0 && { all: sumOf(all), processes: processesOf(reports) }),
    portals: Object.fromEntries(known),
    ...(closely && close && { close: { ...close, operatingLimits, ...detailsOf(all, closely) } }),
  };
}

const same = ({ figures }: ReplicaReport): ReplicaFigures => figures;

function processesOf(reports: readonly ReplicaReport[]): NonNullable<LiveSnapshot['processes']> {
  const known = reports.flatMap(({ replica, figures: { process, inFlight } }) =>
    process ? [{ replica, ...process, inFlight }] : [],
  );
  return known.sort((a, b) => a.startedAtMs - b.startedAtMs);
}

/** Whether the interval began before the watcher started: then its calls are those of an earlier second. */
function withoutCalls({ figures: { calls: _, ...figures } }: ReplicaReport): ReplicaFigures {
  const portals = Object.entries(figures.portals).map(([portal, { calls: __, ...rest }]) => [portal, rest] as const);
  return { ...figures, portals: Object.fromEntries(portals) };
}

/** Returns one part of each report; undefined if a replica has not reported it or there is no report. */
function ofEach<T, P>(things: readonly T[], part: (thing: T) => P | undefined): P[] | undefined {
  const parts = things.flatMap((thing) => part(thing) ?? []);
  return parts.length === things.length && parts.length > 0 ? parts : undefined;
}

function sumOf(all: readonly ReplicaFigures[]): NonNullable<LiveSnapshot['all']> {
  const calls = ofEach(all, (figures) => figures.calls);
  return {
    ...(calls && { calls: { ok: sum(calls, 'ok'), failed: sum(calls, 'failed') } }),
    waiting: sum(all, 'waiting'),
    inFlight: sum(all, 'inFlight'),
    // All replicas measure the same portal.
    down: Math.max(0, ...all.map(({ down }) => down)),
  };
}

function nowOf(figures: readonly PortalFigures[]): LivePortal {
  const circuits = figures.map(({ circuit }) => circuit);
  const calls = ofEach(figures, (it) => it.calls);
  const requestSizes = figures.flatMap(({ commandsPerRequest }) => commandsPerRequest ?? []);
  return {
    waiting: sum(figures, 'waiting'),
    inFlight: sum(figures, 'inFlight'),
    ...(requestSizes.length > 0 && { commandsPerRequest: Math.max(...requestSizes) }),
    circuit: circuits.find((it) => it === 'open') ?? circuits.find((it) => it === 'probing') ?? 'closed',
    ...(calls && { calls: callsOf(calls) }),
  };
}

function callsOf(calls: readonly NonNullable<PortalFigures['calls']>[]): NonNullable<LivePortal['calls']> {
  const took = calls.flatMap(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  return {
    ok: sum(calls, 'ok'),
    failed: sum(calls, 'failed'),
    ...(took.length > 0 && { medianMs: at(0.5), slowMs: at(0.95) }),
  };
}

function detailsOf(all: readonly ReplicaFigures[], portal: PortalId) {
  const details = ofEach(all, (figures) => figures.closely[portal]);
  if (!details) return {};
  const used = new Map<string, WatchedPortal['operating'][number]>();
  for (const it of details.flatMap(({ operating }) => operating)) {
    // The portal counts over all replicas, so the largest value is the latest.
    if (it.usedSeconds >= (used.get(it.method)?.usedSeconds ?? 0)) used.set(it.method, it);
  }
  return {
    operating: [...used.values()].sort((a, b) => b.usedSeconds - a.usedSeconds),
    problems: mergeGroups(details.map(({ problems }) => problems)),
  };
}

function sum<K extends string>(things: readonly Readonly<Record<K, number>>[], name: K): number {
  return things.reduce((total, it) => total + it[name], 0);
}
