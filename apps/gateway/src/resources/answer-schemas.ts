import { z } from 'zod';
import { idSchema } from '../http/shapes';

/** A whole number that the vendor writes as a number or as text, depending on the method. */
export const numberOrText = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number),
]);

/** An id that the vendor writes as a number or as text. */
export const idOrText = numberOrText.pipe(idSchema);
