import { isMap } from '../php-input';
import type { V3Entity } from './select-fields';
import { V3Refusal } from './v3-refusal';
import type { V3Row } from './v3-store';

type RowTest = (row: V3Row) => boolean;

type Comparison = (value: unknown, wanted: unknown) => boolean;

const operators: Readonly<Record<string, Comparison>> = {
  '=': (value, wanted) => compare(value, wanted) === 0,
  '!=': (value, wanted) => compare(value, wanted) !== 0,
  '>': (value, wanted) => compare(value, wanted) > 0,
  '>=': (value, wanted) => compare(value, wanted) >= 0,
  '<': (value, wanted) => compare(value, wanted) < 0,
  '<=': (value, wanted) => compare(value, wanted) <= 0,
  in: (value, wanted) => listOf(wanted).some((one) => compare(value, one) === 0),
  between: (value, wanted) => {
    const [from, to] = listOf(wanted);
    return compare(value, from) >= 0 && compare(value, to) <= 0;
  },
};

/** The test that `filter` describes: conditions, and groups of conditions, all of which must be met. */
export function filterOf(filter: unknown, entity: V3Entity): RowTest {
  const tests = conditionsOf(filter).map((condition) => conditionOf(condition, entity));
  return (row) => tests.every((test) => test(row));
}

function conditionOf(condition: unknown, entity: V3Entity): RowTest {
  if (isMap(condition)) return groupOf(condition, entity);
  if (!Array.isArray(condition) || condition.length < 2) throw V3Refusal.of('INVALIDFILTER', 'Cannot recognize filter');
  const [field, second, third] = condition as unknown[];
  const wanted = condition.length > 2 ? third : second;
  const operator = condition.length > 2 ? String(second) : Array.isArray(second) ? 'in' : '=';
  const name = String(field);
  if (!entity.fields.includes(name)) throw V3Refusal.unknownField(name, entity.name);
  const compares = operators[operator];
  if (compares === undefined) throw V3Refusal.of('UNKNOWNFILTEROPERATOR', `Unknown filter operator \`${operator}\``);
  return (row) => compares(row[name], wanted);
}

function groupOf({ logic, conditions }: Record<string, unknown>, entity: V3Entity): RowTest {
  const tests = conditionsOf(conditions).map((condition) => conditionOf(condition, entity));
  return (row) => (logic === 'or' ? tests.some((test) => test(row)) : tests.every((test) => test(row)));
}

function conditionsOf(filter: unknown): unknown[] {
  if (filter === undefined) return [];
  if (!Array.isArray(filter)) throw V3Refusal.of('INVALIDFILTER', 'Cannot recognize filter');
  return filter;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Numbers by value, everything else by its text. */
export function compare(left: unknown, right: unknown): number {
  if (typeof left === 'number') return left - Number(right);
  const [one, other] = [String(left), String(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}
