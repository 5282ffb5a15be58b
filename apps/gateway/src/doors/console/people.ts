import { createHash } from 'node:crypto';
import { type Client, type PersonRole, type Scope } from '@b24/access';
import { type OidcSettings, roleOf } from '../../oidc-settings';
import { type IdentityClaims, personOf, type StoredPerson } from './person-claims';

/** What the line below the operations lets a role do. The operations themselves are in role-rules.ts. */
const scopesOfRole: Readonly<Record<PersonRole, readonly Scope[]>> = {
  viewer: ['portals:read'],
  operator: ['portals:read', 'portals:write'],
  admin: ['admin'],
};

/** The people who may use the console, as the settings of this replica say. */
export class People {
  constructor(private readonly settings: OidcSettings | undefined) {}

  /** Returns the person whom claims describe, whether or not the person has a role. */
  read(claims: IdentityClaims): StoredPerson | undefined {
    return this.settings && personOf(claims, this.settings);
  }

  /** Returns the client of a person; undefined for one without a role or of another issuer. */
  clientOf(person: StoredPerson): Client | undefined {
    const { settings } = this;
    const role = settings?.issuer === person.issuer ? roleOf(settings, person.matched) : undefined;
    if (!role) return undefined;
    const { sub, name } = person;
    return {
      id: idOfPerson(person),
      name,
      scopes: scopesOfRole[role],
      portals: 'all',
      createdAtMs: 0,
      person: { sub, role },
    };
  }
}

/** Returns the id of a person in the audit log. It stays the same when the person's name changes. */
export function idOfPerson({ issuer, sub }: Pick<StoredPerson, 'issuer' | 'sub'>): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([issuer, sub]))
    .digest('hex');
  return `p_${digest.slice(0, 32)}`;
}
