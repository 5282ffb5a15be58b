import { Fault } from '@b24/portal';
import { z } from 'zod';

/**
 * Refuses a body in which an array has more items than its schema allows, before any item is validated. A schema would
 * collect an issue for each item and check the length last, which takes seconds for two megabytes of numbers.
 * @throws Fault invalid_request
 */
export function assertArrayBounds(schema: unknown, body: unknown): void {
  if (typeof schema !== 'object' || schema === null || typeof body !== 'object' || body === null) return;
  for (const [name, max] of boundsOf(schema)) {
    const value = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined;
    if (!Array.isArray(value) || value.length <= max) continue;
    throw new Fault('invalid_request', { errors: [{ path: name, message: `Must have at most ${max} items.` }] });
  }
}

type Bounds = readonly (readonly [name: string, max: number])[];

/** The fields of a schema that may be arrays, with their bounds. Read once per schema. */
const known = new WeakMap<object, Bounds>();

function boundsOf(schema: object): Bounds {
  const read = known.get(schema);
  if (read) return read;
  const object = unwrapped(schema);
  const fields = object instanceof z.ZodObject ? Object.entries(object.shape) : [];
  const bounds = fields.flatMap(([name, field]) => {
    const max = maxItemsOf(unwrapped(field));
    return max === undefined ? [] : [[name, max] as const];
  });
  known.set(schema, bounds);
  return bounds;
}

/** Returns the most items that an array may have; for a union, the most that any of its arrays may have. */
function maxItemsOf(schema: unknown): number | undefined {
  if (schema instanceof z.ZodUnion) {
    const bounds = (schema.options as readonly unknown[]).flatMap((it) => maxItemsOf(unwrapped(it)) ?? []);
    return bounds.length > 0 ? Math.max(...bounds) : undefined;
  }
  if (!(schema instanceof z.ZodArray)) return undefined;
  const bounds = (schema.def.checks ?? []).flatMap((it) => {
    const { check, maximum } = it._zod.def as { check: string; maximum?: number };
    return check === 'max_length' && maximum !== undefined ? [maximum] : [];
  });
  return bounds.length > 0 ? Math.min(...bounds) : undefined;
}

function unwrapped(schema: unknown): unknown {
  const isWrapper =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapper ? unwrapped(schema.unwrap()) : schema;
}
