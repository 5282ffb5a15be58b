/** Objects in an answer below this level are objects of any fields. */
const maxDepth = 2;
const maxFields = 200;
/** Names such as `12` and `UF_CRM_1692000000` differ from portal to portal. */
const isOwn = /^(?:uf|parent|property)\D*\d/i;

/**
 * Returns the fields of a method's records, or of its result if it has none, with the types of their values in the examples of
 * answers; undefined if the examples show none.
 */
export function recordFieldsOf(answers, { rows, isMap }) {
  const results = answers.filter((it) => 'result' in it).map(({ result }) => result);
  const records = results.flatMap((result) => recordsIn(result, { rows, isMap })).filter(isObject);
  return fieldsOf(records, 1);
}

function recordsIn(result, { rows, isMap }) {
  if (isMap) return Object.values(result ?? {});
  if (rows === undefined) return [result];
  const records = rows === '' ? result : result?.[rows];
  return Array.isArray(records) ? records : [];
}

function fieldsOf(objects, depth) {
  const values = new Map();
  for (const [name, value] of objects.flatMap((it) => Object.entries(it))) {
    if (/^[A-Za-z_]\w*$/.test(name) && !isOwn.test(name)) values.set(name, [...(values.get(name) ?? []), value]);
  }
  if (values.size === 0 || values.size > maxFields) return undefined;
  return Object.fromEntries([...values].map(([name, all]) => [name, fieldOf(all, depth)]));
}

/** Empty for a field whose values have several types, or none that tells anything. */
function fieldOf(values, depth) {
  const types = [...new Set(values.filter((it) => it !== null).map(typeOf))];
  const type = types.length === 1 ? types[0] : '';
  const fields = type === 'object' && depth < maxDepth ? fieldsOf(values.filter(isObject), depth + 1) : undefined;
  return fields ? { type, fields } : type;
}

/** PHP writes an empty object as an empty array. */
function typeOf(value) {
  if (Array.isArray(value)) return value.length > 0 ? 'array' : '';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'double';
  return typeof value;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
