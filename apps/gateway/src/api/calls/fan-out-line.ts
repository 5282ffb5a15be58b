import type { Fault, FaultCode, Result } from '@b24/portal';
import { z } from 'zod';
import { problemOf, problemSchema } from '../../http/problem';

/** A portal in a line: the requested name, and its ids and names in the gateway. */
export interface NamedPortal {
  readonly name?: string | undefined;
  readonly memberId?: string | undefined;
  readonly domain?: string | undefined;
  readonly alias?: string | undefined;
}

/** A line of the stream: the outcome of one portal. */
export const fanOutLineSchema = z
  .object({
    portal: z
      .object({
        name: z.string().optional().meta({ description: 'The name by which the request named the portal.' }),
        memberId: z.string().optional().describe('The member id of the portal.'),
        domain: z.string().optional().describe('The host of the portal.'),
        alias: z.string().optional().describe('The alias of the portal.'),
      })
      .meta({ description: 'The portal. Only `name` if it is unknown or the key may not use it.' }),
    result: z.unknown().optional().meta({ description: 'The result of the method.' }),
    total: z.int().optional().describe('For a list: the number of records in total.'),
    next: z.int().optional().meta({ description: 'For a list: the `start` of the next page.' }),
    problem: problemSchema.optional().meta({ description: 'The problem, instead of a result.' }),
  })
  .meta({
    id: 'FanOutLine',
    examples: [
      {
        portal: { memberId: 'a223c6b3710f85df22e9377d6c4f7553', domain: 'acme.bitrix24.de', alias: 'acme' },
        result: [{ ID: '1', TITLE: 'First' }],
        total: 1,
      },
    ],
  });
export type FanOutLine = z.infer<typeof fanOutLineSchema>;

/** The last line of the stream. */
export const fanOutSummarySchema = z
  .object({
    summary: z
      .object({
        ok: z.int().describe('The number of portals that succeeded.'),
        failed: z.int().describe('The number of portals that failed.'),
        byCode: z.record(z.string(), z.int()).meta({ description: 'The number of failures by problem code.' }),
        ms: z.int().describe('The duration in milliseconds.'),
      })
      .describe('The totals, on the last line.'),
  })
  .meta({ id: 'FanOutSummary', examples: [{ summary: { ok: 499, failed: 1, byCode: { portal_error: 1 }, ms: 812 } }] });

export interface FanOutAnswer {
  readonly line: FanOutLine;
  readonly code: 'ok' | FaultCode;
  readonly status: number;
}

export function answerLine(portal: NamedPortal, { value, total, next }: Result): FanOutAnswer {
  const paging = { ...(total !== undefined && { total }), ...(next !== undefined && { next }) };
  return { code: 'ok', status: 200, line: { portal, result: value ?? null, ...paging } };
}

export function problemLine(
  portal: NamedPortal,
  fault: Fault,
  { requestId, effect }: { requestId: string; effect: 'read' | 'write' },
): FanOutAnswer {
  return { code: fault.code, status: fault.status, line: { portal, problem: problemOf(fault, requestId, effect) } };
}

/** Counts outcomes for the summary. */
export class FanOutTally {
  private ok = 0;
  private readonly byCode: Record<string, number> = {};

  count({ code }: Pick<FanOutAnswer, 'code'>): void {
    if (code === 'ok') this.ok++;
    else this.byCode[code] = (this.byCode[code] ?? 0) + 1;
  }

  summary(ms: number): z.infer<typeof fanOutSummarySchema> {
    const failed = Object.values(this.byCode).reduce((sum, n) => sum + n, 0);
    return { summary: { ok: this.ok, failed, byCode: this.byCode, ms } };
  }
}
