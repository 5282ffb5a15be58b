import { plain, proseOf } from './page-text.mjs';
import { areaOf } from './sections.mjs';
import { tablesOf } from './tables.mjs';
import { fieldOf, isFieldTable } from './field-row.mjs';

const begins = /^(?:(?:method|request|call|input|command|mandatory|required) )?parameters?(?: (?:of|for) .*)?$/i;
const ends =
  /^(?:code )?examples?\b|^(?:response|successful response|error|possible error|returned|continue|return)\b|handling$/i;
const noParameters =
  /\b(?:no|without) (?:input |any |additional )*parameters\b|\b(?:does not|doesn't) (?:require|accept|take|have)\b.{0,30}parameters/i;
const maxRounds = 4;

const likeOthers = /description of list methods/i;
/** What the page of list methods gives for all of them. */
const listParameters = () =>
  new Map([
    ['filter', { type: 'object' }],
    ['order', { type: 'object' }],
    ['select', { type: 'array' }],
    ['start', { type: 'integer' }],
  ]);

/**
 * Returns the parameters of a method by name, with the fields of objects for which the page has a table; undefined if the page
 * has neither a table of them nor says that there are none.
 */
export function parametersOf(sections) {
  const area = parameterArea(sections);
  const [main, ...others] = area;
  const tables = fieldTables(main.text);
  if (tables.length === 0 && others.every(({ text }) => fieldTables(text).length === 0)) return withoutTable(area);
  return new ParameterTree(tables.flat()).extend(others).root;
}

/** Returns the sections about parameters: those under a title of their own, or what stands before the examples. */
function parameterArea(sections) {
  const titled = areaOf(sections, begins, ends);
  return titled.length > 0 ? titled : areaOf(sections, /./, ends);
}

function withoutTable(area) {
  const text = plain(proseOf(area.map((it) => it.text).join('\n')));
  if (likeOthers.test(text)) return listParameters();
  return noParameters.test(text) ? new Map() : undefined;
}

/** Returns the rows of the tables whose columns are a name and a description. */
function fieldTables(text) {
  return tablesOf(text).filter(isFieldTable);
}

/** The parameters of a method, to which the tables of later sections are added where they belong. */
class ParameterTree {
  root = new Map();
  all = [];

  constructor(rows) {
    this.add(this.root, rows);
  }

  extend(sections) {
    let left = sections.map((section) => ({ ...section, rows: fieldTables(section.text).flat() }));
    left = left.filter(({ rows }) => rows.length > 0);
    for (let round = 0; round < maxRounds && left.length > 0; round += 1) left = left.filter((it) => !this.place(it));
    if (this.root.size === 0) this.addAlternatives(left);
    else for (const { title, rows } of left) if (isForCall(title)) this.add(this.root, rows);
    return this;
  }

  /** Adds a section's rows to the parameters that link to it, or that its title names. Returns whether there are any. */
  place({ anchor, title, rows }) {
    const linked = anchor === undefined ? [] : this.all.filter(({ anchors }) => anchors.includes(anchor));
    const owners = linked.length > 0 ? linked : this.namedBy(title);
    for (const { field } of owners) this.add((field.fields ??= new Map()), rows);
    return owners.length > 0;
  }

  /** Sections without a common table list what one kind of call takes each, so none is required of all. */
  addAlternatives(sections) {
    for (const { rows } of sections) this.add(this.root, rows);
    if (sections.length > 1) for (const field of this.root.values()) delete field.required;
  }

  namedBy(title) {
    const words = new Set(plain(title).match(/[\w$]+/g) ?? []);
    const exact = this.all.filter(({ name }) => words.has(name));
    if (exact.length > 0) return exact.slice(0, 1);
    const folded = new Set([...words].map((it) => it.toLowerCase()));
    return this.all.filter(({ name }) => name.length > 2 && folded.has(name.toLowerCase())).slice(0, 1);
  }

  add(into, rows) {
    for (const row of rows) {
      const read = fieldOf(row, rows);
      if (read) this.insert(into, read);
    }
  }

  insert(into, { path, anchors, nested, ...field }) {
    const [name, ...inner] = path;
    if (inner.length > 0) {
      const owner = into.get(name) ?? { type: 'object' };
      into.set(name, owner);
      return this.insert((owner.fields ??= new Map()), { path: inner, anchors, nested, ...field });
    }
    if (into.has(name)) return;
    into.set(name, field);
    this.all.push({ name, anchors, field });
    if (nested.length > 0) this.add((field.fields ??= new Map()), nested);
  }
}

function isForCall(title) {
  return /parameter|additional|optional|required|common|general/i.test(title);
}
