import type { PortalRecord } from './install';

const maxFormerDomains = 3;

/** Returns the former hosts of a portal that is now at `domain`, newest first. */
export function formerDomains(
  before: Pick<PortalRecord, 'domain' | 'formerDomains'> | undefined,
  domain: string,
): string[] {
  if (!before) return [];
  const left = [before.domain, ...(before.formerDomains ?? [])];
  return [...new Set(left)].filter((it) => it !== domain).slice(0, maxFormerDomains);
}
