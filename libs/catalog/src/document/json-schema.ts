import { type FieldRecord, type FieldRecords, isRequired, typeOfField } from '../method-record';

/** A schema of JSON Schema 2020-12, as OpenAPI 3.1 uses it. */
export type MethodSchema = Readonly<Record<string, unknown>>;

/** The vendor's types by the JSON type of their values. Types that end in `.id` are ids, `[]` is a list. */
const typesByJsonType = {
  string: ['string', 'char', 'date', 'datetime', 'url', 'crm_status', 'crm_currency', 'sale_status.id'],
  integer: ['integer', 'user', 'crm_company', 'crm_contact', 'crm_entity'],
  number: ['double'],
  boolean: ['boolean'],
  object: ['object', 'lang_map', 'crm_multifield'],
  array: ['array'],
  null: ['null'],
} as const;
const jsonTypes = new Map<string, string>(
  Object.entries(typesByJsonType).flatMap(([json, types]) => types.map((type) => [type, json] as const)),
);

/** Returns the schema of an object with these fields. It takes others too, as the vendor does. */
export function schemaOfFields(fields: FieldRecords): MethodSchema {
  const names = Object.keys(fields).filter((name) => !name.endsWith('*'));
  const required = names.filter((name) => isRequired(fields[name]!));
  const properties = Object.fromEntries(names.map((name) => [name, schemaOfField(fields[name]!)]));
  return {
    type: 'object',
    ...(names.length > 0 && { properties }),
    ...(required.length > 0 && { required }),
  };
}

function schemaOfField(field: FieldRecord): MethodSchema {
  const type = typeOfField(field);
  const { fields, values } = typeof field === 'string' ? {} : field;
  if (fields && Object.keys(fields).length > 0) return nested(type, schemaOfFields(fields));
  const schema = schemaOfType(type);
  return values && schema['type'] === 'string' ? { ...schema, enum: values } : schema;
}

/** Returns the properties of an object as examples show it. Each may be null, and an empty object is an empty list to PHP. */
export function schemaOfExample(fields: FieldRecords): Readonly<Record<string, MethodSchema>> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, schemaOfValue(field)]));
}

function schemaOfValue(field: FieldRecord): MethodSchema {
  const { type, items } = schemaOfType(typeOfField(field)) as { type?: string; items?: unknown };
  if (type === undefined) return {};
  if (typeof field === 'string' || !field.fields)
    return type === 'object' ? {} : { type: [type, 'null'], ...(items !== undefined && { items }) };
  return { type: ['object', 'array', 'null'], properties: schemaOfExample(field.fields) };
}

/** The table below a parameter describes its object, or each object of its list. */
function nested(type: string, object: MethodSchema): MethodSchema {
  if (type === 'object[]') return { type: 'array', items: object };
  return type === '' || type === 'object' ? object : {};
}

/** Returns the schema of a type such as `integer`, `string[]` or `object|string`; one that allows anything where it is unknown. */
export function schemaOfType(type: string): MethodSchema {
  const schemas = type.split('|').map(schemaOfOneType);
  const [first = {}, ...others] = schemas;
  if (others.length === 0) return first;
  const types = schemas.map((schema) => schema['type']);
  return types.every((it) => typeof it === 'string') ? { type: [...new Set(types)] } : {};
}

function schemaOfOneType(type: string): MethodSchema {
  if (type.endsWith('[]')) return { type: 'array', items: schemaOfOneType(type.slice(0, -2)) };
  const json = jsonTypes.get(type) ?? (/\.id$/i.test(type) ? 'integer' : undefined);
  if (json === undefined) return {};
  return json === 'array' ? { type: 'array', items: {} } : { type: json };
}
