import type { Clock } from '@b24/portal';
import { Poller } from '@b24/redis';
import { decodeBlock } from './call-block';
import { type CallFilter, matchesFilter } from './call-filter';
import type { LoggedCall } from './call-record';
import type { CallStore, ListedBlock } from './call-store';

const readIntervalMs = 1000;
/** Blocks that got no call for this long are not looked at. It is longer than a replica leaves a block open. */
const maxQuietMs = 900_000;
export const maxCallWatchers = 20;

export interface CallWatcher {
  readonly filter: CallFilter;
  /** Receives calls in the order in which they ended, as far as the replicas write them in time. */
  show(calls: readonly LoggedCall[]): void;
  /** The replica stops. */
  end(): void;
}

/** Follows the calls of all replicas for those who watch. Reads nothing while nobody does. */
export class CallTail {
  private readonly watchers = new Set<CallWatcher>();
  /** The calls of each block that were shown; undefined until the first look, which shows nothing. */
  private shown: Map<string, number> | undefined;
  private poller: Poller | undefined;
  private isStopped = false;

  constructor(
    private readonly store: Pick<CallStore, 'segments' | 'blocks' | 'read'>,
    private readonly clock: Clock,
  ) {}

  /** Adds a watcher; the returned function removes it. Returns undefined while there are too many. */
  watch(watcher: CallWatcher): (() => void) | undefined {
    if (this.watchers.size >= maxCallWatchers) return undefined;
    if (this.isStopped) {
      watcher.end();
      return () => undefined;
    }
    this.watchers.add(watcher);
    if (!this.poller) {
      this.poller = new Poller({ clock: this.clock, everyMs: readIntervalMs, run: () => this.look() });
      this.poller.start();
    }
    return () => {
      this.leave(watcher);
    };
  }

  stop(): void {
    this.isStopped = true;
    for (const watcher of [...this.watchers]) {
      watcher.end();
      this.leave(watcher);
    }
  }

  private leave(watcher: CallWatcher): void {
    this.watchers.delete(watcher);
    if (this.watchers.size > 0) return;
    this.poller?.stop();
    this.poller = undefined;
    this.shown = undefined;
  }

  private async look(): Promise<void> {
    const blocks = await this.recentBlocks();
    const { shown } = this;
    this.shown = new Map(blocks.map((block) => [keyOf(block), block.count]));
    if (!shown) return;
    const calls: LoggedCall[] = [];
    for (const block of blocks) {
      const before = shown.get(keyOf(block)) ?? 0;
      if (block.count > before) calls.push(...(await this.callsOf(block, before)));
    }
    calls.sort((a, b) => a.atMs - b.atMs);
    for (const watcher of this.watchers) {
      const matching = calls.filter((call) => matchesFilter(call, watcher.filter));
      if (matching.length > 0) watcher.show(matching);
    }
  }

  private async recentBlocks(): Promise<ListedBlock[]> {
    const sinceMs = this.clock.now() - maxQuietMs;
    const isRecent = ({ toMs }: { readonly toMs: number }) => toMs >= sinceMs;
    const segments = (await this.store.segments()).filter(isRecent);
    const blocks = await Promise.all(segments.map(({ segment }) => this.store.blocks(segment, [])));
    return blocks.flat().filter(isRecent);
  }

  /** The block may have got further calls since it was listed; they are shown the next time. */
  private async callsOf(block: ListedBlock, before: number): Promise<readonly LoggedCall[]> {
    const bytes = await this.store.read(block);
    const calls = bytes && (await decodeBlock(bytes));
    return calls?.slice(before, block.count) ?? [];
  }
}

function keyOf({ segment, number }: ListedBlock): string {
  return `${segment} ${number}`;
}
