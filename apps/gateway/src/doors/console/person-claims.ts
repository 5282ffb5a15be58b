import type { OidcSettings } from '../../oidc-settings';

/** The claims of a validated ID token, of which each may be anything. */
export type IdentityClaims = Readonly<Record<string, unknown>>;

/** A person as a session holds it. */
export interface StoredPerson {
  readonly issuer: string;
  readonly sub: string;
  /** The name for the console and the audit log. */
  readonly name: string;
  /** The entries of the settings that match the person. */
  readonly matched: readonly string[];
}

const maxNameLetters = 100;
/** OpenID Connect Core 1.0, section 2. */
const maxSubjectLetters = 255;
const maxEmailLetters = 254;
const maxGroups = 2000;

/** Returns the person whom claims describe; undefined without a usable subject. */
export function personOf(
  claims: IdentityClaims,
  { issuer, rolesClaim, people }: Pick<OidcSettings, 'issuer' | 'rolesClaim' | 'people'>,
): StoredPerson | undefined {
  const sub = claims['sub'];
  if (typeof sub !== 'string' || sub === '' || sub.length > maxSubjectLetters) return undefined;
  const email = verifiedEmail(claims);
  const held = new Set(groupsIn(claimAt(claims, rolesClaim)));
  const matches = (entry: string) => (entry.includes('@') ? entry.toLowerCase() === email : held.has(entry));
  const matched = [...new Set([...people.viewer, ...people.operator, ...people.admin])].filter(matches);
  return { issuer, sub, name: displayName(claims, email ?? sub), matched };
}

/** An address that the provider has not verified may be anybody's. */
function verifiedEmail({ email, email_verified: isVerified }: IdentityClaims): string | undefined {
  if (isVerified !== true || typeof email !== 'string' || email.length > maxEmailLetters) return undefined;
  return email.toLowerCase();
}

/** People choose their names themselves, so the address or the subject stands beside it. */
function displayName({ name, preferred_username: userName }: IdentityClaims, proof: string): string {
  const shown = [name, userName].map(plainText).find((text) => text !== '');
  return plainText(shown === undefined ? proof : `${shown.slice(0, maxNameLetters / 2)} (${proof})`).slice(
    0,
    maxNameLetters,
  );
}

/** Without control characters, line breaks and marks that turn the direction of a text. */
function plainText(value: unknown): string {
  return typeof value === 'string'
    ? value
        .slice(0, 1000)
        .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
        .trim()
    : '';
}

function groupsIn(value: unknown): string[] {
  const all = Array.isArray(value) ? value.slice(0, maxGroups) : [value];
  return all.filter((it): it is string => typeof it === 'string');
}

/** Returns the claim of this very name or, if there is none, the one at this path. */
function claimAt(claims: IdentityClaims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  return path.split('.').reduce<unknown>((value, name) => {
    const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
    return isObject ? (value as IdentityClaims)[name] : undefined;
  }, claims);
}
