import { Fault, type PortalId } from '@b24/portal';
import type { Client, Scope } from './client';

export interface Wish {
  readonly scope: Scope;
  readonly portal?: PortalId;
  /** The vendor's method, where one is run. */
  readonly method?: string;
}

/** @throws Fault not_allowed, naming what is missing */
export function checkAccess(client: Client, wish: Wish): void {
  const detail = whyNot(client, wish);
  if (detail !== undefined) throw new Fault('not_allowed', { detail });
}

/** What keeps the key from it, in one sentence; undefined when nothing does. */
export function whyNot(client: Client, { scope, portal, method }: Wish): string | undefined {
  if (!client.scopes.includes('admin') && !client.scopes.includes(scope)) return `This key lacks the scope ${scope}.`;
  if (portal && !mayTouch(client, portal)) return 'This key may not use this portal.';
  if (method && client.methods && !client.methods.some((pattern) => matches(pattern, method)))
    return `This key may not run ${method}.`;
  return undefined;
}

export function mayTouch({ portals }: Client, portal: PortalId): boolean {
  return portals === 'all' || portals.includes(portal);
}

/** `*` stands for any run of characters; the vendor's methods know no case. */
export function matches(pattern: string, method: string): boolean {
  const [head = '', ...parts] = pattern.toLowerCase().split('*');
  let rest = method.toLowerCase();
  if (!rest.startsWith(head)) return false;
  if (parts.length === 0) return rest === head;
  rest = rest.slice(head.length);
  const tail = parts.pop() ?? '';
  for (const part of parts) {
    const at = rest.indexOf(part);
    if (at < 0) return false;
    rest = rest.slice(at + part.length);
  }
  return rest.endsWith(tail);
}
