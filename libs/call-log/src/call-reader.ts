import { Fault } from '@b24/portal';
import { decodeBlock } from './call-block';
import { type CallFilter, matchesFilter, termsOfFilter } from './call-filter';
import type { LoggedCall } from './call-record';
import type { CallStore, ListedBlock, Segment } from './call-store';

/** A page ends after this many blocks, found or not. */
const maxReadBlocks = 200;
/** Blocks that are read at once; the first one alone, since it often fills a page. */
const maxReadAtOnce = 8;

/** Pages that a replica reads at once: each may take the time of a few hundred calls. */
const maxPages = 8;

/** The position of a call in the list: newest first, then by id. */
interface ListPosition {
  readonly atMs: number;
  readonly id: string;
}

/** Returns whether `a` comes before `b` in the list. */
const isBefore = (a: ListPosition, b: ListPosition) => a.atMs > b.atMs || (a.atMs === b.atMs && a.id < b.id);

interface PageOptions {
  /** The `next` of the previous page. */
  readonly before?: string;
  readonly limit: number;
}

interface CallPage {
  readonly items: LoggedCall[];
  readonly next?: string;
}

/** Reads the call log, newest call first. Blocks that were removed meanwhile or can't be read are skipped. */
export class CallReader {
  private readingPages = 0;

  constructor(private readonly store: Pick<CallStore, 'segments' | 'blocks' | 'read'>) {}

  /**
   * Returns matching calls. A page may be short or empty although there is a `next`.
   * @throws Fault store_unavailable, too_many_requests
   */
  async page(filter: CallFilter, options: PageOptions): Promise<CallPage> {
    if (this.readingPages >= maxPages)
      throw new Fault('too_many_requests', { detail: 'Others read the call log just now.', retryAfterMs: 1000 });
    this.readingPages++;
    try {
      return await this.readPage(filter, options);
    } finally {
      this.readingPages--;
    }
  }

  private async readPage(filter: CallFilter, { before, limit }: PageOptions): Promise<CallPage> {
    const { sinceMs = 0, untilMs = Infinity } = filter;
    const start = positionOf(before) ?? { atMs: untilMs, id: '' };
    const isInTime = ({ fromMs, toMs }: Pick<Segment, 'fromMs' | 'toMs'>) => fromMs <= start.atMs && toMs >= sinceMs;
    const frontier = new Frontier((await this.store.segments()).filter(isInTime));
    const items: LoggedCall[] = [];
    const found = new FoundCalls();
    const wanted = termsOfFilter(filter);
    for (let readBlocks = 0; ;) {
      const boundMs = frontier.newestMs;
      for (const call of found.takeAfter(boundMs)) {
        items.push(call);
        if (items.length === limit) return { items, next: cursorOf(call) };
      }
      if (boundMs === undefined) return { items };
      if (readBlocks >= maxReadBlocks) return { items, next: cursorOf({ atMs: boundMs + 1, id: '~' }) };
      const segment = frontier.takeSegment();
      if (segment) {
        frontier.add((await this.store.blocks(segment.segment, wanted)).filter(isInTime));
        continue;
      }
      const blocks = frontier.takeBlocks(Math.min(1 + readBlocks, maxReadAtOnce, maxReadBlocks - readBlocks));
      readBlocks += blocks.length;
      for (const calls of await Promise.all(blocks.map((it) => this.callsOf(it))))
        found.add(calls, (call) => isBefore(start, call) && matchesFilter(call, filter));
    }
  }

  private async callsOf(block: ListedBlock): Promise<readonly LoggedCall[]> {
    const bytes = await this.store.read(block);
    return (bytes && (await decodeBlock(bytes))) ?? [];
  }
}

/** The segments and blocks that are not read yet, newest first. */
class Frontier {
  private readonly segments: Segment[];
  private readonly blocks: ListedBlock[] = [];

  constructor(segments: readonly Segment[]) {
    this.segments = segments.toSorted(byTime);
  }

  /** No call that is not read yet is newer; undefined when all are read. */
  get newestMs(): number | undefined {
    const times = [this.segments.at(-1)?.toMs, this.blocks.at(-1)?.toMs].filter((it) => it !== undefined);
    return times.length > 0 ? Math.max(...times) : undefined;
  }

  /** Takes the newest segment, unless a block is newer. */
  takeSegment(): Segment | undefined {
    const newest = this.segments.at(-1);
    return newest && newest.toMs >= (this.blocks.at(-1)?.toMs ?? 0) ? this.segments.pop() : undefined;
  }

  /** Takes the newest blocks, as long as no segment is newer. */
  takeBlocks(count: number): ListedBlock[] {
    const segmentMs = this.segments.at(-1)?.toMs ?? 0;
    const taken: ListedBlock[] = [];
    for (
      let next = this.blocks.at(-1);
      next && taken.length < count && next.toMs > segmentMs;
      next = this.blocks.at(-1)
    ) {
      taken.push(next);
      this.blocks.pop();
    }
    return taken;
  }

  add(blocks: readonly ListedBlock[]): void {
    this.blocks.push(...blocks);
    this.blocks.sort(byTime);
  }
}

const byTime = (a: { readonly toMs: number }, b: { readonly toMs: number }) => a.toMs - b.toMs;

/** Matching calls that may not be listed yet, because a block that is not read may hold a newer one. */
class FoundCalls {
  private readonly ids = new Set<string>();
  private calls: LoggedCall[] = [];

  /** A block that was stored twice is added once: the write of its first state may have failed after it was done. */
  add(calls: readonly LoggedCall[], matches: (call: LoggedCall) => boolean): void {
    for (const call of calls) {
      if (this.ids.has(call.id) || !matches(call)) continue;
      this.ids.add(call.id);
      this.calls.push(call);
    }
  }

  /** Takes the calls that are newer than this, in the order of the list. */
  takeAfter(boundMs: number | undefined): LoggedCall[] {
    const isOver = ({ atMs }: LoggedCall) => boundMs === undefined || atMs > boundMs;
    const taken = this.calls.filter(isOver);
    if (taken.length > 0) this.calls = this.calls.filter((call) => !isOver(call));
    return taken.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }
}

function cursorOf({ atMs, id }: ListPosition): string {
  return `${atMs}.${id}`;
}

function positionOf(cursor = ''): ListPosition | undefined {
  const [, at, id = ''] = /^(\d{1,15})\.(.*)$/.exec(cursor) ?? [];
  return at === undefined ? undefined : { atMs: Number(at), id };
}
