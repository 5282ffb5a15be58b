import { Cluster } from 'ioredis';
import type { StoreConnection } from './connect-store';

/** Why Redis may lose grants. `would_evict` is advice only; `unknown` means that Redis does not reveal its settings. */
export type DurabilityCode = 'evicts' | 'would_evict' | 'forgets' | 'write_failed' | 'unknown';

export interface DurabilityWarning {
  readonly code: DurabilityCode;
  /** Says what is wrong and what to do. */
  readonly detail: string;
}

const sections = ['memory', 'persistence'] as const;
/** The fields of INFO that decide the result. Some managed Redis services hide them. */
const judgedFields = ['maxmemory', 'maxmemory_policy', 'aof_enabled'] as const;

/** Checks whether Redis could evict or lose data, on every master of a cluster. Never rejects. */
export async function checkDurability(store: StoreConnection): Promise<DurabilityWarning[]> {
  const masters = store instanceof Cluster ? store.nodes('master') : [store];
  const warnings = await Promise.all(
    masters.map(async (master) => {
      try {
        const texts = await Promise.all(sections.map((section) => master.info(section)));
        return judgeDurability(texts.join('\n'));
      } catch (error) {
        return [unknownDurability(`INFO is refused or unanswered (${errorCodeOf(error)})`)];
      }
    }),
  );
  const byCode = new Map(warnings.flat().map((warning) => [warning.code, warning]));
  return [...byCode.values()];
}

/** @param info the replies of `INFO memory` and `INFO persistence` */
export function judgeDurability(info: string): DurabilityWarning[] {
  const fields = new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
  const hidden = judgedFields.filter((name) => !fields.has(name));
  if (hidden.length > 0) return [unknownDurability(`INFO does not tell ${hidden.join(', ')}`)];
  return [...evictionWarnings(fields), ...forgettingWarnings(fields)];
}

function evictionWarnings(fields: ReadonlyMap<string, string>): DurabilityWarning[] {
  const policy = fields.get('maxmemory_policy') ?? '';
  if (policy === 'noeviction') return [];
  if (fields.get('maxmemory') === '0') {
    const detail = `maxmemory-policy is ${policy}; that is harmless while maxmemory is 0. Set noeviction before you set maxmemory.`;
    return [{ code: 'would_evict', detail }];
  }
  const detail = `Redis evicts (maxmemory-policy ${policy}): when memory is full it throws grants away. Set noeviction.`;
  return [{ code: 'evicts', detail }];
}

function forgettingWarnings(fields: ReadonlyMap<string, string>): DurabilityWarning[] {
  if (fields.get('aof_enabled') !== '1') {
    const savedAt = Number(fields.get('rdb_last_save_time') ?? 0);
    const since = savedAt > 0 ? `after ${new Date(savedAt * 1000).toISOString()}` : 'since it started';
    const detail = `Redis keeps no append-only file: a crash loses what was written ${since}, rotated tokens included. Set appendonly yes.`;
    return [{ code: 'forgets', detail }];
  }
  if ((fields.get('aof_last_write_status') ?? 'ok') === 'ok') return [];
  const detail = 'The last write to the append-only file failed (aof_last_write_status). Look at the disk of Redis.';
  return [{ code: 'write_failed', detail }];
}

function unknownDurability(why: string): DurabilityWarning {
  return { code: 'unknown', detail: `Can't tell whether Redis evicts or forgets: ${why}. Check both by hand.` };
}

/** Returns the first word of an error of Redis, for example NOPERM. */
function errorCodeOf(error: unknown): string {
  return /^[A-Z]+/.exec((error as Error).message)?.[0] ?? 'no answer';
}
