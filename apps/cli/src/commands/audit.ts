import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEntry } from '../api-types';
import type { GatewayApi } from '../gateway-api';
import type { CommandContext } from '../command-context';
import { type Column, type Style, tableOf } from '../output';
import { moment } from '../times';

export interface AuditTailOptions {
  readonly limit: number;
  readonly follow?: boolean;
  readonly portal?: string;
  readonly by?: string;
  readonly client?: string;
  readonly action?: string;
  readonly outcome?: string;
  readonly requestId?: string;
  readonly from?: string;
  readonly to?: string;
}

const lookEveryMs = 1000;
/** No entry is looked for further back: it may be late since another replica waited for Redis, or our clock be ahead. */
const lateMs = 300_000;

/** The newest entries, in the order they were written; with `follow` one line each, and what comes, until it is stopped. */
export async function tailAudit(
  { api, paper }: CommandContext,
  { limit, follow, ...filter }: AuditTailOptions,
): Promise<void> {
  const items = await newest(api, filter, limit);
  if (!follow) {
    paper.print({ items }, auditTable);
    return;
  }
  const printedIds = new Set<string>();
  const isPrinted = ({ id }: AuditEntry) => printedIds.has(id);
  for (let fresh = items; ;) {
    for (const entry of fresh) {
      printedIds.add(entry.id);
      paper.print(entry, lineOf);
    }
    await sleep(lookEveryMs);
    const from = filter.from ?? new Date(Date.now() - lateMs).toISOString();
    const recent = await newest(api, { ...filter, from }, Infinity, isPrinted);
    // They are in the order in which they were written, so what is before one that was told is no news.
    fresh = recent.slice(recent.findLastIndex(isPrinted) + 1);
  }
}

/** A page may hold fewer than asked for while there is another. */
async function newest(
  api: GatewayApi,
  query: Readonly<Record<string, string>>,
  limit: number,
  isOld: (entry: AuditEntry) => boolean = () => false,
): Promise<AuditEntry[]> {
  const items: AuditEntry[] = [];
  for (let cursor: string | undefined; ;) {
    const left = `${Math.min(200, limit - items.length)}`;
    const page = await api.get<{ items: AuditEntry[]; nextCursor?: string }>('/v1/audit', {
      ...query,
      limit: left,
      cursor,
    });
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === undefined || items.length >= limit || page.items.some(isOld)) return items.reverse();
  }
}

const columns: readonly Column<AuditEntry>[] = [
  { title: 'AT', of: ({ at }) => moment(at) },
  { title: 'BY', of: ({ name, actor }) => name ?? actor },
  { title: 'DID', of: ({ action }) => action },
  { title: 'PORTAL', of: ({ portal }) => portal },
  { title: 'OUTCOME', of: ({ outcome }) => outcome, colour: ({ outcome }) => (outcome === 'done' ? 'green' : 'red') },
  { title: 'FROM', of: ({ source }) => source },
  { title: 'REQUEST ID', of: ({ requestId }) => requestId },
];

function auditTable({ items }: { items: readonly AuditEntry[] }, style: Style): string {
  return items.length === 0 ? 'No such entry.' : tableOf(columns, items, style);
}

function lineOf(entry: AuditEntry, style: Style): string {
  return tableOf(columns, [entry], style).split('\n')[1] ?? '';
}
