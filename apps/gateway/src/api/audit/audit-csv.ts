import { negotiate } from '@fastify/accept-negotiator';
import type { AuditEntryView } from './audit-view';

const [json, csv] = ['application/json', 'text/csv'];

/** Returns whether the caller prefers CSV to JSON. */
export function prefersCsv(accept: string | undefined): boolean {
  return accept !== undefined && negotiate(accept, [json, csv]) === csv;
}

type AuditColumn = readonly [name: string, cellOf: (entry: AuditEntryView) => string];

const columns: readonly AuditColumn[] = [
  ['at', ({ at }) => at],
  ['by', ({ by }) => by],
  ['actor', ({ actor }) => actor],
  ['name', ({ name = '' }) => name],
  ['action', ({ action }) => action],
  ['portal', ({ portal = '' }) => portal],
  ['status', ({ status }) => `${status}`],
  ['outcome', ({ outcome }) => outcome],
  ['requestId', ({ requestId }) => requestId],
  ['source', ({ source = '' }) => source],
  [
    'ids',
    ({ ids = {} }) =>
      Object.entries(ids)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
  ],
  ['id', ({ id }) => id],
];

export const csvHead = rowOf(columns.map(([name]) => name));

/** Returns an entry as a row of CSV (RFC 4180). */
export function csvRow(entry: AuditEntryView): string {
  return rowOf(columns.map(([, cellOf]) => cellOf(entry)));
}

function rowOf(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * Returns a quoted cell. One that a spreadsheet would take for a formula begins with an apostrophe, also after blanks: some
 * programs remove these.
 */
export function csvCell(text: string): string {
  const harmless = /^\s{0,16}[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}
