import { type Command, Fault, isMethodName, type PortalId } from '@b24/portal';
import type { Client, Scope } from './client';

/** What a client asks to do. */
export interface Wish {
  readonly scope: Scope;
  readonly portal?: PortalId;
  /** The vendor's method, where one is run. */
  readonly method?: string;
}

declare const allowed: unique symbol;
/** A command that a client may run on a portal. Only `allowCommand` makes one, and only such a command can be sent. */
export type AllowedCommand = Command & { readonly [allowed]: true };

/**
 * Decides about every command that is sent to a portal, whichever entry point it came by. A command whose methods can't
 * all be named is denied.
 * @throws Fault portal_not_found for a portal that the key may not use, not_allowed with what is missing
 */
export function allowCommand(
  client: Client,
  { scope, portal }: { readonly scope: Scope; readonly portal: PortalId },
  command: Command,
): AllowedCommand {
  checkAccess(client, { scope, portal });
  const methods = methodsRunBy(command);
  if (!methods) throw new Fault('not_allowed', { detail: 'What this call would run can’t be told from it.' });
  for (const method of methods) checkAccess(client, { scope, portal, method });
  return command as AllowedCommand;
}

/** @throws Fault portal_not_found for a portal that the key may not use, not_allowed with what is missing */
export function checkAccess(client: Client, wish: Wish): void {
  // As if it were not there: which portals are connected is not everyone's to know.
  if (wish.portal && !mayTouch(client, wish.portal)) throw new Fault('portal_not_found');
  const detail = whyNot(client, wish);
  if (detail !== undefined) throw new Fault('not_allowed', { detail });
}

/** The sentence that says why the key may not; undefined when it may. */
export function whyNot(client: Client, { scope, portal, method }: Wish): string | undefined {
  if (portal && !mayTouch(client, portal)) return 'This key may not use this portal.';
  const lacks = `This key lacks the scope ${scope}.`;
  if (!client.scopes.includes('admin') && !client.scopes.includes(scope)) return lacks;
  if (scope === 'admin' && !administers(client)) return `${lacks} A key for certain portals or methods can’t have it.`;
  if (method && client.methods && !client.methods.some((pattern) => matches(pattern, method)))
    return `This key may not run ${method}.`;
  return undefined;
}

export function mayTouch({ portals }: Client, portal: PortalId): boolean {
  return portals === 'all' || portals.includes(portal);
}

/** Whether the key may administer the gateway. A key limited to portals or methods could otherwise lift its own limits. */
export function administers({ scopes, portals, methods }: Client): boolean {
  return scopes.includes('admin') && portals === 'all' && methods === undefined;
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

/** The methods that the portal would run for this command; undefined when one of them can't be named. */
function methodsRunBy({ method, params, inside }: Command): readonly string[] | undefined {
  if (method.toLowerCase() !== 'batch') return inside === undefined && isMethodName(method) ? [method] : undefined;
  const { cmd } = params;
  if (!inside?.length || !Object.keys(params).every((name) => name === 'cmd' || name === 'halt')) return undefined;
  if (typeof cmd !== 'object' || cmd === null || Object.keys(cmd).length !== inside.length) return undefined;
  // What is said to be inside must be what is sent.
  const texts = cmd as Readonly<Record<string, unknown>>;
  const isNamed = inside.every((it) => isMethodName(it.method) && nameIn(texts[it.name]) === it.method);
  return isNamed ? inside.map((it) => it.method) : undefined;
}

/** The method in a command of a batch: what stands before the query of its URL. */
function nameIn(command: unknown): string | undefined {
  if (typeof command !== 'string') return undefined;
  const end = command.search(/[?#]/);
  return end < 0 ? command : command.slice(0, end);
}
