import { type Level, operatingLimits } from '@b24/lanes';
import type { PortalId } from '@b24/portal';
import type { Figures, PortalFigures, PortalTrouble, RecentProblem } from './live-figures';

const mostProblems = 20;

/** A portal at this moment, over all replicas; figures of calls are for the last second. */
export interface PortalNow {
  readonly waiting: number;
  readonly inFlight: number;
  readonly seatsPerTrip: number;
  readonly circuit: PortalFigures['circuit'];
  readonly ok: number;
  readonly failed: number;
  /** How long calls took; absent when there was none. */
  readonly medianMs?: number;
  readonly slowMs?: number;
}

/** What the console is told each second. */
export interface Snapshot {
  readonly atMs: number;
  readonly replicas: readonly string[];
  readonly all: Pick<Figures, 'ok' | 'failed' | 'waiting' | 'inFlight' | 'down'>;
  readonly portals: Readonly<Record<string, PortalNow>>;
  /** Of the portal whose page is open. */
  readonly close?: {
    readonly portal: unknown;
    readonly level: Level;
    readonly operating: PortalTrouble['operating'];
    readonly operatingLimits: typeof operatingLimits;
    readonly problems: readonly RecentProblem[];
  };
}

export interface Wanted {
  readonly atMs: number;
  readonly portals: readonly PortalId[];
  readonly closely?: PortalId;
  readonly close?: { readonly portal: unknown; readonly level: Level } | undefined;
}

type ToldBy = readonly { readonly replica: string; readonly figures: Figures }[];

/** What all replicas told, summed. */
export function snapshotOf(told: ToldBy, { atMs, portals, closely, close }: Wanted): Snapshot {
  const wanted = closely ? [...portals, closely] : portals;
  const all = told.map(({ figures }) => figures);
  return {
    atMs,
    replicas: told.map(({ replica }) => replica).sort(),
    all: {
      ok: sum(all, 'ok'),
      failed: sum(all, 'failed'),
      waiting: sum(all, 'waiting'),
      inFlight: sum(all, 'inFlight'),
      // Each replica finds out by itself; the portal is one.
      down: Math.max(0, ...all.map(({ down }) => down)),
    },
    portals: Object.fromEntries(
      wanted.map((portal) => [portal, nowOf(all.flatMap((figures) => figures.portals[portal] ?? []))]),
    ),
    ...(closely && close && { close: { ...close, ...troubleOf(all.flatMap((it) => it.closely[closely] ?? [])) } }),
  };
}

function nowOf(figures: readonly PortalFigures[]): PortalNow {
  const took = figures.flatMap(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  const circuits = figures.map(({ circuit }) => circuit);
  return {
    waiting: sum(figures, 'waiting'),
    inFlight: sum(figures, 'inFlight'),
    seatsPerTrip: Math.max(1, ...figures.map(({ seatsPerTrip }) => seatsPerTrip)),
    circuit: circuits.find((it) => it === 'open') ?? circuits.find((it) => it === 'probing') ?? 'closed',
    ok: sum(figures, 'ok'),
    failed: sum(figures, 'failed'),
    ...(took.length > 0 && { medianMs: at(0.5), slowMs: at(0.95) }),
  };
}

function troubleOf(troubles: readonly PortalTrouble[]) {
  const used = new Map<string, PortalTrouble['operating'][number]>();
  for (const it of troubles.flatMap(({ operating }) => operating)) {
    // The portal counts for all; whoever heard the most heard it last.
    if (it.usedSeconds >= (used.get(it.method)?.usedSeconds ?? 0)) used.set(it.method, it);
  }
  const problems = troubles.flatMap((it) => it.problems).sort((a, b) => b.atMs - a.atMs);
  return {
    operating: [...used.values()].sort((a, b) => b.usedSeconds - a.usedSeconds),
    operatingLimits,
    problems: problems.slice(0, mostProblems),
  };
}

function sum<K extends string>(things: readonly Readonly<Record<K, number>>[], name: K): number {
  return things.reduce((total, it) => total + it[name], 0);
}
