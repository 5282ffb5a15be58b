import type { Level } from '@b24/queue';
import type { Clock, PortalId } from '@b24/portal';
import type { LiveChannel, LiveMessage } from './live-channel';
import type { ConsoleQueueView, LiveFigures } from './live-figures';
import { type LiveSnapshot, type ReplicaReport, snapshotOf } from './live-snapshot';

const tickMs = 1000;
/** A watch is repeated at this interval and is valid for this long. */
const sayEveryTicks = 2;
const watchHoldsMs = 5000;
/** A replica without a report for this long is not counted. */
const reportTtlMs = 3500;

/** An open page of the console. */
export interface ConsoleWatcher {
  /** Whether the watcher may see the sums over all portals. */
  readonly seesAll: boolean;
  readonly portals: readonly PortalId[];
  /** The portal whose page is open. */
  readonly closely?: PortalId;
  /** Called regularly. The watch ends if it returns false. */
  mayStay(): Promise<boolean>;
  show(snapshot: LiveSnapshot): void;
  end(): void;
}

export interface LiveOptions {
  readonly figures: LiveFigures;
  readonly channel: Pick<LiveChannel, 'replica' | 'listen' | 'say' | 'close'>;
  readonly queues: ConsoleQueueView;
  readonly clock: Clock;
  /** Returns the portal as its page shows it, with its available permits. */
  readonly look: (portal: PortalId) => Promise<{ portal: unknown; level: Level } | undefined>;
}

/**
 * Sums the figures of all replicas for the open consoles. One timer serves all watchers, and none runs without a
 * watcher. A watcher gets its first snapshot at the next tick.
 */
export class Live {
  /** When each watcher started, and the time of the last snapshot that it received. */
  private readonly watchers = new Map<ConsoleWatcher, { readonly sinceMs: number; shownMs: number }>();
  /** The portals that the watchers of all replicas request, and until when (unix ms). */
  private readonly wanted = new Map<PortalId, number>();
  private readonly wantedClosely = new Map<PortalId, number>();
  /** The last report of each replica, received while a console is open here. */
  private readonly reports = new Map<string, ReplicaReport>();
  private watchedUntilMs = 0;
  private ticks = 0;
  private isCounting = false;
  private stopTicking: (() => void) | undefined;
  private closed = false;

  constructor(private readonly parts: LiveOptions) {}

  start(): void {
    this.parts.channel.listen((word) => {
      this.receiveMessage(word);
    });
  }

  /** Adds a watcher. The returned function removes it. */
  watch(watcher: ConsoleWatcher): () => void {
    if (this.closed) {
      watcher.end();
      return () => undefined;
    }
    this.watchers.set(watcher, { sinceMs: this.parts.clock.now(), shownMs: 0 });
    this.sayWatch();
    return () => {
      this.leave(watcher);
    };
  }

  /** Disconnects all watchers, because the replica stops. */
  stop(): void {
    this.closed = true;
    this.stopTicking?.();
    for (const watcher of this.watchers.keys()) watcher.end();
    this.watchers.clear();
    this.parts.channel.close();
  }

  private leave(watcher: ConsoleWatcher): void {
    this.watchers.delete(watcher);
    // The next watcher must not receive the reports of the previous one.
    if (this.watchers.size === 0) this.reports.clear();
  }

  private receiveMessage(message: LiveMessage): void {
    const { figures, channel, queues, clock } = this.parts;
    if (message.kind === 'tell') {
      if (this.watchers.size > 0) this.receive(message);
      return;
    }
    const isFirst = !this.isCounting;
    this.want(message.portals, message.closely);
    if (!isFirst || this.closed) return;
    // Another replica sums over the replicas that it knows, so this one reports before the first tick.
    const now = clock.now();
    const view = figures.view(queues, current(this.wanted, now), current(this.wantedClosely, now));
    channel.say({ kind: 'tell', replica: channel.replica, figures: view });
  }

  private receive({ replica, figures }: Pick<ReplicaReport, 'replica' | 'figures'>): void {
    this.reports.set(replica, { replica, figures, atMs: this.parts.clock.now() });
  }

  private want(portals: readonly PortalId[], closely: readonly PortalId[]): void {
    const untilMs = this.parts.clock.now() + watchHoldsMs;
    this.watchedUntilMs = untilMs;
    for (const portal of portals) this.wanted.set(portal, untilMs);
    for (const portal of closely) this.wantedClosely.set(portal, untilMs);
    if (this.isCounting || this.closed) return;
    this.isCounting = true;
    this.parts.figures.begin(portals);
    this.tickLater();
  }

  private sayWatch(): void {
    const watchers = [...this.watchers.keys()];
    const closely = watchers.flatMap((it) => it.closely ?? []);
    const portals = watchers.flatMap((it) => it.portals).concat(closely);
    const all = { portals: [...new Set(portals)], closely: [...new Set(closely)] };
    this.want(all.portals, all.closely);
    this.parts.channel.say({ kind: 'watch', ...all });
  }

  private tickLater(): void {
    this.stopTicking = this.parts.clock.after(tickMs, () => {
      this.tick();
    });
  }

  private tick(): void {
    const { clock, figures, channel, queues } = this.parts;
    const now = clock.now();
    for (const watcher of this.watchers.keys()) void this.sendAwayUnless(watcher);
    if (this.watchers.size > 0 && ++this.ticks % sayEveryTicks === 0) {
      this.sayWatch();
    }
    if (this.watchedUntilMs <= now) {
      this.isCounting = false;
      figures.rest();
      return;
    }
    const mine = figures.take(queues, current(this.wanted, now), current(this.wantedClosely, now));
    channel.say({ kind: 'tell', replica: channel.replica, figures: mine });
    if (this.watchers.size > 0) {
      this.receive({ replica: channel.replica, figures: mine });
      this.showAll();
    }
    this.tickLater();
  }

  private showAll(): void {
    const now = this.parts.clock.now();
    for (const [replica, { atMs }] of this.reports) if (atMs < now - reportTtlMs) this.reports.delete(replica);
    const reports = [...this.reports.values()];
    for (const watcher of this.watchers.keys()) void this.show(watcher, reports, now);
  }

  private async show(watcher: ConsoleWatcher, reports: readonly ReplicaReport[], atMs: number): Promise<void> {
    const { portals, closely, seesAll } = watcher;
    const close = closely && (await this.parts.look(closely).catch(() => undefined));
    const watching = this.watchers.get(watcher);
    // The portal data of an earlier second may arrive after that of a later one.
    if (!watching || watching.shownMs > atMs) return;
    watching.shownMs = atMs;
    const { sinceMs } = watching;
    watcher.show(snapshotOf(reports, { atMs, sinceMs, seesAll, portals, ...(closely && { closely, close }) }));
  }

  private async sendAwayUnless(watcher: ConsoleWatcher): Promise<void> {
    if (await watcher.mayStay()) return;
    this.leave(watcher);
    watcher.end();
  }
}

function current(wanted: Map<PortalId, number>, now: number): Set<PortalId> {
  for (const [portal, untilMs] of wanted) if (untilMs <= now) wanted.delete(portal);
  return new Set(wanted.keys());
}
