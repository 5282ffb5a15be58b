import type { Client } from './client';

export type KeyRights = Pick<Client, 'scopes' | 'portals' | 'methods'>;

/** Whether a change of a client takes no right away. Other patterns of methods count as fewer rights. */
export function keepsRights(before: KeyRights, after: KeyRights): boolean {
  return keepsScopes(before, after) && keepsPortals(before, after) && keepsMethods(before, after);
}

function keepsScopes({ scopes: before }: KeyRights, { scopes: after }: KeyRights): boolean {
  return before.every((scope) => after.includes(scope));
}

function keepsPortals({ portals: before }: KeyRights, { portals: after }: KeyRights): boolean {
  if (after === 'all') return true;
  return before !== 'all' && before.every((portal) => after.includes(portal));
}

function keepsMethods({ methods: before }: KeyRights, { methods: after }: KeyRights): boolean {
  if (after === undefined) return true;
  return before?.every((pattern) => after.includes(pattern)) ?? false;
}
