import { plain, proseOf } from './page-text.mjs';
import { tablesOf, withoutTables } from './tables.mjs';

const nameHeader =
  /^(?:name|parameter|field|key|title|identifier|property|argument|option|attribute|value)s?(?: ?\/? ?(?:data )?types?)?$/i;
const otherHeader = /^(?:error )?(?:description|meaning|values?|types?)$/i;
const typeNames = new Map(
  Object.entries({
    int: 'integer',
    integer: 'integer',
    number: 'number',
    bool: 'boolean',
    boolean: 'boolean',
    string: 'string',
    text: 'string',
    str: 'string',
    object: 'object',
    array: 'array',
    double: 'double',
    float: 'double',
    char: 'char',
    date: 'date',
    datetime: 'datetime',
    file: 'file',
    time: 'time',
    list: 'array',
    any: 'any',
    mixed: 'any',
  }),
);
const maxValues = 60;
const placeholder = /^(?:field|value|key|item|element|param)_?[nN\d]*$|^n$|XXX/;
const listsValues =
  /(?<!\bexamples? of )\b(?:possible|available|allowed|valid|acceptable) (?:values?|types?|options?)\b[^:\n]{0,60}:(.*)$|\bcan (?:be|take)\b(?: either| one of| only| the| following| values?)*:?\s(`.*)$/im;
/** What introduces bullets that are values, and what introduces others. */
const introducesValues =
  /\b(?:values?|types?|options?|modes?|codes?|one of|either|handlers?|variants?|stages?|can (?:be|take))\b/i;
const introducesOthers =
  /\b(?:examples?|where|formats?|extensions?|fields?|parameters?|available:|returned|for which|consists?)\b/i;
/** Code with which a line begins, alone or before a dash, a colon or a bracket. */
const bullet = /^(\s*)[-*+]\s+(?:\*\*)?`["']?([^`"']+)["']?`(?:\*\*)?\s*(?:$|[—–:(,;.=-]|or\b|and\b)/;
/** `fields`, `fields[NAME]` or `fields.NAME`. */
const fieldName = /^[\w$:-]+(?:\[[\w$-]*\]|\.[\w$-]+)*/;
/** Fields with values that the vendor calls possible, although any text is stored. */
const freeText = /^UTM_/i;
const methodName = /^[a-z]\w*(?:\.[a-z]\w*)+$/i;
const directions = /^(?:asc|desc)$/i;

/** Returns whether a table's first row heads a list of fields. */
function isFieldHeader(header) {
  const [first = '', ...others] = header.map((cell) => words(cell));
  return nameHeader.test(first) && others.some((it) => otherHeader.test(it));
}

/** Returns whether a table lists fields: under a header, or with a name and its type in the first cell. */
export function isFieldTable([first = []]) {
  return (
    isFieldHeader(first) || (/^\*\*\w/.test(first[0] ?? '') && first.length > 1 && Boolean(nameIn(first[0])?.type))
  );
}

/** Returns a row of a table of fields: its path of names, type, values, nested rows; undefined for a header. */
export function fieldOf(row, rows) {
  if (isFieldHeader(row)) return undefined;
  const columns = (rows[0] ?? []).map((cell) => words(cell).toLowerCase());
  const named = nameIn(row.length > 1 ? row[0] : typedPart(row[0]));
  if (!named) return undefined;
  const typeAt = columns.findIndex((it, i) => i > 0 && /^(?:data )?type$/.test(it));
  const description = row.length > 1 ? row.slice(1).join('\n') : row[0];
  const exampleAt = columns.indexOf('example');
  const type =
    named.type || (typeAt > 0 ? typesIn(row[typeAt]) || typeName(words(row[typeAt])) : exampleType(row[exampleAt]));
  const required = named.required || /^\W*required(?:\.|,|$| parameter| field)/i.test(plain(row[1] ?? '').trim());
  return {
    path: named.path,
    type,
    ...(required && { required }),
    ...(!freeText.test(named.path.at(-1)) && listedIn(description, type)),
    ...(/`>=?`/.test(description) && { takesOperators: true }),
    anchors: anchorsIn(row.join('\n')),
    nested: nestedRows(description),
  };
}

/** Returns the lines of a cell that has the description too: the name, and the type if the next line is code. */
function typedPart(cell) {
  const [name, next = ''] = cell.split('\n').filter((it) => it.trim() !== '');
  return /^\s*\[?`/.test(next) ? `${name}\n${next}` : (name ?? '');
}

