import type { Scope } from '@b24/access';
import { declaredMethods } from './declarations';

/** The scopes that no resource declares. */
const ownScopes = [
  ['call', 'Call any Bitrix24 method'],
  ['portals:read', 'See portals'],
  ['portals:write', 'Add, change and forget portals'],
  ['calls:read', 'See the call log'],
  ['admin', 'Everything, including keys and the console'],
] as const satisfies readonly (readonly [Scope, string])[];

const declaredScopes = [...new Set(declaredMethods.map(({ scope }) => scope))].map((scope) => {
  const methods = declaredMethods.filter((it) => it.scope === scope);
  const tags = [...new Set(methods.map(({ tag }) => tag.replaceAll('-', ' ')))];
  return [scope, `${scope.endsWith(':read') ? 'Read' : 'Change'} ${tags.join(', ')}`] as const;
});

/** Every scope of client keys, with the sentence that describes it to the person who creates a key. */
export const scopeDescriptions: ReadonlyMap<Scope, string> = new Map<Scope, string>([...declaredScopes, ...ownScopes]);

export const scopes: readonly Scope[] = [...scopeDescriptions.keys()];
