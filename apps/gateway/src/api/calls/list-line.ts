import { z } from 'zod';
import { problemSchema } from '../../http/problem';

/** Lines of a list that is streamed: its records, and the last one. */
export const listRecordSchema = z
  .record(z.string(), z.unknown())
  .meta({ id: 'ListRecord', examples: [{ ID: '101', TITLE: 'A deal' }] });
export const listEndSchema = z
  .object({ end: z.object({ records: z.int() }) })
  .meta({ id: 'ListEnd', examples: [{ end: { records: 1234 } }] });
export const listBrokenOffSchema = z.object({ problem: problemSchema }).meta({ id: 'ListBrokenOff' });
