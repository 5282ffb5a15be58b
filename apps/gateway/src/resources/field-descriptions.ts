import { z } from 'zod';
import { parseAnswer } from './parse-answer';

/** How the vendor's `getFields` describes fields. */
export const fieldsSchema = z.record(
  z.string(),
  z.object({ type: z.string().describe('The type of the field, as the portal names it.') }),
);

export function fieldsOf(value: unknown): z.infer<typeof fieldsSchema> {
  return parseAnswer(z.object({ fields: fieldsSchema }), value).fields;
}
