import type { HistoryPoint, Periods, UsageLine } from '@b24/history';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';

const count = z.int().min(0);
const requests = z
  .number()
  .min(0)
  .describe('Requests to the portal that the calls used. A call that shared a request with three others used 0.25.');
const milliseconds = z.number().min(0);

const historyPointSchema = z
  .object({
    at: z.iso.datetime().describe('When the period begins.'),
    calls: count.describe('Calls that ended in the period.'),
    failed: count.describe('Those of them that failed.'),
    codes: z.record(z.string(), count).describe('Failed calls by problem code.'),
    requests,
    queueLength: z.number().min(0).describe('How many calls waited in the queue, on average.'),
    queueMs: milliseconds.describe('How long a call waited in the queue, on average.'),
    upstreamMs: milliseconds.describe('How long the portal took for a call, on average.'),
    medianMs: milliseconds.describe(
      'Half of the calls took this long or less, to the accuracy of the ranges that are counted.',
    ),
    slowMs: milliseconds.describe('95 of 100 calls took this long or less.'),
  })
  .meta({ id: 'HistoryPoint' });

const historyExample = {
  step: 'minute',
  since: '2026-11-01T03:00:00.000Z',
  until: '2026-11-01T04:00:00.000Z',
  points: [
    {
      ...{ at: '2026-11-01T03:12:00.000Z', calls: 240, failed: 2, codes: { queue_full: 2 }, requests: 31.5 },
      ...{ queueLength: 3.2, queueMs: 800, upstreamMs: 210, medianMs: 900, slowMs: 2300 },
    },
  ],
};

export const historySchema = z
  .object({
    step: z.enum(['minute', 'hour']).describe('The length of a period.'),
    since: z.iso.datetime().describe('The start of the span.'),
    until: z.iso.datetime().describe('The end of the span.'),
    points: z.array(historyPointSchema).describe('The periods with calls, oldest first.'),
  })
  .meta({ id: 'History', examples: [historyExample] });

const usageExample = {
  since: '2026-11-01T03:00:00.000Z',
  until: '2026-11-01T04:00:00.000Z',
  calls: 240,
  requests: 31.5,
  items: [
    {
      ...{ client: 'c_5f2b8c1d9e0a7b64', clientName: 'planning', method: 'crm.deal.list' },
      ...{ calls: 200, failed: 2, requests: 25.2 },
    },
  ],
};

export const usageSchema = z
  .object({
    since: z.iso.datetime().describe('The start of the first hour or day.'),
    until: z.iso.datetime().describe('The end of the span.'),
    calls: count.describe('Calls of all clients.'),
    requests,
    items: z
      .array(
        z.object({
          client: z.string().describe('The id of the client, `admin`, or the part of the gateway that called.'),
          clientName: z.string().describe('The name of the client.'),
          method: z.string().describe('The method of Bitrix24; `other` for those beyond fifty in a period.'),
          calls: count.describe('Calls of the client by this method.'),
          failed: count.describe('Those of them that failed.'),
          requests,
        }),
      )
      .describe('Clients and methods, those that used the most requests first.'),
  })
  .meta({ id: 'Usage', examples: [usageExample] });

/** A span of time in unix milliseconds. */
export interface TimeSpan {
  readonly sinceMs: number;
  readonly untilMs: number;
}

export function historyView(
  points: readonly HistoryPoint[],
  { name, lengthMs }: Periods,
  { sinceMs, untilMs }: TimeSpan,
): z.infer<typeof historySchema> {
  return {
    step: name,
    since: isoTime(sinceMs),
    until: isoTime(untilMs),
    points: points.map((it) => pointView(it, lengthMs)),
  };
}

function pointView({ atMs, tally }: HistoryPoint, lengthMs: number): z.infer<typeof historyPointSchema> {
  const { calls, failed, codes, requestsMilli, queueMs, upstreamMs } = tally;
  return {
    at: isoTime(atMs),
    calls,
    failed,
    codes: Object.fromEntries(codes),
    requests: requestsMilli / 1000,
    // Calls that arrive times how long each waits is how many wait.
    queueLength: Math.round((queueMs / lengthMs) * 100) / 100,
    queueMs: Math.round(queueMs / Math.max(1, calls)),
    upstreamMs: Math.round(upstreamMs / Math.max(1, calls)),
    medianMs: tally.quantileMs(0.5) ?? 0,
    slowMs: tally.quantileMs(0.95) ?? 0,
  };
}

export function usageView(lines: readonly UsageLine[], { sinceMs, untilMs }: TimeSpan): z.infer<typeof usageSchema> {
  const sum = (of: (line: UsageLine) => number) => lines.reduce((total, line) => total + of(line), 0);
  return {
    since: isoTime(sinceMs),
    until: isoTime(untilMs),
    calls: sum(({ calls }) => calls),
    requests: sum(({ requestsMilli }) => requestsMilli) / 1000,
    items: lines.map(({ requestsMilli, ...line }) => ({ ...line, requests: requestsMilli / 1000 })),
  };
}
