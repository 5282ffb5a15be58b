import { z } from 'zod';
import { pageSchema } from '../../http/list-page';
import type { Problem } from '../../http/problem';
import { type FanOutLine, fanOutLineSchema } from '../calls/fan-out-line';

const codeSchema = z.string().describe('The problem code.');
const detailSchema = z.string().describe('Why it failed, in a sentence.');

const jobItemSchema = z.object({
  item: z.int().describe('The index of the item, from 0.'),
  portal: fanOutLineSchema.shape.portal.optional().describe('Of a fan-out: the portal.'),
  from: z.int().optional().describe('Of a batch: the index of the first command of this part.'),
  commands: z.int().optional().describe('Of a batch: the number of commands of this part.'),
  code: codeSchema.optional().describe('The problem code; absent when the item succeeded. Of a part, the first one.'),
  detail: detailSchema.optional(),
  failures: z
    .array(
      z.object({
        command: z.int().describe('The index of the command in the request, from 0.'),
        code: codeSchema,
        detail: detailSchema,
      }),
    )
    .optional()
    .describe('Of a batch: the commands that failed.'),
});
export const jobItemsSchema = pageSchema(jobItemSchema, 'The items that have an outcome, in order.').meta({
  id: 'JobItems',
  examples: [
    {
      items: [
        {
          item: 3,
          portal: { memberId: 'a223c6b3710f85df22e9377d6c4f7553', domain: 'acme.bitrix24.de', alias: 'acme' },
          code: 'portal_unreachable',
          detail: 'The portal does not answer.',
        },
      ],
    },
  ],
});
type JobItem = z.infer<typeof jobItemSchema>;

/** A line of the results of a batch. */
interface PartLine {
  readonly from: number;
  readonly results: readonly ({ readonly ok: true } | { readonly ok: false; readonly problem: Problem })[];
}

/** Returns an item as the API shows it, without its result. @param text its line of the results */
export function itemOf(item: number, text: string): JobItem {
  const line = JSON.parse(text) as FanOutLine | PartLine;
  if ('results' in line) return partItem(item, line);
  const { portal, problem } = line;
  return { item, portal, ...(problem && { code: problem.code, detail: sentenceOf(problem) }) };
}

function partItem(item: number, { from, results }: PartLine): JobItem {
  const failures = results.flatMap((it, i) =>
    it.ok ? [] : [{ command: from + i, code: it.problem.code, detail: sentenceOf(it.problem) }],
  );
  const [first] = failures;
  return {
    ...{ item, from, commands: results.length },
    ...(first && { code: first.code, detail: first.detail, failures }),
  };
}

/** What happened, with the portal's own words where there are any. */
function sentenceOf({ detail, upstream }: Problem): string {
  const words = upstream && (upstream.description || upstream.error);
  return words ? `${detail} The portal said: ${words}` : detail;
}
