import type { Secret } from '@b24/portal';
import type { Sealer } from '@b24/seal';
import type {
  TokenFamily,
  Grant,
  Install,
  Limits,
  PortalSettingsChange,
  PortalRecord,
  TokenRejection,
  SpareInfo,
  SparePair,
  Tariff,
  TokenPair,
  GrantIssue,
} from './install';
import { maxSpares } from './spares';

/* Maps a grant to the fields of a Redis hash; docs/storage.md lists them. */

export const spareFields = ['spare1', 'spare2', 'spare3'] as const;
export const secretFields = ['accessToken', 'refreshToken', 'webhook', 'applicationToken', ...spareFields] as const;
export type SecretField = (typeof secretFields)[number];
export const openFields = [
  'install',
  'alias',
  'suspended',
  'limits',
  'tags',
  'waitingSinceMs',
  'tariff',
  'version',
  'expiresAtMs',
  'lifetimeMs',
  'refreshedAtMs',
  'rejection',
  'refreshingVersion',
  'issue',
  'family',
  'spares',
  'formerDomains',
] as const;
/** Fields that belong to the pair and its family, and are removed with them. */
export const pairFields = [
  'expiresAtMs',
  'lifetimeMs',
  'refreshedAtMs',
  'rejection',
  'refreshingVersion',
  'issue',
  'family',
];
/** Fields of the application token that authenticates events. */
export const proofFields = ['applicationToken', 'unprovenToken'];
export const allSpareFields = ['spares', ...spareFields];

export type GrantHash = Readonly<Record<string, string | undefined>>;

export function toPortalRecord(hash: GrantHash): PortalRecord | undefined {
  if (!hash['install']) return undefined;
  return {
    ...(JSON.parse(hash['install']) as Install),
    ...(hash['alias'] && { alias: hash['alias'] }),
    suspended: hash['suspended'] === '1',
    ...(hash['limits'] && { limits: JSON.parse(hash['limits']) as Limits }),
    ...(hash['tags'] && { tags: JSON.parse(hash['tags']) as string[] }),
    ...(hash['waitingSinceMs'] && { waitingSinceMs: Number(hash['waitingSinceMs']) }),
    version: Number(hash['version']),
    ...(hash['expiresAtMs'] && { expiresAtMs: Number(hash['expiresAtMs']) }),
    ...(hash['refreshedAtMs'] && { refreshedAtMs: Number(hash['refreshedAtMs']) }),
    ...(hash['issue'] && { issue: JSON.parse(hash['issue']) as GrantIssue }),
    ...(hash['family'] && { family: JSON.parse(hash['family']) as TokenFamily }),
    ...(hash['spares'] && { spares: JSON.parse(hash['spares']) as SpareInfo[] }),
    ...(hash['formerDomains'] && { formerDomains: JSON.parse(hash['formerDomains']) as string[] }),
    ...(hash['tariff'] && { tariff: JSON.parse(hash['tariff']) as Tariff }),
  };
}

/** Returns only the fields of the install. */
export function installOf(record: PortalRecord): Install {
  const { portal, kind, app, domain, endpoint, oauthServer, scope, installedAtMs } = record;
  const { userId, byAdministrator, licence, formerUser } = record;
  return {
    ...{ portal, kind, domain, endpoint, oauthServer, scope, installedAtMs },
    ...(app && { app }),
    ...(userId !== undefined && { userId }),
    ...(byAdministrator !== undefined && { byAdministrator }),
    ...(licence && { licence }),
    ...(formerUser && { formerUser }),
  };
}

/** @throws what Seal.open throws */
export function toGrant(record: PortalRecord, hash: GrantHash, seal: Sealer): Grant {
  const open = (field: SecretField) => hash[field] && seal.open(hash[field], `${record.portal}|${field}`);
  const accessToken = open('accessToken');
  const refreshToken = open('refreshToken');
  const webhook = open('webhook');
  const applicationToken = open('applicationToken');
  const expiresAtMs = Number(hash['expiresAtMs']);
  const { spares: infos = [], ...rest } = record;
  const spares = infos.flatMap((spare, i) => {
    const token = open(spareFields[i] ?? 'spare1');
    return token ? [{ ...spare, refreshToken: token }] : [];
  });
  return {
    ...rest,
    ...(accessToken &&
      refreshToken && { pair: { accessToken, refreshToken, expiresAtMs, lifetimeMs: Number(hash['lifetimeMs']) } }),
    ...(webhook && { webhook }),
    ...(applicationToken && { applicationToken }),
    ...(spares.length > 0 && { spares }),
    ...(hash['rejection'] && { rejection: JSON.parse(hash['rejection']) as TokenRejection }),
    ...(hash['refreshingVersion'] && { refreshingVersion: Number(hash['refreshingVersion']) }),
  };
}

/** Collects field, value, field, value …: plain fields as text, secrets sealed. */
export class GrantHashFields {
  readonly list: string[] = [];

  constructor(
    private readonly portal: string,
    private readonly seal: Sealer,
  ) {}

  open(fields: Readonly<Record<string, string | number | object | undefined>>): this {
    for (const [field, value] of Object.entries(fields)) {
      if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
      this.list.push(field, typeof value === 'object' ? JSON.stringify(value) : `${value}`);
    }
    return this;
  }

  sealed(secrets: Readonly<Partial<Record<SecretField, Secret | undefined>>>): this {
    for (const [field, secret] of Object.entries(secrets)) {
      if (secret) this.list.push(field, this.seal.seal(secret, `${this.portal}|${field}`));
    }
    return this;
  }

  pair(pair: TokenPair | undefined): this {
    if (!pair) return this;
    const { accessToken, refreshToken, expiresAtMs, lifetimeMs } = pair;
    return this.open({ expiresAtMs, lifetimeMs }).sealed({ accessToken, refreshToken });
  }

  spares(spares: readonly SparePair[]): this {
    const stored = spares.slice(0, maxSpares);
    if (stored.length === 0) return this;
    this.open({ spares: stored.map(withoutToken) });
    for (const [i, { refreshToken }] of stored.entries()) this.sealed({ [spareFields[i] ?? 'spare1']: refreshToken });
    return this;
  }
}

/** Returns the spare without its refresh token. */
function withoutToken(spare: SparePair): SpareInfo {
  const { id, grantedAtMs, oauthServer, scope, renewedAtMs, userId, byAdministrator, refusedAtMs } = spare;
  return {
    ...{ id, grantedAtMs, oauthServer, scope, renewedAtMs },
    ...(userId !== undefined && { userId }),
    ...(byAdministrator !== undefined && { byAdministrator }),
    ...(refusedAtMs !== undefined && { refusedAtMs }),
  };
}

/** Returns field, value, field, value …; an empty value removes the field. */
export function settingsFields({ alias, suspended, limits, tags, admitted }: PortalSettingsChange): string[] {
  const fields: string[] = [];
  if (alias !== undefined) fields.push('alias', alias ?? '');
  if (suspended !== undefined) fields.push('suspended', suspended ? '1' : '');
  if (limits !== undefined) fields.push('limits', limits ? JSON.stringify(limits) : '');
  if (admitted) fields.push('waitingSinceMs', '');
  if (tags) fields.push('tags', tags.length > 0 ? JSON.stringify([...new Set(tags)].sort()) : '');
  return fields;
}
