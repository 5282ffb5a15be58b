import type { Client } from '@b24/access';
import { Fault, type PortalId } from '@b24/portal';
import { type ClientChanges, hasNoLimitedAdmin, limitedAdminText } from './client-view';

export interface ResolvedChanges {
  readonly portals: 'all' | readonly PortalId[] | undefined;
  /** Unix milliseconds; `null` for never, undefined for no change. */
  readonly expiresAtMs: number | null | undefined;
}

/** Returns a client with the changes. @throws Fault invalid_request for a rate or limits that do not go together */
export function changedClient(before: Client, wanted: ClientChanges, resolved: ResolvedChanges): Client {
  const { name, scopes, methods } = wanted;
  const { portals, expiresAtMs } = resolved;
  const { methods: methodsBefore, expiresAtMs: expiryBefore, rate: rateBefore, ...rest } = before;
  const methodsAfter = methods === undefined ? methodsBefore : (methods ?? undefined);
  const expiryAfter = expiresAtMs === undefined ? expiryBefore : (expiresAtMs ?? undefined);
  const rate = changedRate(rateBefore, wanted);
  const after: Client = {
    ...rest,
    ...(name !== undefined && { name }),
    ...(scopes && { scopes: [...new Set(scopes)] }),
    ...(portals !== undefined && { portals }),
    ...(methodsAfter && { methods: methodsAfter }),
    ...(expiryAfter !== undefined && { expiresAtMs: expiryAfter }),
    ...(rate && { rate }),
  };
  if (!hasNoLimitedAdmin({ ...after, isRated: rate !== undefined })) throw refused('scopes', limitedAdminText);
  return after;
}

/**
 * An administrator's key may not outlive the key that makes or changes it: such a key could prolong itself.
 * @throws Fault not_allowed
 */
export function mustNotOutlive(
  editor: Pick<Client, 'expiresAtMs'>,
  { scopes, expiresAtMs }: Pick<Client, 'scopes'> & { readonly expiresAtMs?: number | undefined },
): void {
  if (editor.expiresAtMs === undefined || !scopes.includes('admin')) return;
  if (expiresAtMs !== undefined && expiresAtMs <= editor.expiresAtMs) return;
  const detail =
    'A key with the scope admin may not work longer than the key that makes or changes it: set `expiresAt`.';
  throw new Fault('not_allowed', { detail });
}

function changedRate(before: Client['rate'], { ratePerSecond, burst }: ClientChanges): Client['rate'] {
  if (ratePerSecond === undefined && burst === undefined) return before;
  const perSecond = ratePerSecond === undefined ? before?.perSecond : (ratePerSecond ?? undefined);
  if (perSecond !== undefined) return { perSecond, burst: burst ?? Math.max(1, Math.floor(perSecond)) };
  if (burst !== undefined) throw refused('burst', 'Needs ratePerSecond.');
  return undefined;
}

function refused(path: string, message: string): Fault {
  return new Fault('invalid_request', { errors: [{ path, message }] });
}
