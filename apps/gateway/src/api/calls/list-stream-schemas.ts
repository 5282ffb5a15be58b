import { z } from 'zod';
import { problemSchema } from '../../http/problem';

/** The lines of a streamed list: its records, and the last line. */
export const listRecordSchema = z
  .record(z.string(), z.unknown())
  .meta({ id: 'ListRecord', examples: [{ ID: '101', TITLE: 'A deal' }] });
export const listEndSchema = z
  .object({
    end: z
      .object({ records: z.int().describe('The number of records.') })
      .describe('The last line of a complete list.'),
  })
  .meta({ id: 'ListEnd', examples: [{ end: { records: 1234 } }] });
export const listBrokenOffSchema = z.object({ problem: problemSchema }).meta({ id: 'ListBrokenOff' });
