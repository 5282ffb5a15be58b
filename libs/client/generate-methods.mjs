import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/*
 * Returns the text of methods.gen.ts: the parameters, the result and the records of every method of the catalog, one method a
 * line. The types are those of the catalog's OpenAPI document. They take what the vendor takes: text that is a number, Y
 * and N, and further fields.
 */
const here = (path) => new URL(path, import.meta.url).pathname;
/** Object types that occur twice and are longer than this have a name of their own. */
const maxInlineLength = 60;
const scalars = { string: 'string', integer: 'Numeric', number: 'Numeric', boolean: 'Flag', null: 'null' };
const resultTypes = { ...scalars, integer: 'number', number: 'number', boolean: 'boolean' };

export async function methodTypes(base) {
  const { Catalog, methodsDocument } = await catalogModule();
  const catalog = new Catalog(here('../catalog/src/methods.json'));
  const document = methodsDocument(catalog, base);
  const methods = catalog.names().map((name) => methodOf(name, catalog, document));
  const shared = new SharedTypes();
  for (const { name, params } of methods) shared.count(params, name);
  const lines = methods.map((method) => lineOf(method, shared));
  return `${head}${shared.declarations()}
/** The parameters, the result and the records of each method of Bitrix24 by its name. */
export interface BitrixMethods {
${lines.join('\n')}
}
`;
}

const head = `// Generated from the catalog of methods by generate.mjs. Do not edit.

/** An object that takes any further fields; no list. \`any\` lets it be a value of an interface. */
export type OpenFields = { readonly [name: string]: any; readonly [Symbol.iterator]?: never };
/** A number, its text, or the result of an earlier command of a batch. */
export type Numeric = number | \`\${number}\` | \`$result[\${string}\`;
/** Yes or no, as the vendor writes it. */
export type Flag = boolean | 'Y' | 'N' | 0 | 1 | '0' | '1';
/** A list; the vendor's documentation calls some objects arrays, too. */
export type ListOrFields = readonly unknown[] | OpenFields;
/** A text, with the values that are documented. */
export type TextOf<Values extends string> = Values | (string & {});
/** Fields as the vendor's examples of answers show them: none is always there, and any may be null. */
export type Shown<Fields> = { readonly [K in keyof Fields]?: Fields[K] | null } & Record<string, unknown>;
/** A record with the field of its id. */
export type MethodRow<Id extends string, Fields = unknown> = {
  [K in Id]: number | \`\${number}\`;
} & Shown<Omit<Fields, Id>>;

/** A method that returns one result. */
export interface OneResult<Params, Result> {
  params: Params;
  result: Result;
  row: never;
}
/** A method whose result is a list of records, which can be read to its end. */
export interface ListResult<Params, Row> {
  params: Params;
  result: Row[];
  row: Row;
}
/** A method whose result has a list of records at a key, which can be read to its end. */
export interface ListAtKey<Params, Key extends string, Row> {
  params: Params;
  result: { [K in Key]: Row[] } & Record<string, unknown>;
  row: Row;
}
/** A method whose records can be read to their end, and whose result is documented otherwise. */
export interface OtherList<Params, Result> {
  params: Params;
  result: Result;
  row: Record<string, unknown>;
}

`;

