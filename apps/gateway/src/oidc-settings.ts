import { type PersonRole, personRoles } from '@b24/access';
import { Secret } from '@b24/portal';
import { z } from 'zod';

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((it) => it.trim())
    .filter(Boolean),
);

/** How people sign in to the console: the settings that `oidcSettings` reads. */
export const oidcShape = {
  OIDC_ISSUER: z
    .string()
    .refine(isIssuer, {
      error:
        'OIDC_ISSUER must be the https URL of the issuer, as its /.well-known/openid-configuration says it, without user, query or fragment; http for this machine only.',
    })
    .optional(),
  OIDC_CLIENT_ID: z.string().max(255).optional(),
  OIDC_CLIENT_SECRET: z.string().max(4096).optional(),
  OIDC_NAME: z.string().trim().max(60, 'OIDC_NAME must have at most 60 characters.').optional(),
  OIDC_SCOPE: z
    .string()
    .regex(/^openid(?: [\x21-\x7e]+)*$/, 'OIDC_SCOPE must be scopes separated by spaces, `openid` first.')
    .default('openid email profile'),
  OIDC_ROLES_CLAIM: z.string().max(200).default('groups'),
  OIDC_VIEWERS: list.default([]),
  OIDC_OPERATORS: list.default([]),
  OIDC_ADMINS: list.default([]),
};

type OidcEnvironment = z.output<z.ZodObject<typeof oidcShape>>;

export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** The provider's name on the sign-in page. */
  readonly name: string;
  readonly scope: string;
  /** The claim with the groups or roles of a person: a name, or a path with dots. */
  readonly rolesClaim: string;
  /** Who has a role: values of the claim or, with an `@`, verified e-mail addresses. */
  readonly people: Readonly<Record<PersonRole, readonly string[]>>;
}

/** Says what is missing; undefined when the settings are complete, or when none is there. */
export function oidcMistake(it: OidcEnvironment): string | undefined {
  const named = [it.OIDC_ISSUER, it.OIDC_CLIENT_ID, it.OIDC_CLIENT_SECRET];
  const people = [...it.OIDC_VIEWERS, ...it.OIDC_OPERATORS, ...it.OIDC_ADMINS];
  if (!named.some(Boolean)) return people.length > 0 ? 'OIDC_ISSUER is missing: who signs people in.' : undefined;
  if (!named.every(Boolean)) return 'Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none of them.';
  if (people.length === 0)
    return 'Nobody could sign in: set OIDC_ADMINS, OIDC_OPERATORS or OIDC_VIEWERS to groups or e-mail addresses.';
  return undefined;
}

export function oidcSettings(it: OidcEnvironment): OidcSettings | undefined {
  if (!it.OIDC_ISSUER || !it.OIDC_CLIENT_ID || !it.OIDC_CLIENT_SECRET) return undefined;
  const listed = { viewer: it.OIDC_VIEWERS, operator: it.OIDC_OPERATORS, admin: it.OIDC_ADMINS };
  return {
    issuer: it.OIDC_ISSUER,
    clientId: it.OIDC_CLIENT_ID,
    clientSecret: new Secret(it.OIDC_CLIENT_SECRET),
    name: it.OIDC_NAME ?? new URL(it.OIDC_ISSUER).host,
    scope: it.OIDC_SCOPE,
    rolesClaim: it.OIDC_ROLES_CLAIM,
    people: listed,
  };
}

/** Returns the highest role of which an entry matches; undefined without one. */
export function roleOf({ people }: Pick<OidcSettings, 'people'>, matched: readonly string[]): PersonRole | undefined {
  return personRoles.findLast((role) => people[role].some((entry) => matched.includes(entry)));
}

function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username + password + search + hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname));
}
