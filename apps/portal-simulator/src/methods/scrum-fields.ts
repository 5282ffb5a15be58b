import { isNumeric, toInt } from '../bind-parameter';
import type { MethodContext } from '../method-context';
import type { PhpInput } from '../php-input';
import { refuse } from '../vendor-refusal';

/** A numeric user id that must exist; anything not numeric counts as not sent. */
export function userField(context: MethodContext, fields: PhpInput, name: string): number | undefined {
  if (!isNumeric(fields[name])) return undefined;
  const userId = toInt(fields[name]);
  if (!context.portal.scrum.users.has(userId)) refuse(`${name} user not found`);
  return userId;
}

/** The way `getFields` describes fields. */
export function integerFields(...names: string[]): Record<string, { type: string }> {
  return Object.fromEntries(names.map((name) => [name, { type: 'integer' }]));
}

export function requireGroupAccess(context: MethodContext, groupId: number): void {
  if (!context.portal.scrum.canAccess(groupId, context.caller.userId)) refuse('Access denied');
}

export function textFields(...names: string[]): Record<string, { type: string }> {
  return Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
}
