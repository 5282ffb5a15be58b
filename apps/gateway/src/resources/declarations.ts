import type { Scope } from '@b24/access';
import type { Declaration } from './declaration';
import { loadResources } from './load-resources';
import type { Resource } from './resource';

/** A declaration with what its resource says about it. */
export interface DeclaredMethod extends Declaration {
  readonly tag: string;
  readonly scope: Scope;
}

/** Every resource, found by directory. */
export const resources: readonly Resource[] = loadResources(__dirname);

/** The declared methods of a resource. */
export function methodsOf({ tag, scope, methods }: Resource): readonly DeclaredMethod[] {
  return methods.map((it) => ({ ...it, tag, scope: `${scope}:${it.verb === 'get' ? 'read' : 'write'}` }));
}

/** Every declared method. */
export const declaredMethods: readonly DeclaredMethod[] = resources.flatMap(methodsOf);
