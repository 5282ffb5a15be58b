import { randomBytes } from 'node:crypto';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type { AuditEntry, KeptEntry } from './audit-entry';
import { AuditPages, type Row } from './audit-pages';

/* In docs/storage.md. The braces keep both on one node of a cluster. */
const auditKey = 'b24:audit';
/** What changed nothing, so that no amount of it takes the place of what did. */
const refusedKey = '{b24:audit}:refused';
const mostAtOnce = 100;
/** Entries that wait for Redis; a few megabytes. */
const mostWaiting = 10_000;
const pauseMs = 500;
/** The end of a replica waits no longer for Redis to take what is left. */
const lastWaitMs = 5000;
const scannedAtOnce = 500;
const mostScanned = 10_000;
/** Redis' clock, by which entries are in order, may be so far behind the replica's that wrote one. */
const skewMs = 60_000;

export interface AuditFilter {
  readonly portal?: PortalId;
  readonly actor?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly requestId?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface AuditLogOptions {
  readonly redis: Redis | Cluster;
  readonly clock: Clock;
  /** Every entry is written to it too. */
  readonly log: { error(fields: object, words: string): void; info(fields: object, words: string): void };
  /** Entries of what was done that Redis keeps, more or less; and as many of what was refused. */
  readonly keep: number;
}

/**
 * Outcomes after which something may have been changed. Whatever else came of a request, it changed nothing; no more does
 * an answer that is replayed, a call to no portal, or the cancelling of what is finished.
 */
const mayHaveChanged: ReadonlySet<string> = new Set([
  'done',
  'outcome_unknown',
  'portal_error',
  'answer_too_large',
  'internal_error',
]);

function changedNothing({ outcome, ids }: AuditEntry): boolean {
  if (!mayHaveChanged.has(outcome)) return true;
  return ids?.['replayed'] === true || ids?.['unchanged'] === true || ids?.['targets'] === 0;
}

/**
 * Who did what, in a Redis stream that all replicas write. Nobody waits for an entry: it is written behind the answer,
 * held while Redis is away, and told to the log in full when it can't be kept.
 */
export class AuditLog {
  private readonly waiting: KeptEntry[] = [];
  private writing: Promise<void> | undefined;
  private troubled = false;
  private ending = false;

  constructor(private readonly options: AuditLogOptions) {}

  /** Never waits, never throws. */
  note(entry: AuditEntry): void {
    const kept = { id: randomBytes(8).toString('hex'), ...entry };
    this.options.log.info({ audit: kept }, 'audit');
    this.waiting.push(kept);
    while (this.waiting.length > mostWaiting) this.giveUp(this.waiting.shift());
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
  }

  /** Resolves when nothing waits any more: what Redis did not take in time is told to the log. */
  async settle(): Promise<void> {
    const callOff = this.options.clock.after(lastWaitMs, () => {
      this.ending = true;
    });
    while (this.writing) await this.writing;
    callOff();
    for (const entry of this.waiting.splice(0)) this.giveUp(entry);
  }

  /**
   * The newest first. A page may hold fewer than asked for, or none, while there is a `next`.
   * @throws Fault store_unavailable
   */
  async page(
    filter: AuditFilter,
    { before, limit }: { before?: string; limit: number },
  ): Promise<{ items: KeptEntry[]; next?: string }> {
    const items: KeptEntry[] = [];
    const ids = new Set<string>();
    // An entry is written after what it tells of, so none of what is asked for is older.
    const start = filter.fromMs === undefined ? '-' : `${Math.max(0, filter.fromMs - skewMs)}`;
    const rows = (key: string) => (end: string) => this.rows(key, end, start);
    const pages = new AuditPages(
      { done: rows(auditKey), refused: rows(refusedKey), rowsAtOnce: scannedAtOnce },
      before,
    );
    for (let scanned = 0; scanned < mostScanned; scanned++) {
      const entry = await pages.next();
      if (!entry) return { items };
      if (!matchesFilter(entry, filter) || ids.has(entry.id)) continue;
      ids.add(entry.id);
      items.push(entry);
      if (items.length === limit) break;
    }
    return { items, next: pages.cursor };
  }

  private async rows(key: string, end: string, start: string): Promise<Row[]> {
    try {
      const rows = await this.options.redis.xrevrange(key, end, start, 'COUNT', scannedAtOnce);
      return rows.map(([id, [, text = '{}']]) => [id, JSON.parse(text) as KeptEntry]);
    } catch (error) {
      throw new Fault('store_unavailable', { cause: error });
    }
  }

  private async write(): Promise<void> {
    // Behind the answer that is being sent just now.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0 && !this.ending) {
      const taken = this.waiting.slice(0, mostAtOnce);
      const kept = await this.keep(taken);
      // Others may have been given up meanwhile.
      for (const entry of taken.slice(0, kept)) if (this.waiting[0] === entry) this.waiting.shift();
      if (kept < taken.length) await this.pause();
    }
  }

  /** Until Redis may take more: a while, or until it is connected again. */
  private pause(): Promise<void> {
    const { redis, clock } = this.options;
    return new Promise((resolve) => {
      const wake = () => {
        callOff();
        redis.off('ready', wake);
        resolve();
      };
      const callOff = clock.after(pauseMs, wake);
      redis.once('ready', wake);
    });
  }

  /** How many of them Redis took. */
  private async keep(entries: readonly KeptEntry[]): Promise<number> {
    const { redis, keep } = this.options;
    // Asked only when it answers: what waits inside the connection would be written once more with each try.
    if (redis.status !== 'ready') return this.toldAs(0, 'not connected');
    const pipeline = redis.pipeline();
    for (const entry of entries) {
      const key = changedNothing(entry) ? refusedKey : auditKey;
      pipeline.xadd(key, 'MAXLEN', '~', keep, '*', 'entry', JSON.stringify(entry));
    }
    const outcomes = await pipeline.exec().catch((error: unknown) => [[error, null]] as [Error, null][]);
    const failed = outcomes?.findIndex(([error]) => error !== null) ?? 0;
    if (failed < 0) return this.toldAs(entries.length);
    return this.toldAs(failed, outcomes?.[failed]?.[0]?.message ?? 'no answer');
  }

  /** Trouble is told when it begins and when it ends. */
  private toldAs(kept: number, trouble?: string): number {
    const { log } = this.options;
    if (trouble && !this.troubled) log.error({ trouble }, 'the audit log cannot be written; entries wait');
    if (!trouble && this.troubled) log.info({}, 'the audit log is written again');
    this.troubled = trouble !== undefined;
    return kept;
  }

  private giveUp(entry: KeptEntry | undefined): void {
    this.options.log.error({ entry }, 'an entry of the audit log could not be kept; here it is');
  }
}

function matchesFilter(entry: KeptEntry, { portal, actor, action, outcome, requestId, fromMs, toMs }: AuditFilter) {
  const same = (wanted: string | undefined, is: string | undefined) => wanted === undefined || wanted === is;
  return (
    same(portal, entry.portal) &&
    same(actor, entry.actor) &&
    same(action, entry.action) &&
    same(outcome, entry.outcome) &&
    same(requestId, entry.requestId) &&
    entry.atMs >= (fromMs ?? 0) &&
    entry.atMs < (toMs ?? Infinity)
  );
}
