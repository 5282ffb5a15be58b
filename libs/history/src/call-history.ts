import type { Clock } from '@b24/portal';
import { Poller, type StoreConnection } from '@b24/redis';
import { CallTally, type CountedCall } from './call-tally';
import { type HistoryStore, hours, minuteMs, minutes } from './history-store';
import { UsageTally } from './usage-tally';

/** Portals that are written at once. */
const writtenAtOnce = 32;

export interface CallHistoryOptions {
  readonly redis: Pick<StoreConnection, 'status'>;
  readonly store: Pick<HistoryStore, 'putCalls' | 'putUsage'>;
  readonly clock: Clock;
  /** Portals whose calls are counted in an hour; those that are first in the hour. */
  readonly maxPortals: number;
}

/** What is counted of one portal; each part is replaced when its period ends. */
interface PortalHistory {
  minute: CallTally;
  hour: CallTally;
  usersOfHour: UsageTally;
  usersOfDay: UsageTally;
}

/**
 * Counts the calls of this replica by portal, and writes them once a minute. What a replica counted since then is lost with
 * it if it is killed. `record` adds numbers; it never waits and never throws.
 */
export class CallHistory {
  private portals = new Map<string, PortalHistory>();
  private readonly poller: Poller;
  /** The start of the minute that is counted. */
  private minuteAtMs: number;
  /** Portals that have calls in this minute. */
  private changed = new Set<string>();

  constructor(private readonly options: CallHistoryOptions) {
    const { clock } = options;
    this.minuteAtMs = startOf(clock.now(), minuteMs);
    const untilNext = () => minuteMs - (clock.now() % minuteMs) + 500;
    this.poller = new Poller({ clock, everyMs: untilNext, run: () => this.write() });
  }

  start(): void {
    this.poller.start('later');
  }

  record(call: CountedCall): void {
    const counted = this.portals.get(call.portal) ?? this.open(call.portal);
    if (!counted) return;
    counted.minute.add(call);
    counted.hour.add(call);
    counted.usersOfHour.add(call);
    counted.usersOfDay.add(call);
    this.changed.add(call.portal);
  }

  stop(): void {
    this.poller.stop();
  }

  /** Writes the minute that has begun. */
  async settle(): Promise<void> {
    await this.write().catch(() => undefined);
  }

  private open(portal: string): PortalHistory | undefined {
    if (this.portals.size >= this.options.maxPortals) return undefined;
    const counted = {
      minute: new CallTally(),
      hour: new CallTally(),
      usersOfHour: new UsageTally(),
      usersOfDay: new UsageTally(),
    };
    this.portals.set(portal, counted);
    return counted;
  }

  private async write(): Promise<void> {
    const atMs = this.minuteAtMs;
    const written = [...this.changed].flatMap((portal) => {
      const counted = this.portals.get(portal);
      return counted ? [[portal, { ...counted }] as const] : [];
    });
    // Calls that end while this is written belong to the next minute.
    this.begin(startOf(this.options.clock.now(), minuteMs));
    // Commands would queue up inside a connection that is down. Hours have what a minute lacks.
    if (this.options.redis.status !== 'ready') return;
    const pending = written.values();
    const writers = Array.from({ length: writtenAtOnce }, async () => {
      for (const [portal, counted] of pending) await this.writePortal(portal, atMs, counted);
    });
    await Promise.allSettled(writers);
  }

  private async writePortal(portal: string, atMs: number, counted: PortalHistory): Promise<void> {
    const { store } = this.options;
    await store.putCalls(portal, minutes, atMs, counted.minute);
    await store.putCalls(portal, hours, atMs, counted.hour);
    await store.putUsage(portal, minutes, atMs, counted.usersOfHour);
    await store.putUsage(portal, hours, atMs, counted.usersOfDay);
  }

  /** Begins the next minute, and an hour or a day with it. A part of a minute goes on. */
  private begin(atMs: number): void {
    const before = this.minuteAtMs;
    if (atMs === before) return;
    this.minuteAtMs = atMs;
    this.changed = new Set();
    const isNewHour = startOf(atMs, hours.lengthMs) !== startOf(before, hours.lengthMs);
    const isNewDay = startOf(atMs, hours.hashMs) !== startOf(before, hours.hashMs);
    if (isNewDay) this.portals = new Map();
    for (const [portal, counted] of this.portals) {
      counted.minute = new CallTally();
      if (!isNewHour) continue;
      // A portal without calls in the hour that ended makes room for another.
      if (counted.hour.calls === 0) this.portals.delete(portal);
      counted.hour = new CallTally();
      counted.usersOfHour = new UsageTally();
    }
  }
}

function startOf(atMs: number, lengthMs: number): number {
  return Math.floor(atMs / lengthMs) * lengthMs;
}
