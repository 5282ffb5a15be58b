import { plain, proseOf } from './page-text.mjs';
import { jsonObjectsIn } from './json-examples.mjs';
import { fieldOf, isFieldTable } from './field-row.mjs';
import { areaOf } from './sections.mjs';
import { recordFieldsOf } from './record-fields.mjs';
import { tablesOf } from './tables.mjs';

const begins =
  /^(?:response|successful response|returned data|result|returned values?|return value|method response|response data|response format)\b/i;
const ends = /^(?:error|errors|possible error|continue|typical errors|common mistakes|code examples?)\b/i;
const idNames = ['id', 'ID', 'Id'];

/**
 * Returns what a method answers with: the type of `result`, the key of its only array of records, the field with a record's id,
 * and whether `total` and `next` come with it; undefined if the page does not show it.
 */
export function resultOf(sections) {
  const area = areaOf(sections, begins, ends);
  const text = area.map((it) => it.text).join('\n');
  const example = exampleIn(text);
  const rows = tableRows(text);
  const shape = example ? shapeOf(example.result) : undefined;
  const shown = shape?.type === 'null' ? undefined : shape?.type;
  const type = shown ?? documentedType(rows) ?? shape?.type ?? proseType(text);
  if (type === undefined) return undefined;
  const fields = shape && type === shape.type ? recordFieldsOf(answersIn(text), shape) : undefined;
  return {
    type,
    ...(fields && { fields }),
    ...(shape?.rows !== undefined && { rows: shape.rows }),
    ...(shape?.id !== undefined && { id: shape.id }),
    ...(shape?.isMap && { isMap: true }),
    ...(isNamed('total', rows, example) && { total: true }),
    ...(isNamed('next', rows, example) && { next: true }),
  };
}

function answersIn(text) {
  return jsonObjectsIn(text).filter((it) => !('error' in it));
}

/** Returns the first answer that a text shows. Some pages show the result alone. */
function exampleIn(text) {
  const examples = answersIn(text);
  const whole = examples.find((it) => 'result' in it);
  if (whole || examples.length === 0) return whole;
  const [{ total, next, time: _, ...result }] = examples;
  return { result, ...(total !== undefined && { total }), ...(next !== undefined && { next }) };
}

function tableRows(text) {
  const tables = tablesOf(text).filter(isFieldTable);
  return tables.flatMap((rows) => rows.map((row) => fieldOf(row, rows))).filter((it) => it !== undefined);
}

function documentedType(rows) {
  const row = rows.find(({ path }) => path.length === 1 && path[0] === 'result');
  if (row !== undefined) return row.type || undefined;
  return rows.length > 0 ? 'object' : undefined;
}

function proseType(text) {
  const prose = plain(proseOf(text));
  if (/\bfile is returned|content of the file\b/i.test(prose)) return 'file';
  if (/\bnumeric identifier\b/i.test(prose)) return 'integer';
  const type = /\breturns? (?:an? )?`?(true|boolean|array|object|string|integer|number)`?\b/i.exec(prose)?.[1];
  if (type === undefined) return undefined;
  return type.toLowerCase() === 'true' ? 'boolean' : type.toLowerCase();
}

function isNamed(name, rows, example) {
  return rows.some(({ path }) => path.length === 1 && path[0] === name) || (example !== undefined && name in example);
}

/** Returns the shape of an example's result; `rows` is empty text if the result itself is the array. */
function shapeOf(result) {
  if (Array.isArray(result)) return { type: 'array', rows: '', ...idOf(result[0]) };
  if (result === null || typeof result !== 'object') return { type: typeOfValue(result) };
  const entries = Object.entries(result);
  if (isMapOfRecords(entries)) return { type: 'object', isMap: true, ...idOf(entries[0][1]) };
  const arrays = entries.filter(([, value]) => Array.isArray(value));
  if (arrays.length !== 1 || idNames.some((name) => name in result)) return { type: 'object' };
  const [[key, [first]]] = arrays;
  return isRecord(first) || first === undefined ? { type: 'object', rows: key, ...idOf(first) } : { type: 'object' };
}

/** Returns the type of a value of an example. */
export function typeOfValue(value) {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function isMapOfRecords(entries) {
  return entries.length > 0 && entries.every(([key, value]) => /^\d+$/.test(key) && isRecord(value));
}

function isRecord(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function idOf(record) {
  const id = isRecord(record) ? idNames.find((name) => name in record) : undefined;
  return id === undefined ? {} : { id };
}
