import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, isPortalId, type PortalId, Secret } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type { GrantStore, NewInstall, Renewal } from './grant-store';
import type {
  Grant,
  Install,
  Limits,
  Markings,
  NewMarkings,
  PortalRecord,
  Tariff,
  TokenPair,
  Trouble,
} from './install';
import type { Seal } from './seal';

/* Every key and field is in docs/storage.md. The braces keep a portal's keys on one node of a cluster. */
const grantKey = (portal: PortalId) => `b24:{${portal}}:grant`;
const leaseKey = (portal: PortalId) => `b24:{${portal}}:lease`;
const namesKey = 'b24:names';
const portalsKey = 'b24:portals';

const secretFields = ['accessToken', 'refreshToken', 'webhook', 'applicationToken'] as const;
type SecretField = (typeof secretFields)[number];
const openFields = [
  'install',
  'alias',
  'suspended',
  'limits',
  'tariff',
  'version',
  'expiresAtMs',
  'lifetimeMs',
  'refreshedAtMs',
  'refusedVersion',
  'trouble',
];

const scripts = ['saveGrant', 'markGrant', 'takeLease', 'releaseLease'] as const;
type Script = (typeof scripts)[number];
type Run = (key: string, ...args: (string | number)[]) => Promise<number>;

type Hash = Record<string, string | undefined>;

/** Grants as one Redis hash a portal, secrets sealed field by field. */
export class RedisGrantStore implements GrantStore {
  private readonly run: Record<Script, Run>;

  constructor(
    private readonly redis: Redis | Cluster,
    private readonly seal: Seal,
  ) {
    for (const name of scripts) {
      redis.defineCommand(name, { numberOfKeys: 1, lua: readFileSync(join(__dirname, `${name}.lua`), 'utf8') });
    }
    this.run = redis as unknown as Record<Script, Run>;
  }

  load(portal: PortalId): Promise<Grant | undefined> {
    return asking(async () => {
      const hash = (await this.redis.hgetall(grantKey(portal))) as Hash;
      const record = toRecord(hash);
      return record && this.withSecrets(record, hash);
    });
  }

  find(name: string): Promise<PortalId | undefined> {
    const id = name.toLowerCase();
    if (isPortalId(id)) return Promise.resolve(id);
    return asking(async () => ((await this.redis.hget(namesKey, id)) ?? undefined) as PortalId | undefined);
  }

  list({ after = 0, limit }: { after?: number; limit: number }): Promise<{ items: PortalRecord[]; next?: number }> {
    return asking(async () => {
      const ids = (await this.redis.zrange(portalsKey, `${after}`, `${after + limit}`)) as PortalId[];
      const records = await Promise.all(ids.slice(0, limit).map((id) => this.record(id)));
      const items = records.filter((record) => record !== undefined);
      return ids.length > limit ? { items, next: after + limit } : { items };
    });
  }

  install({ install, pair, webhook, applicationToken }: NewInstall): Promise<void> {
    return asking(async () => {
      const { portal } = install;
      const secrets = {
        ...pairSecrets(pair),
        ...(webhook && { webhook }),
        ...(applicationToken && { applicationToken }),
      };
      const before = await this.record(portal);
      const fields = [...this.sealed(portal, secrets), ...pairTimes(pair), 'install', JSON.stringify(install)];
      const stale = [
        'trouble',
        'refusedVersion',
        'refreshedAtMs',
        ...(pair ? ['webhook'] : ['accessToken', 'refreshToken']),
      ];
      // In this order: no grant without its place in the list, whatever dies in between (docs/storage.md).
      await this.redis.zadd(portalsKey, 'NX', `${install.installedAtMs}`, portal);
      await this.run.saveGrant(grantKey(portal), '', stale.join(), ...fields);
      await this.moveName(portal, before?.domain, install.domain);
    });
  }

