import type { Command, Fault } from '@b24/portal';
import { vendorCatalog } from './vendor-catalog';

/** Adds to a portal's refusal of a command what the catalog knows: similar names, or the permission that is missing. */
export function explainRefusal({ method, v3 }: Command, fault: Fault): Fault {
  if (v3) return fault;
  if (fault.code === 'method_not_found') return withSuggestions(method, fault);
  return fault.code === 'insufficient_scope' ? withScopes(method, fault) : fault;
}

function withSuggestions(method: string, fault: Fault): Fault {
  const suggestions = vendorCatalog.suggest(method);
  return suggestions.length > 0 ? fault.with({ suggestions }) : fault;
}

function withScopes(method: string, fault: Fault): Fault {
  const scopes = vendorCatalog.find(method)?.scopes ?? [];
  if (scopes.length === 0) return fault;
  const names = scopes.map((scope) => `\`${scope}\``).join(' or ');
  return fault.with({ detail: `${fault.message} ${method} needs the permission ${names}.` });
}
