/*
 * What a key may do, told again from the documentation of keys (docs/keys in the API reference) and from nothing of the
 * gateway's code: a scope, some portals, patterns of methods.
 */

/** What a key was made with. */
export interface Rights {
  readonly scopes: readonly string[];
  /** Member ids. */
  readonly portals: 'all' | readonly string[];
  readonly methods?: readonly string[];
}

const readOperations = /\.(get|getfields|getstages|list)$/;

/** The scope that a method needs where it is called as an operation of its own. */
export function declaredScope(method: string): string {
  const family = method.toLowerCase().startsWith('tasks.api.scrum.backlog.') ? 'backlog' : 'scrum';
  return `${family}:${readOperations.test(method.toLowerCase()) ? 'read' : 'write'}`;
}

/** Why this key must not have run the method on the portal; undefined when it may. */
export function offence(
  rights: Rights,
  { scope, portal, method }: { scope: string; portal: string; method: string },
): string | undefined {
  if (!rights.scopes.includes(scope) && !rights.scopes.includes('admin')) return `without the scope ${scope}`;
  if (rights.portals !== 'all' && !rights.portals.includes(portal)) return 'on a portal of others';
  if (rights.methods && !rights.methods.some((pattern) => isLike(pattern, method))) return 'against its patterns';
  return undefined;
}

function isLike(pattern: string, method: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[^A-Za-z0-9]/g, (sign) => `\\${sign}`));
  return new RegExp(`^${escaped.join('.*')}$`, 'i').test(method);
}