/** The catalog is TypeScript: it is bundled to be run here. */
async function catalogModule() {
  const folder = mkdtempSync(join(tmpdir(), 'b24-catalog-'));
  try {
    const file = join(folder, 'catalog.cjs');
    const bundled = await rolldown({
      input: here('../catalog/src/index.ts'),
      platform: 'node',
      checks: { pluginTimings: false },
    });
    await bundled.write({ file, format: 'cjs' });
    await bundled.close();
    return createRequire(import.meta.url)(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function methodOf(name, catalog, { paths, components }) {
  const { requestBody, responses } = paths[`/v1/portals/{portal}/call/${name}`].post;
  const body = requestBody.content['application/json'].schema;
  const answer = components.responses[responses[200].$ref.split('/').at(-1)].content['application/json'].schema;
  const { result, paging } = catalog.shapeOf(name);
  return {
    name,
    params: body.properties?.params,
    result: answer.properties.result,
    rows: result?.map ? undefined : result?.rows,
    id: result?.id,
    fields: result?.fields,
    isList: catalog.listing(name).kind !== 'none',
    takesList: paging?.positional === true,
  };
}

function lineOf({ name, params, result, rows, id, fields, isList, takesList }, shared) {
  const known = params ? shared.textOf(params) : 'ListOrFields';
  const takes = takesList ? `${known} | readonly unknown[]` : known;
  return `  ${keyOf(name)}: ${resultOf()};`;

  function resultOf() {
    const shown = fields && shownFields(fields);
    const known = shown ? `Shown<${shown}>` : 'Record<string, unknown>';
    const row = id ? `MethodRow<'${id}'${shown ? `, ${shown}` : ''}>` : known;
    const one = shown && result.type === 'object' ? known : resultTypeOf(result);
    if (!isList) return `OneResult<${takes}, ${one}>`;
    if (rows === undefined) return `OtherList<${takes}, ${resultTypeOf(result)}>`;
    return rows === '' ? `ListResult<${takes}, ${row}>` : `ListAtKey<${takes}, '${rows}', ${row}>`;
  }
}

function shownFields(fields) {
  return `{ ${Object.entries(fields)
    .map(([name, field]) => `${keyOf(name)}: ${shownType(field)}`)
    .join('; ')} }`;
}

/** PHP writes an empty object as an empty list. */
function shownType(field) {
  if (typeof field === 'object') return `Shown<${shownFields(field.fields)}>`;
  if (field === 'array') return 'unknown[]';
  return { string: 'string', integer: 'number', double: 'number', boolean: 'boolean' }[field] ?? 'unknown';
}

function resultTypeOf({ type, items, properties }) {
  if (Array.isArray(type)) return type.map((it) => resultTypeOf({ type: it })).join(' | ');
  if (type === 'array') return `${items ? elementOf(resultTypeOf(items)) : 'unknown'}[]`;
  if (type !== 'object') return resultTypes[type] ?? 'unknown';
  const fields = Object.entries(properties ?? {}).map(([name, schema]) => `${keyOf(name)}: ${resultTypeOf(schema)}`);
  return ['Record<string, unknown>', ...(fields.length > 0 ? [`{ ${fields.join('; ')} }`] : [])].join(' & ');
}

/** The types of objects; those that occur often are declared once, with the name of the method that has them first. */
class SharedTypes {
  #uses = new Map();
  #declared = new Map();

  count(schema, method, path = []) {
    if (schema?.type === 'array') this.count(schema.items, method, path);
    if (schema?.type !== 'object' || !schema.properties) return;
    const text = JSON.stringify([isFilter(path.at(-1)), schema]);
    const use = this.#uses.get(text) ?? { times: 0, name: nameOf(method, path) };
    this.#uses.set(text, { ...use, times: use.times + 1 });
    if (use.times > 0) return;
    for (const [name, field] of Object.entries(schema.properties)) this.count(field, method, [...path, name]);
  }

  textOf(schema, of = '') {
    const { type, items, properties } = schema;
    if (isFilter(of)) return properties ? this.#objectOf(schema, of) : type === 'object' ? 'OpenFields' : 'unknown';
    if (schema.enum) return `TextOf<${schema.enum.map((it) => quoted(it)).join(' | ')}>`;
    if (Array.isArray(type)) return [...new Set(type.map((it) => this.textOf({ type: it })))].join(' | ');
    if (type === 'array') return this.#listOf(items, of);
    if (type === 'object') return properties ? this.#objectOf(schema, of) : 'OpenFields';
    return scalars[type] ?? 'unknown';
  }

  declarations() {
    return [...this.#declared].map(([name, text]) => `type ${name} = ${text};\n`).join('');
  }

  #listOf(items = {}, of) {
    const element = this.textOf(items, of);
    return element === 'unknown' ? 'ListOrFields' : `readonly ${elementOf(element)}[]`;
  }

  #objectOf(schema, of) {
    const key = JSON.stringify([isFilter(of), schema]);
    const { times = 1, name } = this.#uses.get(key) ?? {};
    if (times > 1 && this.#declared.has(name)) return name;
    const text = this.#fieldsOf(schema, isFilter(of));
    if (times === 1 || text.length <= maxInlineLength) return text;
    this.#declared.set(name, text);
    return name;
  }

  /** What is compared in a filter may be a list of values, too. */
  #fieldsOf({ properties, required = [] }, inFilter) {
    const fields = Object.entries(properties).map(([name, schema]) => {
      const optional = required.includes(name) ? '' : '?';
      return `${keyOf(name)}${optional}: ${inFilter ? 'unknown' : this.textOf(schema, name)}`;
    });
    return `OpenFields & { ${fields.join('; ')} }`;
  }
}

function isFilter(name = '') {
  return name.toLowerCase() === 'filter';
}

function nameOf(method, path) {
  const words = [method, ...path].flatMap((it) => it.split(/\W|_/)).filter((it) => it !== '');
  return `${words.map((it) => it[0].toUpperCase() + it.slice(1)).join('')}Params`;
}

function elementOf(text) {
  return /[ &|]/.test(text) ? `(${text})` : text;
}

function keyOf(name) {
  return /^[A-Za-z_]\w*$/.test(name) ? name : quoted(name);
}

function quoted(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
