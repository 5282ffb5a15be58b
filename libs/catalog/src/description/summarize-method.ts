import type { Catalog } from '../catalog';
import { type FieldRecord, isRequired, type MethodEffect, typeOfField } from '../method-record';

/** A method in a list of several. */
export interface MethodSummary {
  readonly method: string;
  readonly effect: MethodEffect;
  /** The permissions of which one is needed, as `user or user_brief`; absent if none is. */
  readonly permission?: string;
  /** One line, as `fields: object, params?: object`; `?` marks what may be left out. Absent if it is not documented. */
  readonly parameters?: string;
  /** The methods to use instead, as far as they are named. */
  readonly deprecatedFor?: string;
}

/** Maximum characters of the line of parameters. */
const maxLine = 160;

/** Returns the methods for a task in words, at most ten, the best first. `isWanted` gets a method's name. */
export function findMethods(catalog: Catalog, words: string, isWanted?: (name: string) => boolean): MethodSummary[] {
  return catalog.search(words, isWanted).map((name) => summarizeMethod(catalog, name));
}

function summarizeMethod(catalog: Catalog, name: string): MethodSummary {
  const { effect, scopes, params, deprecatedFor } = catalog.find(name)!;
  const fields = params && Object.entries(params);
  return {
    method: name,
    effect,
    ...(scopes.length > 0 && { permission: scopes.join(' or ') }),
    ...(fields && { parameters: lineOf(fields) }),
    ...(deprecatedFor && { deprecatedFor: deprecatedFor.join(', ') || 'not named' }),
  };
}

/** Required parameters come first, so that none is cut off before an optional one. */
function lineOf(fields: readonly (readonly [string, FieldRecord])[]): string {
  const required = fields.filter(([, field]) => isRequired(field));
  const optional = fields.filter(([, field]) => !isRequired(field));
  const parts = [
    ...required.map(([name, field]) => `${name}: ${typeOfField(field) || 'any'}`),
    ...optional.map(([name, field]) => `${name}?: ${typeOfField(field) || 'any'}`),
  ];
  const fitting = parts.filter((_, i) => parts.slice(0, i + 1).join(', ').length <= maxLine);
  const left = parts.length - fitting.length;
  if (left === 0) return fitting.join(', ') || 'none';
  return [...fitting, `${left} more`].join(', ');
}
