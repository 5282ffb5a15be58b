import { Fault, type PortalId } from '@b24/portal';
import type { Client, Scope } from './client';

export interface Wish {
  readonly scope: Scope;
  readonly portal?: PortalId;
  /** The vendor's method, where one is run. */
  readonly method?: string;
}

/** @throws Fault not_allowed, naming what is missing */
export function checkAccess(client: Client, { scope, portal, method }: Wish): void {
  if (!client.scopes.includes('admin') && !client.scopes.includes(scope)) {
    throw new Fault('not_allowed', { detail: `This key lacks the scope ${scope}.` });
  }
  if (portal && !mayTouch(client, portal)) {
    throw new Fault('not_allowed', { detail: 'This key may not use this portal.' });
  }
  if (method && client.methods && !client.methods.some((pattern) => matches(pattern, method))) {
    throw new Fault('not_allowed', { detail: `This key may not run ${method}.` });
  }
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
