import { randomBytes } from 'node:crypto';
import { type Clock, type PortalId, Secret, sleep } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Sealer } from '@b24/seal';
import type { Cluster, Redis } from 'ioredis';
import { decodeCommands, decodePeerResult, encodeCommands, encodePeerResult } from './peer-codec';
import {
  type OfferedCall,
  type PeerExchange,
  type PeerResult,
  type PeerState,
  peerTtlMs,
  requestLeaseMs,
} from './peer-exchange';

/* Every key and field is in docs/storage.md. The braces keep a portal's keys on one node of a cluster. */
const peersKey = (portal: PortalId) => `b24:{${portal}}:peers`;
const resultsKey = (replica: string) => `b24:{${replica}}:results`;

interface ScriptReplies {
  offerCalls: [peersWait: number, ...states: string[]];
  readOfferedCalls: string[];
  claimCalls: string[];
  renewRequestLease: 1;
}

/** Results expire after this long, because a replica that has not read them by then no longer runs. */
const resultsTtlMs = 120_000;
/** How long one XREAD blocks; shorter than the connection's command timeout. */
const readBlockMs = 1000;
/** How long this replica reads results after it last offered a call. */
const keepReadingMs = 30_000;

export interface RedisPeerExchangeOptions {
  readonly redis: Redis | Cluster;
  /** Encrypts what one replica stores for another. */
  readonly sealer: Sealer;
  readonly clock: Clock;
}

/** Exchanges calls over one Redis hash per portal and one stream of results per replica. */
export class RedisPeerExchange implements PeerExchange {
  private readonly replica = randomBytes(8).toString('hex');
  private readonly run;
  private lastCallNumber = 0;
  private listener: (portal: PortalId, result: PeerResult) => void = () => undefined;
  private reader: Redis | Cluster | undefined;
  private isReading = false;
  private readUntilMs = 0;
  private lastReadId = '0';
  private isClosed = false;

  constructor(private readonly options: RedisPeerExchangeOptions) {
    const keyCounts = { offerCalls: 1, readOfferedCalls: 1, claimCalls: 1, renewRequestLease: 1 };
    this.run = loadScripts<ScriptReplies>(options.redis, __dirname, keyCounts);
  }

  newId(): string {
    return `${this.replica}.${++this.lastCallNumber}`;
  }

  async offer(portal: PortalId, calls: readonly OfferedCall[], isWaiting: boolean): Promise<PeerState> {
    if (calls.length > 0 || !isWaiting) this.startReading();
    const texts = calls.flatMap(({ id, commands }) => [id, this.seal(encodeCommands(commands), portal, id)]);
    const [peersWait, ...states] = await orStoreUnavailable(() =>
      this.run.offerCalls(peersKey(portal), this.replica, isWaiting ? 1 : 0, peerTtlMs, ...texts),
    );
    return { peersWait: peersWait === 1, offered: new Map(pairs(states)) as PeerState['offered'] };
  }

  async remoteCalls(portal: PortalId): Promise<readonly OfferedCall[]> {
    const texts = await orStoreUnavailable(() => this.run.readOfferedCalls(peersKey(portal), this.replica, peerTtlMs));
    return pairs(texts).flatMap(([id, sealed]) => {
      const text = this.open(sealed, portal, id);
      return text === undefined ? [] : [{ id, commands: decodeCommands(text) }];
    });
  }

  async claim(portal: PortalId, requestId: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const claimed = await orStoreUnavailable(() =>
      this.run.claimCalls(peersKey(portal), this.replica, requestId, requestLeaseMs, ...ids),
    );
    return new Set(claimed);
  }

  async renewLease(portal: PortalId, requestId: string): Promise<void> {
    await orStoreUnavailable(() => this.run.renewRequestLease(peersKey(portal), requestId, requestLeaseMs));
  }

  async publishResult(portal: PortalId, requestId: string, result: PeerResult): Promise<void> {
    const { redis } = this.options;
    await orStoreUnavailable(async () => {
      for (const [replica, own] of byOwner(result)) {
        const key = resultsKey(replica);
        await redis.xadd(key, '*', 'portal', portal, 'result', this.seal(encodePeerResult(own), portal, replica));
        await redis.pexpire(key, resultsTtlMs);
      }
      // Last, because an owner takes a call that is neither offered nor claimed as one whose result was published.
      await redis.hdel(peersKey(portal), `request:${requestId}`, ...result.ids.map((id) => `call:${id}`));
    });
  }

  onResult(listener: (portal: PortalId, result: PeerResult) => void): void {
    this.listener = listener;
  }

  close(): void {
    this.isClosed = true;
    this.reader?.disconnect();
  }

  private startReading(): void {
    this.readUntilMs = this.options.clock.now() + keepReadingMs;
    if (this.isReading) return;
    this.isReading = true;
    const reader = (this.reader ??= this.connectReader());
    void this.readResults(reader).finally(() => (this.isReading = false));
  }

  /** A connection of its own, because XREAD blocks it. */
  private connectReader(): Redis | Cluster {
    const { redis } = this.options;
    const reader = 'nodes' in redis ? redis.duplicate() : redis.duplicate();
    reader.on('error', () => undefined); // the main connection reports it
    return reader;
  }

  private async readResults(reader: Redis | Cluster): Promise<void> {
    const { clock } = this.options;
    const key = resultsKey(this.replica);
    while (!this.isClosed && clock.now() < this.readUntilMs) {
      try {
        const streams = await reader.xread('COUNT', 50, 'BLOCK', readBlockMs, 'STREAMS', key, this.lastReadId);
        for (const [id, fields] of streams?.[0]?.[1] ?? []) this.onEntry(id, fields);
        if (streams) await reader.xtrim(key, 'MINID', this.lastReadId);
      } catch {
        if (!this.isClosed) await sleep(clock, readBlockMs / 2);
      }
    }
  }

  private onEntry(id: string, fields: string[]): void {
    this.lastReadId = id;
    const { portal, result } = Object.fromEntries(pairs(fields)) as { portal?: PortalId; result?: string };
    // An entry that no replica wrote is skipped: the entries after it must not wait for it.
    const text = portal && result && this.open(result, portal, this.replica);
    if (portal && text) this.listener(portal, decodePeerResult(text));
  }

  private seal(text: string, portal: PortalId, recipient: string): string {
    return this.options.sealer.seal(new Secret(text), `${portal}|${recipient}`);
  }

  /** Returns undefined for a text that was sealed with keys this replica does not have; its owner sends the call. */
  private open(sealed: string, portal: PortalId, recipient: string): string | undefined {
    try {
      return this.options.sealer.open(sealed, `${portal}|${recipient}`).reveal();
    } catch {
      return undefined;
    }
  }
}

/** Splits a result by the owners of its calls. An id begins with its owner. */
function byOwner(result: PeerResult): Map<string, PeerResult> {
  const owners = new Map<string, number[]>();
  for (const [i, id] of result.ids.entries()) {
    const [owner = ''] = id.split('.');
    owners.set(owner, [...(owners.get(owner) ?? []), i]);
  }
  return new Map([...owners].map(([owner, indexes]) => [owner, partOf(result, indexes)]));
}

function partOf(result: PeerResult, indexes: readonly number[]): PeerResult {
  const ids = indexes.map((i) => result.ids[i] ?? '');
  if ('fault' in result) return { ids, fault: result.fault };
  return { ids, answers: indexes.map((i) => result.answers[i] ?? []), request: result.request };
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']);
}
