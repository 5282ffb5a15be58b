/** A portal's member id: 32 lower-case hex digits that stay the same when its domain changes. */
export type PortalId = string & { readonly __brand: 'PortalId' };

export function isPortalId(text: string): text is PortalId {
  return /^[0-9a-f]{32}$/.test(text);
}

/** Parses a member id. @throws TypeError when the text is not one; check outside input with `isPortalId` first */
export function portalId(text: string): PortalId {
  const id = text.toLowerCase();
  if (!isPortalId(id)) throw new TypeError('A portal id is 32 hex digits.');
  return id;
}
