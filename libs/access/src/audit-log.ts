import { randomBytes } from 'node:crypto';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type { AuditEntry, StoredAuditEntry } from './audit-entry';
import { type AuditParty, partyOf } from './audit-party';
import { AuditPages, type AuditStreamRow } from './audit-pages';

/* In docs/storage.md. The braces keep both on one node of a cluster. */
const changesKey = 'b24:audit';
/** Holds entries that changed nothing, so that they can't displace the entries that did. */
const refusedKey = '{b24:audit}:refused';
const maxEntriesPerWrite = 100;
/** Limit of entries that wait for Redis: a few megabytes. */
const maxWaitingEntries = 10_000;
const retryDelayMs = 500;
/** How long a stopping replica waits for Redis to accept the last entries. */
const settleTimeoutMs = 5000;
const scanPageEntries = 500;
const maxScannedEntries = 10_000;
/** How far the clock of Redis, which orders the entries, may be behind a replica's clock. */
const maxClockSkewMs = 60_000;

export interface AuditFilter {
  readonly portal?: PortalId;
  readonly actor?: string;
  readonly party?: AuditParty;
  readonly action?: string;
  readonly outcome?: string;
  readonly requestId?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface AuditLogOptions {
  readonly redis: Redis | Cluster;
  readonly clock: Clock;
  /** Receives every entry as well. */
  readonly log: { error(fields: object, words: string): void; info(fields: object, words: string): void };
  /** Approximate limit of stored entries that changed something, and again of those that changed nothing. */
  readonly maxEntries: number;
}

/** Outcomes after which something may have changed. A replayed answer or a call to no portal changes nothing either. */
const changingOutcomes: ReadonlySet<string> = new Set([
  'done',
  'outcome_unknown',
  'portal_error',
  'answer_too_large',
  'internal_error',
]);

function changedNothing({ outcome, ids }: AuditEntry): boolean {
  if (!changingOutcomes.has(outcome)) return true;
  return ids?.['replayed'] === true || ids?.['unchanged'] === true || ids?.['targets'] === 0;
}

/**
 * The audit log: a Redis stream that all replicas write. No request waits for its entry: entries are written after the
 * answer, held while Redis is away, and logged in full when they can't be stored.
 */
export class AuditLog {
  private readonly waiting: StoredAuditEntry[] = [];
  private writing: Promise<void> | undefined;
  private isFailing = false;
  private isEnding = false;

  constructor(private readonly options: AuditLogOptions) {}

  /** Queues an entry. Returns at once and never throws. */
  record(entry: AuditEntry): void {
    const stored = { id: randomBytes(8).toString('hex'), ...entry };
    this.options.log.info({ audit: stored }, 'audit');
    this.waiting.push(stored);
    while (this.waiting.length > maxWaitingEntries) this.logUnstored(this.waiting.shift());
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
  }

  /** Resolves when no entry waits. Entries that Redis does not accept in time are logged. */
  async settle(): Promise<void> {
    const callOff = this.options.clock.after(settleTimeoutMs, () => {
      this.isEnding = true;
    });
    while (this.writing) await this.writing;
    callOff();
    for (const entry of this.waiting.splice(0)) this.logUnstored(entry);
  }

  /**
   * Returns matching entries, newest first. A page may be short or empty although there is a `next`.
   * @throws Fault store_unavailable
   */
  async page(
    filter: AuditFilter,
    { before, limit }: { before?: string; limit: number },
  ): Promise<{ items: StoredAuditEntry[]; next?: string }> {
    const items: StoredAuditEntry[] = [];
    const ids = new Set<string>();
    // Redis stamps an entry after the action, so no wanted entry has an older stream id.
    const start = filter.fromMs === undefined ? '-' : `${Math.max(0, filter.fromMs - maxClockSkewMs)}`;
    const rows = (key: string) => (end: string) => this.rows(key, end, start);
    const pages = new AuditPages(
      { changes: rows(changesKey), refused: rows(refusedKey), rowsAtOnce: scanPageEntries },
      before,
    );
    for (let scanned = 0; scanned < maxScannedEntries; scanned++) {
      const entry = await pages.next();
      if (!entry) return { items };
      if (!matchesFilter(entry, filter) || ids.has(entry.id)) continue;
      ids.add(entry.id);
      items.push(entry);
      if (items.length === limit) break;
    }
    return { items, next: pages.cursor };
  }

  private async rows(key: string, end: string, start: string): Promise<AuditStreamRow[]> {
    try {
      const rows = await this.options.redis.xrevrange(key, end, start, 'COUNT', scanPageEntries);
      return rows.map(([id, [, text = '{}']]) => [id, JSON.parse(text) as StoredAuditEntry]);
    } catch (error) {
      throw new Fault('store_unavailable', { cause: error });
    }
  }

  private async write(): Promise<void> {
    // Lets the answer be sent first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0 && !this.isEnding) {
      const entries = this.waiting.slice(0, maxEntriesPerWrite);
      const stored = await this.append(entries);
      // The queue may have dropped some of them meanwhile.
      for (const entry of entries.slice(0, stored)) if (this.waiting[0] === entry) this.waiting.shift();
      if (stored < entries.length) await this.pause();
    }
  }

  /** Waits for the retry delay, or until Redis is connected again. */
  private pause(): Promise<void> {
    const { redis, clock } = this.options;
    return new Promise((resolve) => {
      const wake = () => {
        callOff();
        redis.off('ready', wake);
        resolve();
      };
      const callOff = clock.after(retryDelayMs, wake);
      redis.once('ready', wake);
    });
  }

  /** Returns how many of the entries Redis stored. */
  private async append(entries: readonly StoredAuditEntry[]): Promise<number> {
    const { redis, maxEntries } = this.options;
    // A command queued inside the connection would be written once more by each retry.
    if (redis.status !== 'ready') return this.reportWrite(0, 'not connected');
    const pipeline = redis.pipeline();
    for (const entry of entries) {
      const key = changedNothing(entry) ? refusedKey : changesKey;
      pipeline.xadd(key, 'MAXLEN', '~', maxEntries, '*', 'entry', JSON.stringify(entry));
    }
    const outcomes = await pipeline.exec().catch((error: unknown) => [[error, null]] as [Error, null][]);
    const failed = outcomes?.findIndex(([error]) => error !== null) ?? 0;
    if (failed < 0) return this.reportWrite(entries.length);
    return this.reportWrite(failed, outcomes?.[failed]?.[0]?.message ?? 'no answer');
  }

  /** Logs when a failure begins and when it ends. Returns `stored`. */
  private reportWrite(stored: number, failure?: string): number {
    const { log } = this.options;
    if (failure && !this.isFailing) log.error({ failure }, 'cannot write the audit log; entries wait');
    if (!failure && this.isFailing) log.info({}, 'audit log writes resumed');
    this.isFailing = failure !== undefined;
    return stored;
  }

  private logUnstored(entry: StoredAuditEntry | undefined): void {
    this.options.log.error({ entry }, 'could not store this audit entry');
  }
}

function matchesFilter(
  entry: StoredAuditEntry,
  { portal, actor, party, action, outcome, requestId, fromMs, toMs }: AuditFilter,
) {
  const same = (wanted: string | undefined, is: string | undefined) => wanted === undefined || wanted === is;
  return (
    same(portal, entry.portal) &&
    same(actor, entry.actor) &&
    same(party, partyOf(entry)) &&
    same(action, entry.action) &&
    same(outcome, entry.outcome) &&
    same(requestId, entry.requestId) &&
    entry.atMs >= (fromMs ?? 0) &&
    entry.atMs < (toMs ?? Infinity)
  );
}