  renew(portal: PortalId, version: number, { pair, refreshedAtMs, install }: Renewal): Promise<boolean> {
    return asking(async () => {
      const before = await this.record(portal);
      const fields = [
        ...this.sealed(portal, pairSecrets(pair)),
        ...pairTimes(pair),
        ...['refreshedAtMs', `${refreshedAtMs}`, 'install', JSON.stringify(install)],
      ];
      const saved = await this.run.saveGrant(grantKey(portal), version, 'trouble,refusedVersion', ...fields);
      // A command resent over a broken connection finds its own first run.
      if (saved === -1 && !(await this.holds(portal, pair))) return false;
      await this.moveName(portal, before?.domain, install.domain);
      return true;
    });
  }

  refuse(portal: PortalId, version: number): Promise<void> {
    return asking(async () => {
      await this.run.markGrant(grantKey(portal), version, 'refusedVersion', version);
    });
  }

  trouble(portal: PortalId, version: number, trouble: Trouble): Promise<void> {
    return asking(async () => {
      await this.run.markGrant(grantKey(portal), version, 'trouble', JSON.stringify(trouble));
    });
  }

  uninstall(portal: PortalId, trouble: Trouble): Promise<void> {
    return asking(async () => {
      const gone = [...secretFields, 'expiresAtMs', 'lifetimeMs', 'refusedVersion'].join();
      // It counts as a version, so that a refresh under way can't bring its pair back.
      for (let saved = -1; saved === -1;) {
        const before = await this.record(portal);
        if (!before) return;
        saved = await this.run.saveGrant(grantKey(portal), before.version, gone, 'trouble', JSON.stringify(trouble));
      }
    });
  }

  mark(portal: PortalId, markings: NewMarkings): Promise<Markings | undefined> {
    return asking(async () => {
      const before = await this.record(portal);
      if (!before) return undefined;
      if (markings.alias) await this.claim(markings.alias, portal);
      await this.run.markGrant(grantKey(portal), '', ...markedFields(markings));
      if (markings.alias) await this.keepClaim(markings.alias, portal);
      if (markings.alias !== undefined && before.alias && before.alias !== markings.alias) {
        await this.redis.hdel(namesKey, before.alias);
      }
      return this.record(portal);
    });
  }

  learnTariff(portal: PortalId, tariff: Tariff): Promise<void> {
    return asking(async () => {
      await this.run.markGrant(grantKey(portal), '', 'tariff', JSON.stringify(tariff));
    });
  }

  forget(portal: PortalId): Promise<boolean> {
    return asking(async () => {
      const record = await this.record(portal);
      if (!record) return false;
      for (const name of [record.domain, record.alias]) {
        if (name && (await this.redis.hget(namesKey, name)) === portal) await this.redis.hdel(namesKey, name);
      }
      await this.redis.del(grantKey(portal));
      await this.redis.zrem(portalsKey, portal);
      return true;
    });
  }

  applicationToken(portal: PortalId): Promise<Secret | undefined> {
    return asking(async () => {
      const sealed = await this.redis.hget(grantKey(portal), 'applicationToken');
      return sealed ? this.seal.open(sealed, `${portal}|applicationToken`) : undefined;
    });
  }

  lease(portal: PortalId, holder: string, forMs: number): Promise<boolean> {
    return asking(async () => (await this.run.takeLease(leaseKey(portal), holder, forMs)) === 1);
  }

  release(portal: PortalId, holder: string): Promise<void> {
    return asking(async () => {
      await this.run.releaseLease(leaseKey(portal), holder);
    });
  }

  private async record(portal: PortalId): Promise<PortalRecord | undefined> {
    const values = await this.redis.hmget(grantKey(portal), ...openFields);
    return toRecord(Object.fromEntries(openFields.map((field, i) => [field, values[i] ?? undefined])));
  }

  private async holds(portal: PortalId, pair: TokenPair): Promise<boolean> {
    const sealed = await this.redis.hget(grantKey(portal), 'refreshToken');
    return !!sealed && this.seal.open(sealed, `${portal}|refreshToken`).reveal() === pair.refreshToken.reveal();
  }

