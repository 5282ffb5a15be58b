import fc from 'fast-check';
import type { DocumentSchema } from '../support/api-document';
import { KnownReference } from './known';

/** Resolves a reference. */
export type Resolve = (schema: DocumentSchema) => DocumentSchema;

const safe = Number.MAX_SAFE_INTEGER;
const day = 86_400_000;

/**
 * Generates values that a schema allows. `name` is that of the parameter or field. Nine of ten values are known ones,
 * if any is known.
 */
export function fromSchema(schema: DocumentSchema, resolve: Resolve, name?: string): fc.Arbitrary<unknown> {
  const resolved = resolve(schema);
  const fresh = allowed(resolved, resolve, name);
  if (name === undefined || resolved.enum || !/^(string|integer|number|array)$/.test(String(resolved.type)))
    return fresh;
  // Each item of `portals` is a portal.
  if (resolved.type === 'array') return list(resolved, resolve, name.replace(/s$/, ''));
  const known = fc.tuple(fc.nat({ max: 1000 }), fresh).map(([pick, other]) => new KnownReference(name, pick, other));
  return fc.oneof({ weight: 9, arbitrary: known }, { weight: 1, arbitrary: fresh });
}

function allowed(schema: DocumentSchema, resolve: Resolve, name?: string): fc.Arbitrary<unknown> {
  const some = schema.oneOf ?? schema.anyOf;
  return some ? fc.oneof(...some.map((it) => fromSchema(it, resolve, name))) : ofType(schema, resolve);
}

function ofType(schema: DocumentSchema, resolve: Resolve): fc.Arbitrary<unknown> {
  if (schema.allOf) return fc.tuple(...schema.allOf.map((it) => fromSchema(it, resolve))).map(merged);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.type)) {
    return fc.oneof(...(schema.type as string[]).map((type) => ofType({ ...schema, type }, resolve)));
  }
  switch (schema.type) {
    case 'string':
      return text(schema);
    case 'integer':
      return whole(schema);
    case 'number':
      return fc.oneof(whole(schema), fraction(schema));
    case 'boolean':
      return fc.boolean();
    case 'array':
      return list(schema, resolve);
    case 'object':
      return object(schema, resolve);
    case 'null':
      return fc.constant(null);
    case undefined:
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function text({ format, pattern, minLength = 0, maxLength = 200 }: DocumentSchema): fc.Arbitrary<string> {
  if (format === 'date-time') return instants;
  const fits = (it: string) => it.length >= minLength && it.length <= maxLength;
  if (pattern) return fc.stringMatching(new RegExp(pattern), { size: 'small' }).filter(fits);
  return fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, minLength + 40) });
}

/** Between some days ago and a month from now. */
const instants = fc
  .integer({ min: -3 * 1440, max: 30 * 1440 })
  .map((minutes) => new Date(Math.floor(Date.now() / day) * day + minutes * 60_000).toISOString());

function whole({
  minimum = -safe,
  maximum = safe,
  exclusiveMinimum = -safe - 2,
  exclusiveMaximum = safe + 2,
}: DocumentSchema): fc.Arbitrary<number> {
  const min = Math.max(Math.ceil(minimum), Math.floor(exclusiveMinimum) + 1);
  const max = Math.min(Math.floor(maximum), Math.ceil(exclusiveMaximum) - 1);
  const near = fc.integer({ min, max: Math.max(min, Math.min(max, min + 200)) });
  return fc.oneof(
    { weight: 4, arbitrary: near },
    { weight: 1, arbitrary: fc.integer({ min, max: Math.max(min, max) }) },
  );
}

function fraction({ minimum = -1e6, maximum = 1e6 }: DocumentSchema): fc.Arbitrary<number> {
  return fc.double({ min: minimum, max: maximum, noNaN: true, noDefaultInfinity: true });
}

function list(schema: DocumentSchema, resolve: Resolve, of?: string): fc.Arbitrary<unknown[]> {
  const { items = {}, minItems = 0, maxItems = minItems + 3 } = schema;
  const maxLength = Math.min(maxItems, minItems + 3);
  return fc.array(fromSchema(items, resolve, of), { minLength: minItems, maxLength });
}

function object(schema: DocumentSchema, resolve: Resolve): fc.Arbitrary<object> {
  const { properties = {}, required = [], additionalProperties, minProperties = 0 } = schema;
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, inner]) => [name, fromSchema(inner, resolve, name)]),
  );
  const bare = fc.record(Object.fromEntries(Object.entries(model).filter(([name]) => required.includes(name))));
  const fields = fc.oneof(bare, fc.record(model, { requiredKeys: [...required] }));
  const enough = (it: object) => Object.keys(it).length >= Math.min(minProperties, Object.keys(properties).length);
  if (!additionalProperties) return fields.filter(enough);
  const more = fc.dictionary(fc.string({ minLength: 1, maxLength: 12 }), anything(additionalProperties, resolve), {
    maxKeys: 3,
  });
  return fc.tuple(more, fields).map(merged).filter(enough);
}

function anything(schema: DocumentSchema | true, resolve: Resolve): fc.Arbitrary<unknown> {
  return schema === true ? fc.jsonValue({ maxDepth: 2 }) : fromSchema(schema, resolve);
}

function merged(parts: readonly unknown[]): object {
  return Object.assign({}, ...(parts as object[])) as object;
}
