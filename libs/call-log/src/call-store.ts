import { loadScripts, orStoreUnavailable, type StoreConnection } from '@b24/redis';
import type { EncodedBlock } from './call-block';
import { blocksWith, placeOf } from './call-terms';

/* In docs/storage.md. The braces keep all of it on one node of a cluster. */
const directoryKey = '{b24:calls}';
const blocksKey = (segment: number) => `${directoryKey}:${segment}:blocks`;
const indexKey = (segment: number) => `${directoryKey}:${segment}:index`;

const hourMs = 3_600_000;
/** How long a segment is stored after its last call. */
const storedMs = 24 * hourMs;
const maxSegmentBlocks = 512;
/** The oldest segment is dropped as a whole, so it is a small part of the budget. */
const segmentsInBudget = 32;
/** The times of the first and last call (6 bytes each) and the number of calls (4 bytes). */
const timesBytes = 16;

/** Where a block is stored. */
export interface BlockPlace {
  readonly segment: number;
  readonly number: number;
}

/** A block as its segment lists it; times in unix milliseconds. */
export interface ListedBlock extends BlockPlace {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** Blocks that were stored one after the other, with their index. */
export interface Segment {
  readonly segment: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly bytes: number;
}

/** Terms of which a block must hold one. */
export type AnyTerm = readonly string[];

/**
 * The blocks of the call log in Redis. Segments of blocks follow each other; each has an index of its closed blocks, and the
 * oldest are removed when they are a day old or the budget is spent.
 */
export class CallStore {
  private readonly run;
  private current = 0;

  /** @param maxBytes the budget of all segments */
  constructor(
    private readonly redis: StoreConnection,
    private readonly maxBytes: number,
  ) {
    this.run = loadScripts<{ storeCallBlock: number[] }>(redis, __dirname, { storeCallBlock: 3 });
  }

  /**
   * Stores a block, also in place of an earlier state of it. Returns where it is now.
   * @param place undefined for a new block @throws Fault store_unavailable
   */
  store(place: BlockPlace | undefined, block: EncodedBlock): Promise<BlockPlace> {
    return orStoreUnavailable(async () => {
      const [segment = 0, number, ...expired] = await this.place(place, block);
      if (number === undefined) throw new Error('No segment takes the block.');
      for (const it of expired) await this.remove(it);
      return { segment, number };
    });
  }

  /** The segments, oldest first. @throws Fault store_unavailable */
  segments(): Promise<Segment[]> {
    return orStoreUnavailable(async () => {
      const all = Object.entries(await this.redis.hgetall(directoryKey));
      return all.flatMap(([name, text]) => segmentOf(name, text)).sort((a, b) => a.segment - b.segment);
    });
  }

  /**
   * Returns the blocks of a segment that may hold calls with all of these terms. Empty when the segment is gone.
   * @throws Fault store_unavailable
   */
  blocks(segment: number, wanted: readonly AnyTerm[]): Promise<ListedBlock[]> {
    return orStoreUnavailable(async () => {
      const places = wanted.map((any) => any.map(placeOf));
      const buckets = [...new Set(places.flat().map(({ bucket }) => bucket))];
      const fields = ['times', 'open', ...buckets.map(String)];
      const [times, open, ...values] = await this.redis.hmgetBuffer(indexKey(segment), ...fields);
      const listed = listedBlocks(segment, times);
      const opened = openBlocks(open);
      const found = places.map((any) =>
        any.map((it) => blocksWith(values[buckets.indexOf(it.bucket)], it.fingerprint)),
      );
      return listed.filter(
        ({ number }) => opened.has(number) || found.every((any) => any.some((numbers) => numbers.has(number))),
      );
    });
  }

  /** Returns the bytes of a block; undefined when it is gone. @throws Fault store_unavailable */
  read({ segment, number }: BlockPlace): Promise<Buffer | undefined> {
    return orStoreUnavailable(async () => (await this.redis.hgetBuffer(blocksKey(segment), `${number}`)) ?? undefined);
  }

  private async place(place: BlockPlace | undefined, block: EncodedBlock): Promise<number[]> {
    const reply = await this.send(place?.segment ?? this.current, place, block);
    const [current = 0] = reply;
    if (reply.length > 1) return reply;
    this.current = current;
    // Another replica may open the next segment meanwhile; the block is then stored with the next attempt.
    return this.send(current, undefined, block);
  }

  private send(segment: number, place: BlockPlace | undefined, block: EncodedBlock): Promise<number[]> {
    const { bytes, fromMs, toMs, terms } = block;
    return this.run.storeCallBlock(
      directoryKey,
      blocksKey(segment),
      indexKey(segment),
      segment,
      place?.number ?? '',
      bytes,
      fromMs,
      toMs,
      encodeTimes(block),
      terms ?? '',
      maxSegmentBlocks,
      Math.ceil(this.maxBytes / segmentsInBudget),
      hourMs,
      this.maxBytes,
      storedMs,
    );
  }

  private async remove(segment: number): Promise<void> {
    await this.redis.multi().hdel(directoryKey, `${segment}`).unlink(blocksKey(segment), indexKey(segment)).exec();
  }
}

function segmentOf(name: string, text: string): Segment[] {
  const [, from, to, bytes] = /^(\d+) (\d+) (\d+) \d+$/.exec(text) ?? [];
  if (from === undefined) return [];
  return [{ segment: Number(name), fromMs: Number(from), toMs: Number(to), bytes: Number(bytes) }];
}

function encodeTimes({ fromMs, toMs, count }: EncodedBlock): Buffer {
  const bytes = Buffer.alloc(timesBytes);
  bytes.writeUIntBE(fromMs, 0, 6);
  bytes.writeUIntBE(toMs, 6, 6);
  bytes.writeUInt32BE(count, 12);
  return bytes;
}

function listedBlocks(segment: number, times: Buffer | null | undefined): ListedBlock[] {
  const count = Math.floor((times?.length ?? 0) / timesBytes);
  return Array.from({ length: count }, (_, number) => {
    const at = number * timesBytes;
    return {
      segment,
      number,
      fromMs: times?.readUIntBE(at, 6) ?? 0,
      toMs: times?.readUIntBE(at + 6, 6) ?? 0,
      count: times?.readUInt32BE(at + 12) ?? 0,
    };
  });
}

function openBlocks(open: Buffer | null | undefined): Set<number> {
  const numbers = new Set<number>();
  for (let at = 0; at + 2 <= (open?.length ?? 0); at += 2) numbers.add(open?.readUInt16BE(at) ?? 0);
  return numbers;
}