  private async claim(name: string, portal: PortalId): Promise<void> {
    await this.redis.hsetnx(namesKey, name, portal);
    const owner = (await this.redis.hget(namesKey, name)) as PortalId | null;
    if (owner === portal) return;
    const other = owner && (await this.record(owner));
    if (other && (other.alias === name || other.domain === name)) throw new Fault('alias_taken');
    // Left behind by a replica that died between two keys; `mark` looks whether it is still ours in the end.
    await this.redis.hset(namesKey, name, portal);
  }

  /** Two who took over the same left-behind name at once: the last has it, the other is told. */
  private async keepClaim(name: string, portal: PortalId): Promise<void> {
    if ((await this.redis.hget(namesKey, name)) === portal) return;
    await this.run.markGrant(grantKey(portal), '', 'alias', '');
    throw new Fault('alias_taken');
  }

  /** The domain leads to the portal, the one it left does not. */
  private async moveName(portal: PortalId, from: string | undefined, to: string): Promise<void> {
    if (from && from !== to && (await this.redis.hget(namesKey, from)) === portal)
      await this.redis.hdel(namesKey, from);
    await this.redis.hset(namesKey, to, portal);
  }

  private sealed(portal: PortalId, secrets: Partial<Record<SecretField, Secret>>): string[] {
    return Object.entries(secrets).flatMap(([field, secret]) => [field, this.seal.close(secret, `${portal}|${field}`)]);
  }

  private withSecrets(record: PortalRecord, hash: Hash): Grant {
    const open = (field: SecretField) => hash[field] && this.seal.open(hash[field], `${record.portal}|${field}`);
    const accessToken = open('accessToken');
    const refreshToken = open('refreshToken');
    const webhook = open('webhook');
    const expiresAtMs = Number(hash['expiresAtMs']);
    return {
      ...record,
      ...(accessToken &&
        refreshToken && { pair: { accessToken, refreshToken, expiresAtMs, lifetimeMs: Number(hash['lifetimeMs']) } }),
      ...(webhook && { webhook }),
      ...(hash['refusedVersion'] && { refusedVersion: Number(hash['refusedVersion']) }),
    };
  }
}

function pairSecrets(pair: TokenPair | undefined): Partial<Record<SecretField, Secret>> {
  return pair ? { accessToken: pair.accessToken, refreshToken: pair.refreshToken } : {};
}

function pairTimes(pair: TokenPair | undefined): string[] {
  return pair ? ['expiresAtMs', `${pair.expiresAtMs}`, 'lifetimeMs', `${pair.lifetimeMs}`] : [];
}

/** Field, value, field, value …; an empty value removes the field. */
function markedFields({ alias, suspended, limits }: NewMarkings): string[] {
  const fields: string[] = [];
  if (alias !== undefined) fields.push('alias', alias ?? '');
  if (suspended !== undefined) fields.push('suspended', suspended ? '1' : '');
  if (limits !== undefined) fields.push('limits', limits ? JSON.stringify(limits) : '');
  return fields;
}

function toRecord(hash: Hash): PortalRecord | undefined {
  if (!hash['install']) return undefined;
  return {
    ...(JSON.parse(hash['install']) as Install),
    ...(hash['alias'] && { alias: hash['alias'] }),
    suspended: hash['suspended'] === '1',
    ...(hash['limits'] && { limits: JSON.parse(hash['limits']) as Limits }),
    version: Number(hash['version']),
    ...(hash['expiresAtMs'] && { expiresAtMs: Number(hash['expiresAtMs']) }),
    ...(hash['refreshedAtMs'] && { refreshedAtMs: Number(hash['refreshedAtMs']) }),
    ...(hash['trouble'] && { trouble: JSON.parse(hash['trouble']) as Trouble }),
    ...(hash['tariff'] && { tariff: JSON.parse(hash['tariff']) as Tariff }),
  };
}

async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
  }
}
