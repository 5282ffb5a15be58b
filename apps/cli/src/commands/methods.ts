import {
  Catalog,
  describeMethod,
  type FieldDescription,
  findMethods,
  type MethodDescription,
  type MethodSummary,
} from '../../../../libs/catalog/src/index';
import { CommandFailure } from '../command-failure';
import { type Column, factsOf, type Output, plain, type Style, tableOf } from '../output';

/** Reads its file when a command needs it. */
const catalog = new Catalog();

export function findByWords(paper: Output, words: string): void {
  paper.print({ methods: findMethods(catalog, words) }, methodsTable);
}

/** @throws Failure unknown_method, with the names that were perhaps meant */
export function describeOne(paper: Output, name: string): void {
  const description = describeMethod(catalog, name);
  if (!description) throw CommandFailure.of('unknown_method', adviceFor(name));
  paper.print(description, wordsOf);
}

function adviceFor(name: string): string {
  const similar = catalog.suggest(name);
  return similar.length > 0 ? `Did you mean ${similar.join(' or ')}?` : 'Search by words: `b24-gateway methods find`.';
}

const columns: readonly Column<MethodSummary>[] = [
  { title: 'METHOD', of: ({ method }) => method },
  { title: 'EFFECT', of: ({ effect }) => effect, colour: ({ effect }) => (effect === 'read' ? undefined : 'yellow') },
  { title: 'PERMISSION', of: ({ permission }) => permission },
  { title: 'USE INSTEAD', of: ({ deprecatedFor }) => deprecatedFor },
  { title: 'PARAMETERS', of: ({ parameters }) => parameters, colour: () => 'dim' },
];

function methodsTable({ methods }: { methods: readonly MethodSummary[] }, style: Style): string {
  return methods.length === 0 ? 'No method matches these words.' : tableOf(columns, methods, style);
}

function wordsOf(description: MethodDescription, style: Style): string {
  const { method, effect, permissions, notes, deprecatedFor, result, paging, errors = {}, page } = description;
  const facts = {
    effect,
    permission: permissions?.join(' or '),
    notes: notes?.join(' '),
    deprecated: deprecatedFor && (deprecatedFor.length > 0 ? `use ${deprecatedFor.join(', ')}` : 'yes'),
    result: result?.type,
    fields: result?.fields?.join(', '),
    records: result?.records && `${result.records}${result.recordId ? `, id ${result.recordId}` : ''}`,
    paging,
    errors: Object.values(errors).flat().join(', ') || undefined,
    page,
  };
  return [style.bold(plain(method)), factsOf(facts, style), ...parameterLines(description.parameters)].join('\n');
}

function parameterLines(parameters: MethodDescription['parameters']): string[] {
  if (!parameters) return [];
  const lines = Object.entries(parameters).flatMap(([name, field]) => fieldLines(name, field, '    '));
  return ['  parameters', ...(lines.length > 0 ? lines : ['    none'])];
}

/** A line for the field and, indented, one for each of its own fields. */
function fieldLines(name: string, field: FieldDescription, indent: string): string[] {
  if (typeof field === 'string') return [plain(`${indent}${name}: ${field}`)];
  const { type, values, fields = {} } = field;
  const own = Object.entries(fields).flatMap(([inner, it]) => fieldLines(inner, it, `${indent}  `));
  return [plain(`${indent}${name}: ${type}${values ? ` (${values.join(', ')})` : ''}`), ...own];
}
