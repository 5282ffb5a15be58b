import type { ClientKey } from '../api-types';

/** What a key may do, as it is typed. */
export interface KeyDraft {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Names between commas; all portals when empty. */
  readonly portals: string;
  readonly methods: string;
  /** One of the offered choices. */
  readonly expiry: string;
  readonly rate: string;
}

/** Words between commas, spaces or lines. */
export const listOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** The fields of a key as they can be typed. */
export function draftOf({ name, scopes, portals, methods = [], ratePerSecond }: ClientKey): KeyDraft {
  return {
    name,
    scopes,
    portals: portals === 'all' ? '' : portals.join(', '),
    methods: methods.join(', '),
    expiry: 'as is',
    rate: ratePerSecond === undefined ? '' : `${ratePerSecond}`,
  };
}

/** The body of the request that makes a key what was typed: what stays is left out. */
export function changesOf(client: ClientKey, draft: KeyDraft): Record<string, unknown> {
  const before = draftOf(client);
  const isChanged = (field: keyof KeyDraft) => String(draft[field]) !== String(before[field]);
  const [portals, methods] = [listOf(draft.portals), listOf(draft.methods)];
  return {
    ...(isChanged('name') && { name: draft.name }),
    ...(isChanged('scopes') && { scopes: draft.scopes }),
    ...(isChanged('portals') && { portals: portals.length > 0 ? portals : 'all' }),
    ...(isChanged('methods') && { methods: methods.length > 0 ? methods : null }),
    ...(isChanged('rate') && { ratePerSecond: draft.rate === '' ? null : Number(draft.rate) }),
    ...expiryOf(draft.expiry),
  };
}

function expiryOf(choice: string): Record<string, unknown> {
  if (choice === 'as is') return {};
  return choice === 'never' ? { expiresAt: null } : { expiresInDays: Number(choice) };
}
