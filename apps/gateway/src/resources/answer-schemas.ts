import { z } from 'zod';
import { idSchema } from '../http/shapes';

/*
 * Some methods of Bitrix24 write numbers as text. These schemas read both and document a number, so that one schema is
 * enough for the portal's result and for the answer.
 */

const either = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number),
]);

/** A whole number that the portal may write as text. */
export const numberOrText = either.pipe(z.int());

/** An id that the portal may write as text. */
export const idOrText = either.pipe(idSchema);

/** An id that the portal may write as text; 0 when there is none. */
export const idOrZeroOrText = either.pipe(z.int().min(0));

/** A flag that the portal writes as `Y` or `N`. */
export const yesOrNo = z.enum(['Y', 'N']).transform((text) => text === 'Y');

/** An id that the portal may write as text; null when there is none, which the portal writes as null, 0 or not at all. */
export const idOrNull = idOrZeroOrText
  .nullish()
  .transform((id) => (id === 0 ? null : (id ?? null)))
  .pipe(idSchema.nullable());
