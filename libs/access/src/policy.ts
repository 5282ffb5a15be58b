import { type Command, Fault, isMethodName, methodOfBatchCommand, type PortalId } from '@b24/portal';
import type { Client, Scope } from './client';

/** An action that a client wants to perform. */
export interface AccessRequest {
  readonly scope: Scope;
  readonly portal?: PortalId;
  /** The Bitrix24 method, if one is run. */
  readonly method?: string;
}

declare const allowed: unique symbol;
/** A command that a client may run on a portal. Only `allowCommand` returns one, and no other command can be sent. */
export type AllowedCommand = Command & { readonly [allowed]: true };

/**
 * Decides whether a command may be sent to a portal. Every entry point passes here. A command is denied unless every
 * method that it runs can be named.
 * @throws Fault portal_not_found for a portal that the key may not use, not_allowed with what is missing
 */
export function allowCommand(
  client: Client,
  { scope, portal }: { readonly scope: Scope; readonly portal: PortalId },
  command: Command,
): AllowedCommand {
  checkAccess(client, { scope, portal });
  const methods = methodsRunBy(command);
  if (!methods) throw new Fault('not_allowed', { detail: 'The methods that this call would run can’t be determined.' });
  for (const method of methods) checkAccess(client, { scope, portal, method });
  return command as AllowedCommand;
}

/** @throws Fault portal_not_found for a portal that the key may not use, not_allowed with what is missing */
export function checkAccess(client: Client, request: AccessRequest): void {
  // A hidden portal answers like a missing one, so that a key can't find out which portals are connected.
  if (request.portal && !canUsePortal(client, request.portal)) throw new Fault('portal_not_found');
  const detail = denialReason(client, request);
  if (detail !== undefined) throw new Fault('not_allowed', { detail });
}

/** Returns the sentence that says why the request is denied; undefined when it is allowed. */
export function denialReason(client: Client, { scope, portal, method }: AccessRequest): string | undefined {
  if (portal && !canUsePortal(client, portal)) return 'This key may not use this portal.';
  const lacks = `This key lacks the scope ${scope}.`;
  if (!client.scopes.includes('admin') && !client.scopes.includes(scope)) return lacks;
  if (scope === 'admin' && !isAdministrator(client))
    return `${lacks} A key for certain portals or methods can’t have it.`;
  if (method && client.methods && !client.methods.some((pattern) => matchesMethodPattern(pattern, method)))
    return `This key may not run ${method}.`;
  return undefined;
}

/** Whether the key may use the portal. */
export function canUsePortal({ portals }: Client, portal: PortalId): boolean {
  return portals === 'all' || portals.includes(portal);
}

/** Whether the key may administer the gateway. A key with limits of its own may not, because it could lift them. */
export function isAdministrator({ scopes, portals, methods }: Client): boolean {
  return scopes.includes('admin') && portals === 'all' && methods === undefined;
}

/** Matches a method name against a pattern in which `*` stands for any characters. Case is ignored. */
export function matchesMethodPattern(pattern: string, method: string): boolean {
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

/** Returns the methods that the portal would run for this command; undefined when one of them can't be named. */
function methodsRunBy({ method, params, inside, v3 }: Command): readonly string[] | undefined {
  if (v3 && method.toLowerCase() === 'batch') return methodsOfV3Batch(v3.body);
  if (method.toLowerCase() !== 'batch') return inside === undefined && isMethodName(method) ? [method] : undefined;
  const { cmd } = params;
  if (!inside?.length || !Object.keys(params).every((name) => name === 'cmd' || name === 'halt')) return undefined;
  if (typeof cmd !== 'object' || cmd === null || Object.keys(cmd).length !== inside.length) return undefined;
  // The named methods must be the ones in the text that is sent.
  const texts = cmd as Readonly<Record<string, unknown>>;
  const isNamed = inside.every((it) => isMethodName(it.method) && methodOfBatchCommand(texts[it.name]) === it.method);
  return isNamed ? inside.map((it) => it.method) : undefined;
}

/** Each command of a batch of version 3 names its method; with anything else in the list, none can be determined. */
function methodsOfV3Batch(body: unknown): readonly string[] | undefined {
  if (!Array.isArray(body) || body.length === 0) return undefined;
  const methods = body.map(methodOfV3Command);
  return methods.every((it): it is string => it !== undefined && isMethodName(it)) ? methods : undefined;
}

function methodOfV3Command(command: unknown): string | undefined {
  if (typeof command !== 'object' || command === null || !Object.hasOwn(command, 'method')) return undefined;
  const { method } = command as { method: unknown };
  return typeof method === 'string' ? method : undefined;
}
