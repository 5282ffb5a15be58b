import type { History } from './api-types';

/** What a range of the history shows. */
export interface HistoryRange {
  readonly label: string;
  readonly step: History['step'];
  readonly spanMs: number;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export const historyRanges: readonly HistoryRange[] = [
  { label: 'Last hour', step: 'minute', spanMs: hourMs },
  { label: 'Last 6 hours', step: 'minute', spanMs: 6 * hourMs },
  { label: 'Last day', step: 'minute', spanMs: 24 * hourMs },
  { label: 'Last 7 days', step: 'hour', spanMs: 7 * 24 * hourMs },
  { label: 'Last 30 days', step: 'hour', spanMs: 30 * 24 * hourMs },
];

/** The history as rows of a chart: one value for each period of the range. */
export interface HistorySeries {
  /** The start of each period, unix seconds. */
  readonly at: readonly number[];
  readonly ok: readonly number[];
  readonly failed: readonly number[];
  /** Per minute. */
  readonly requests: readonly number[];
  readonly queueLength: readonly number[];
  /** Null in a period without calls, which says nothing about how long they take. */
  readonly medianMs: readonly (number | null)[];
  readonly slowMs: readonly (number | null)[];
}

export function seriesOf({ step, since, until, points }: History): HistorySeries {
  const lengthMs = step === 'minute' ? minuteMs : hourMs;
  const first = Math.floor(Date.parse(since) / lengthMs) * lengthMs;
  const periods = Math.max(1, Math.ceil((Date.parse(until) - first) / lengthMs));
  const found = new Map(points.map((point) => [Date.parse(point.at), point]));
  const starts = Array.from({ length: periods }, (_, i) => first + i * lengthMs);
  const of = <T>(value: (point: History['points'][number]) => T, none: T) =>
    starts.map((at) => {
      const point = found.get(at);
      return point ? value(point) : none;
    });
  return {
    at: starts.map((it) => it / 1000),
    ok: of(({ calls, failed }) => calls - failed, 0),
    failed: of(({ failed }) => failed, 0),
    requests: of(({ requests }) => requests / (lengthMs / minuteMs), 0),
    queueLength: of(({ queueLength }) => queueLength, 0),
    medianMs: of<number | null>(({ medianMs }) => medianMs, null),
    slowMs: of<number | null>(({ slowMs }) => slowMs, null),
  };
}

/** The failed calls of a history by code, the greatest number first. */
export function failuresOf({ points }: History): readonly (readonly [code: string, count: number])[] {
  const sums = new Map<string, number>();
  for (const { codes } of points)
    for (const [code, count] of Object.entries(codes)) sums.set(code, (sums.get(code) ?? 0) + count);
  return [...sums].sort(([, a], [, b]) => b - a);
}