function words(cell) {
  return plain(cell).replace(/[*`]/g, '').replace(/\s+/g, ' ').trim();
}

/** Returns the anchors that the links of a text name. */
function anchorsIn(text) {
  const targets = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, it]) => it.split('#')[1]);
  return targets.filter((it) => it !== undefined);
}

function nestedRows(description) {
  return tablesOf(description).filter(isFieldTable).flat();
}

/**
 * Returns name, type and whether the parameter is required from a cell such as `**name***` over its type. A name
 * that ends with `_` stands for all names that begin so.
 */
function nameIn(cell) {
  const text = plain(cell).trim();
  const start = text.search(/[\w$:-]/);
  const [name] = fieldName.exec(start < 0 || !/^[*`\s"']*$/.test(text.slice(0, start)) ? '' : text.slice(start)) ?? [];
  if (name === undefined) return undefined;
  const rest = text.slice(start + name.length);
  if (name.endsWith('_')) return { path: [`${name}*`], type: typesIn(rest) || 'any', required: false };
  const line = rest.split(/[\n`]/)[0].replace('**', '');
  return { path: pathOf(name), type: typesIn(rest) || bareType(rest), required: line.includes('*') };
}

/** `fields[NAME]` and `fields.NAME` name a field within a parameter. */
function pathOf(name) {
  return name.split(/[.[\]]+/).filter((it) => it !== '');
}

function typesIn(text) {
  const named = [...text.matchAll(/`([^`]+)`/g)].flatMap(([, it]) => it.split(/[|,/]|\bor\b/));
  return [...new Set(named.map(typeName).filter((it) => it !== ''))].join('|');
}

function bareType(rest) {
  const lines = rest
    .replace(/[*`]/g, '')
    .split('\n')
    .map((it) => it.trim());
  const second = lines.slice(1).find((it) => it !== '') ?? '';
  return /^[a-z][\w[\]]*$/i.test(second) ? typeName(second) : '';
}

/** Returns the type of an example such as `62` or `'echo'`. */
function exampleType(cell = '') {
  const example = words(cell);
  if (/^\d+$/.test(example)) return 'integer';
  if (/^["']/.test(example)) return 'string';
  if (/^array\b|^\[/i.test(example)) return 'array';
  return /^\{/.test(example) ? 'object' : '';
}

/** Returns a type as it is written everywhere: base types in one spelling, and without what is no name. */
function typeName(text) {
  const trimmed = text.trim();
  const of = /^array<([\w.]+)>$/i.exec(trimmed)?.[1];
  const name = of === undefined ? trimmed.split('<')[0] : `${of}[]`;
  if (!/^[a-z][\w.:-]*(?:\[\])*$/i.test(name)) return '';
  const [base] = name.split('[]');
  return (typeNames.get(base.toLowerCase()) ?? base) + name.slice(base.length);
}

/** Returns what the bullets of a description list: the fields of an object, or the values of anything else. */
function listedIn(description, type) {
  const isObject = /(?:^|\|)(?:object|array)(?:$|\|)/.test(type);
  const names = bulletNames(description);
  if (isObject) {
    const fields = names.filter((it) => /^[a-z]\w*$/i.test(it) && !placeholder.test(it) && !directions.test(it));
    return fields.length > 1 ? { fields: new Map(fields.map((it) => [it, { type: '' }])) } : {};
  }
  const listed = names.length > 1 ? valuesOf(names, description, type) : namesInSentence(description);
  // A list with a placeholder, or with names of methods, is no list of all values.
  const areValues = listed.every((it) => /^[\w.:/-]+$/.test(it) && !placeholder.test(it) && !methodName.test(it));
  return areValues && listed.length > 1 && listed.length <= maxValues ? { values: listed } : {};
}

/** Returns the names of bullets if the line before them introduces values, or if all are letters such as `Y` and `N`. */
function valuesOf(names, description, type) {
  const lines = proseOf(withoutTables(description)).split('\n');
  const at = lines.findIndex((line) => bullet.test(line));
  const before = plain(
    lines
      .slice(0, at)
      .filter((line) => line.trim() !== '')
      .at(-1) ?? '',
  );
  const intro = before.split(/[.!?]\s/).at(-1) ?? '';
  if (introducesOthers.test(intro) || !/^(?:char|boolean|integer|string)?(?:[|!]|\[\]|$)/.test(type)) return [];
  return introducesValues.test(intro) ||
    intro.replaceAll('*', '').trim().endsWith(':') ||
    names.every((it) => /^[A-Z]$/.test(it))
    ? names
    : [];
}

/** Returns the code in a sentence that lists values. */
function namesInSentence(text) {
  const [, named, taken] = listsValues.exec(plain(proseOf(text))) ?? [];
  const sentence = (named ?? taken ?? '').split(/\.\s/)[0];
  return [...new Set([...sentence.matchAll(/`["']?([^`"']+)["']?`/g)].map(([, it]) => it))];
}

/** Returns the code that the bullets at the first level of a text begin with. */
function bulletNames(text) {
  const lines = proseOf(withoutTables(text)).split('\n');
  const bullets = lines.map((line) => bullet.exec(line)).filter((it) => it);
  const indent = Math.min(...bullets.map(([, space]) => space.length));
  const first = bullets.filter(([, space]) => space.length === indent);
  return [...new Set(first.map(([, , name]) => name.trim()))];
}
