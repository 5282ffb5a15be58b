import type { Level, LaneReadings } from '@b24/lanes';
import type { Clock, PortalId } from '@b24/portal';
import type { LiveChannel, Word } from './live-channel';
import type { Figures, LiveFigures } from './live-figures';
import { type Snapshot, snapshotOf } from './live-snapshot';

const tickMs = 1000;
/** A watch is said again so often, and holds for so long. */
const sayEveryTicks = 2;
const watchHoldsMs = 5000;
/** A replica that told nothing for so long is not counted. */
const toldHoldsMs = 3500;

/** Somebody in front of the console. */
export interface Watcher {
  readonly portals: readonly PortalId[];
  /** The portal whose page is open. */
  readonly closely?: PortalId;
  /** Asked now and again: false ends it. */
  mayStay(): Promise<boolean>;
  show(snapshot: Snapshot): void;
  end(): void;
}

export interface LiveParts {
  readonly figures: LiveFigures;
  readonly channel: LiveChannel;
  readonly lanes: LaneReadings;
  readonly clock: Clock;
  /** The portal as its page shows it, and what its bucket has left. */
  readonly look: (portal: PortalId) => Promise<{ portal: unknown; level: Level } | undefined>;
}

/**
 * What the console shows moving: each replica's figures, summed over all of them. One timer serves all watchers, and
 * there is none when nobody watches.
 */
export class Live {
  private readonly watchers = new Set<Watcher>();
  /** What any replica's watchers want to know, and until when (unix ms). */
  private readonly wanted = new Map<PortalId, number>();
  private readonly wantedClosely = new Map<PortalId, number>();
  private readonly told = new Map<string, { readonly atMs: number; readonly figures: Figures }>();
  private watchedUntilMs = 0;
  private ticks = 0;
  private stopTicking: (() => void) | undefined;
  private closed = false;

  constructor(private readonly parts: LiveParts) {}

  start(): void {
    this.parts.channel.listen((word) => {
      this.hear(word);
    });
  }

  /** The returned function ends it. */
  watch(watcher: Watcher): () => void {
    if (this.closed) {
      watcher.end();
      return () => undefined;
    }
    this.watchers.add(watcher);
    this.sayWatch();
    // A first look at once: nobody waits a second for an empty page.
    void this.showAll([watcher]);
    return () => this.watchers.delete(watcher);
  }

  /** Everyone who watches is sent away: the replica ends. */
  close(): void {
    this.closed = true;
    this.stopTicking?.();
    for (const watcher of this.watchers) watcher.end();
    this.watchers.clear();
    this.parts.channel.close();
  }

  private hear(word: Word): void {
    if (word.kind === 'watch') this.want(word.portals, word.closely);
    else if (this.watchers.size > 0)
      this.told.set(word.replica, { atMs: this.parts.clock.now(), figures: word.figures });
  }

  private want(portals: readonly PortalId[], closely: readonly PortalId[]): void {
    const untilMs = this.parts.clock.now() + watchHoldsMs;
    this.watchedUntilMs = untilMs;
    for (const portal of portals) this.wanted.set(portal, untilMs);
    for (const portal of closely) this.wantedClosely.set(portal, untilMs);
    this.tickLater();
  }

  private sayWatch(): void {
    const closely = [...this.watchers].flatMap((it) => it.closely ?? []);
    const portals = [...this.watchers].flatMap((it) => it.portals).concat(closely);
    const all = { portals: [...new Set(portals)], closely: [...new Set(closely)] };
    this.want(all.portals, all.closely);
    this.parts.channel.say({ kind: 'watch', ...all });
  }

  private tickLater(): void {
    if (this.closed) return;
    this.stopTicking ??= this.parts.clock.after(tickMs, () => {
      this.stopTicking = undefined;
      this.tick();
    });
  }

  private tick(): void {
    const { clock, figures, channel, lanes } = this.parts;
    const now = clock.now();
    if (this.watchers.size > 0 && ++this.ticks % sayEveryTicks === 0) {
      this.sayWatch();
      for (const watcher of this.watchers) void this.sendAwayUnless(watcher);
    }
    if (this.watchedUntilMs <= now) {
      figures.rest();
      this.told.clear();
      return;
    }
    const mine = figures.take(lanes, current(this.wanted, now), current(this.wantedClosely, now));
    this.told.set(channel.replica, { atMs: now, figures: mine });
    channel.say({ kind: 'tell', replica: channel.replica, figures: mine });
    void this.showAll(this.watchers);
    this.tickLater();
  }

  private async showAll(watchers: Iterable<Watcher>): Promise<void> {
    const { clock, look } = this.parts;
    const now = clock.now();
    for (const [replica, { atMs }] of this.told) if (atMs < now - toldHoldsMs) this.told.delete(replica);
    const told = [...this.told].map(([replica, { figures }]) => ({ replica, figures }));
    for (const watcher of [...watchers]) {
      const { portals, closely } = watcher;
      const close = closely && (await look(closely).catch(() => undefined));
      if (this.watchers.has(watcher))
        watcher.show(snapshotOf(told, { atMs: now, portals, ...(closely && { closely, close }) }));
    }
  }

  private async sendAwayUnless(watcher: Watcher): Promise<void> {
    if (await watcher.mayStay()) return;
    this.watchers.delete(watcher);
    watcher.end();
  }
}

function current(wanted: Map<PortalId, number>, now: number): Set<PortalId> {
  for (const [portal, untilMs] of wanted) if (untilMs <= now) wanted.delete(portal);
  return new Set(wanted.keys());
}
