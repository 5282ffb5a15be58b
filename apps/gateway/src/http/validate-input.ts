import { Fault } from '@b24/portal';
import type { z } from 'zod';
import { assertArrayBounds } from './array-bounds';
import { isPayload } from './payload-body';
import { assertSafeJson } from './safe-json';

interface Issue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
  /** The issue of a strict object that has unknown fields. */
  readonly keys?: readonly string[];
}

const maxErrors = 50;

/** Where an input comes from: the body, or a parameter of the path or the query by its name. */
export type InputPlace = 'body' | { readonly name: string };

/** Returns the validated input. The problem names every invalid field, because Nest would silently remove unknown ones. @throws Fault invalid_request */
export function validateInput(schema: z.ZodType, value: unknown, place: InputPlace): unknown {
  if (typeof value === 'object' && value !== null) {
    if (!isPayload(value)) assertSafeJson(value);
    assertArrayBounds(schema, value);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw validationFault(result.error.issues, place === 'body' ? [] : [place.name]);
}

/** Creates the fault for an input that its schema rejected, with paths below this one. */
export function validationFault(issues: readonly Issue[], place: readonly string[] = []): Fault {
  const errors = issues.flatMap((issue) => errorsOf(issue, place));
  return new Fault('invalid_request', { errors: errors.slice(0, maxErrors) });
}

function errorsOf({ message, path = [], keys }: Issue, place: readonly string[]): { path: string; message: string }[] {
  const whole = [...place, ...path.map(segment)];
  if (!keys) return [{ path: whole.join('.'), message }];
  return keys.map((key) => ({ path: [...whole, key].join('.'), message: 'Is not a field of this.' }));
}

function segment(part: unknown): string {
  return String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part);
}
