import { randomUUID } from 'node:crypto';
import { Fault, isPortalId, type PortalId, type Secret, type Sealer, type Seals } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Cluster, Redis } from 'ioredis';
import { defaultApp } from './app';
import { formerDomains } from './former-domains';
import {
  allSpareFields,
  type Hash,
  HashFields,
  installOf,
  markedFields,
  openFields,
  pairFields,
  proofFields,
  secretFields,
  spareFields,
  toGrant,
  toRecord,
} from './grant-hash';
import type { Duty, GrantStore, NewInstall, Renewal } from './grant-store';
import { savedAsOfMs } from './idle';
import type {
  Grant,
  Install,
  Markings,
  NewMarkings,
  PortalRecord,
  Refusal,
  SpareChain,
  Tariff,
  Trouble,
} from './install';
import type { PortalEndpoint } from './portal-endpoint';
import { PortalNames } from './portal-names';
import { asSpare, exchanged, keptSpares, leftBehind } from './spares';

/* Every key and field is in docs/storage.md. The braces keep a portal's keys on one node of a cluster. */
const grantKey = (portal: PortalId) => `b24:{${portal}}:grant`;
const leaseKey = (of: PortalId | Duty) => (isPortalId(of) ? `b24:{${of}}:lease` : `b24:${of}:lease`);
const portalsKey = 'b24:portals';
const idleKey = 'b24:idle';

const scripts = { saveGrant: 1, markGrant: 1, swapSpares: 1, takeLease: 1, releaseLease: 1 } as const;

/** Records read for one page, where only some are wanted. */
const mostReadForAPage = 2000;

/** Grants as one Redis hash a portal, secrets sealed field by field. */
export class RedisGrantStore implements GrantStore {
  private readonly run;
  private readonly seal: Sealer;
  private readonly names: PortalNames;

  constructor(
    private readonly redis: Redis | Cluster,
    seals: Seals,
    /** Told of each trouble that is written down. */
    private readonly troubled: (portal: PortalId, trouble: Trouble) => void = () => undefined,
  ) {
    this.run = loadScripts<Record<keyof typeof scripts, number>>(redis, __dirname, scripts);
    this.seal = seals.for('grants');
    this.names = new PortalNames(redis, (portal) => this.record(portal));
  }

  load(portal: PortalId): Promise<Grant | undefined> {
    return orStoreUnavailable(async () => {
      const hash = (await this.redis.hgetall(grantKey(portal))) as Hash;
      const record = toRecord(hash);
      return record && toGrant(record, hash, this.seal);
    });
  }

  find(name: string): Promise<PortalId | undefined> {
    const id = name.toLowerCase();
    if (isPortalId(id)) return Promise.resolve(id);
    return orStoreUnavailable(() => this.names.find(id));
  }

  list({
    after = 0,
    limit,
    among,
    only,
  }: Parameters<GrantStore['list']>[0]): Promise<{ items: PortalRecord[]; next?: number }> {
    return orStoreUnavailable(async () => {
      const items: PortalRecord[] = [];
      const readAtOnce = only ? 200 : limit + 1;
      const own = among && (await this.inOrder(among));
      let at = after;
      while (at - after < mostReadForAPage) {
        const ids = own ? own.slice(at, at + readAtOnce) : await this.idsFrom(at, readAtOnce);
        const records = await Promise.all(ids.map((id) => this.record(id)));
        for (const record of records) {
          if (items.length === limit) return { items, next: at };
          if (record && (only?.(record) ?? true)) items.push(record);
          at++;
        }
        if (ids.length < readAtOnce) return { items };
      }
      return { items, next: at };
    });
  }

  private async idsFrom(at: number, count: number): Promise<PortalId[]> {
    return (await this.redis.zrange(portalsKey, `${at}`, `${at + count - 1}`)) as PortalId[];
  }

  /** Those of the portals that are there, as the whole list has them. */
  private async inOrder(portals: readonly PortalId[]): Promise<PortalId[]> {
    if (portals.length === 0) return [];
    const scores = await this.redis.zmscore(portalsKey, ...portals);
    const found = portals.flatMap((portal, i) => {
      const score = scores[i];
      return score === null || score === undefined ? [] : [{ portal, score: Number(score) }];
    });
    return found.sort((a, b) => a.score - b.score || (a.portal < b.portal ? -1 : 1)).map(({ portal }) => portal);
  }

  install(wanted: NewInstall): Promise<boolean> {
    return orStoreUnavailable(async () => {
      const { install, pair } = wanted;
      const { portal, installedAtMs } = install;
      const chain = pair && (wanted.chain ?? { id: randomUUID(), grantedAtMs: installedAtMs });
      // In this order: no grant without its place in the list, whatever dies in between (docs/storage.md).
      await this.redis.zadd(portalsKey, 'NX', `${installedAtMs}`, portal);
      if (pair) await this.redis.zadd(idleKey, `${savedAsOfMs(portal, installedAtMs)}`, portal);
      for (;;) {
        const hash = (await this.redis.hgetall(grantKey(portal))) as Hash;
        const before = this.readable(hash);
        // A command resent over a broken connection finds its own first run.
        const isThere = chain !== undefined && before?.chain?.id === chain.id;
        if (!isThere && !mayReplace(wanted, before)) return false;
        if (!isThere && (await this.replace(hash, before, { ...wanted, ...(chain && { chain }) })) === -1) continue;
        await this.names.move(portal, before, install.domain, isWaiting(wanted, before));
        return true;
      }
    });
  }

  private replace(
    hash: Hash,
    before: Grant | undefined,
    { install, pair, chain, webhook, applicationToken, waits }: NewInstall,
  ) {
    const { portal, installedAtMs, domain } = install;
    const spares = pair ? leftBehind(before, install) : [];
    const fields = new HashFields(portal, this.seal)
      .open({ install, chain, formerDomains: formerDomains(before, domain) })
      .open({ waitingSinceMs: waits && !before ? installedAtMs : undefined })
      .pair(pair)
      .sealed({ webhook, applicationToken })
      .open({ unprovenToken: applicationToken && !install.byAdministrator ? 1 : undefined })
      .spares(keptSpares(spares, install, installedAtMs));
    const unused = pair ? ['webhook'] : ['accessToken', 'refreshToken'];
    const isProofKept = !applicationToken && before?.app === install.app && !isProofDoubted(hash, install);
    const stale = [...pairFields, ...allSpareFields, ...unused, ...(isProofKept ? [] : proofFields)];
    return this.save(portal, hash, stale, fields);
  }

  keepSpare(portal: PortalId, spare: SpareChain): Promise<void> {
    return orStoreUnavailable(async () => {
      for (let kept = false; !kept;) {
        const hash = (await this.redis.hgetall(grantKey(portal))) as Hash;
        const before = this.readable(hash);
        const spares = before?.spares ?? [];
        if (!before?.pair || spares.some(({ id }) => id === spare.id)) return;
        kept = await this.swap(portal, hash, keptSpares([spare, ...spares], before, spare.renewedAtMs));
      }
    });
  }

  renew(portal: PortalId, version: number, renewal: Renewal): Promise<boolean> {
    return orStoreUnavailable(async () => {
      for (;;) {
        const hash = (await this.redis.hgetall(grantKey(portal))) as Hash;
        const record = toRecord(hash);
        if (!record) return false;
        const before = toGrant(record, hash, this.seal);
        // A command resent over a broken connection finds its own first run.
        if (holds(before, renewal)) return true;
        const saved =
          before.version === version
            ? await this.saveRenewal(hash, before, renewal)
            : await this.renewSpare(hash, before, renewal);
        if (saved !== undefined) return saved;
      }
    });
  }

  begin(portal: PortalId, version: number, begun: true | null): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.markGrant(grantKey(portal), version, 'begunVersion', begun ? version : '');
    });
  }

  refuseSpare(portal: PortalId, chainId: string, atMs: number): Promise<void> {
    return orStoreUnavailable(async () => {
      for (let swapped = false; !swapped;) {
        const hash = (await this.redis.hgetall(grantKey(portal))) as Hash;
        const record = toRecord(hash);
        const spares = record && (toGrant(record, hash, this.seal).spares ?? []);
        const refused = spares?.find(({ id, refusedAtMs }) => id === chainId && refusedAtMs === undefined);
        if (!spares || !refused) return;
        swapped = await this.swap(portal, hash, exchanged(spares, { ...refused, refusedAtMs: atMs }));
      }
    });
  }

  refuse(portal: PortalId, refusal: Refusal): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.markGrant(grantKey(portal), refusal.version, 'refused', JSON.stringify(refusal));
    });
  }

  trouble(portal: PortalId, version: number, trouble: Trouble): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.markGrant(grantKey(portal), version, 'trouble', JSON.stringify(trouble));
      this.troubled(portal, trouble);
    });
  }

  heal(portal: PortalId, version: number): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.markGrant(grantKey(portal), version, 'trouble', '', 'refused', '');
    });
  }

  move(portal: PortalId, version: number, to: PortalEndpoint): Promise<void> {
    return orStoreUnavailable(async () => {
      const before = await this.record(portal);
      if (before?.version !== version) return;
      const fields = new HashFields(portal, this.seal).open({
        install: installOf({ ...before, ...to }),
        formerDomains: formerDomains(before, to.domain),
      });
      if ((await this.run.markGrant(grantKey(portal), version, ...fields.list)) === 1)
        await this.names.move(portal, before, to.domain, before.waitingSinceMs !== undefined);
    });
  }

  uninstall(portal: PortalId, trouble: Trouble): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.redis.zrem(idleKey, portal);
      const gone = [...secretFields, ...proofFields, ...pairFields, ...allSpareFields];
      // It counts as a version, so that a refresh under way can't bring its pair back.
      for (let saved = -1; saved === -1;) {
        const [install, version, spares] = await this.redis.hmget(grantKey(portal), 'install', 'version', 'spares');
        if (!install) return;
        const hash = { version: version ?? '', spares: spares ?? '' };
        saved = await this.save(portal, hash, gone, new HashFields(portal, this.seal).open({ trouble }));
      }
      this.troubled(portal, trouble);
    });
  }

  mark(portal: PortalId, markings: NewMarkings): Promise<Markings | undefined> {
    return orStoreUnavailable(async () => {
      const before = await this.record(portal);
      if (!before) return undefined;
      if (markings.alias) await this.names.claim(markings.alias, portal);
      await this.run.markGrant(grantKey(portal), '', ...markedFields(markings));
      if (markings.alias && !(await this.names.leadsTo(markings.alias, portal))) {
        // Two who took over the same left-behind name at once: the last has it, the other learns that here.
        await this.run.markGrant(grantKey(portal), '', 'alias', '');
        throw new Fault('alias_taken');
      }
      if (markings.alias !== undefined && before.alias && before.alias !== markings.alias)
        await this.names.drop(before.alias, portal);
      if (markings.admitted) await this.names.move(portal, before, before.domain, false);
      return this.record(portal);
    });
  }

  learnTariff(portal: PortalId, tariff: Tariff): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.markGrant(grantKey(portal), '', 'tariff', JSON.stringify(tariff));
    });
  }

  forget(portal: PortalId): Promise<boolean> {
    return orStoreUnavailable(async () => {
      const record = await this.record(portal);
      if (!record) return false;
      for (const name of [record.domain, record.alias, ...(record.formerDomains ?? [])])
        await this.names.drop(name, portal);
      await this.redis.zrem(idleKey, portal);
      await this.redis.del(grantKey(portal));
      await this.redis.zrem(portalsKey, portal);
      return true;
    });
  }

  applicationToken(portal: PortalId, app: string): Promise<Secret | undefined> {
    return orStoreUnavailable(async () => {
      const [install, sealed] = await this.redis.hmget(grantKey(portal), 'install', 'applicationToken');
      if (!install || !sealed || ((JSON.parse(install) as Install).app ?? defaultApp) !== app) return undefined;
      return this.seal.open(sealed, `${portal}|applicationToken`);
    });
  }

  idle({ notSinceMs, limit }: { notSinceMs: number; limit: number }): Promise<PortalId[]> {
    return orStoreUnavailable(
      async () => (await this.redis.zrangebyscore(idleKey, '-inf', notSinceMs, 'LIMIT', 0, limit)) as PortalId[],
    );
  }

  putOff(portal: PortalId, asOfMs: number | null): Promise<void> {
    return orStoreUnavailable(async () => {
      if (asOfMs === null) await this.redis.zrem(idleKey, portal);
      else await this.redis.zadd(idleKey, 'XX', `${asOfMs}`, portal);
    });
  }

  lease(of: PortalId | Duty, holder: string, forMs: number): Promise<boolean> {
    return orStoreUnavailable(async () => (await this.run.takeLease(leaseKey(of), holder, forMs)) === 1);
  }

  release(of: PortalId | Duty, holder: string): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.releaseLease(leaseKey(of), holder);
    });
  }

  private async record(portal: PortalId): Promise<PortalRecord | undefined> {
    const values = await this.redis.hmget(grantKey(portal), ...openFields);
    return toRecord(Object.fromEntries(openFields.map((field, i) => [field, values[i] ?? undefined])));
  }

  /** The grant; without its secrets where their key was lost, since an install must be able to replace it. */
  private readable(hash: Hash): Grant | undefined {
    const record = toRecord(hash);
    if (!record) return undefined;
    try {
      return toGrant(record, hash, this.seal);
    } catch {
      return { ...record, spares: [] };
    }
  }

  /** Undefined when another came first. */
  private async saveRenewal(hash: Hash, before: Grant, renewal: Renewal): Promise<true | undefined> {
    const { chain, pair, refreshedAtMs, install } = renewal;
    const { portal } = before;
    const others = (before.spares ?? []).filter(({ id }) => id !== chain.id);
    const left = before.chain?.id === chain.id ? [] : asSpare(before, refreshedAtMs);
    const fields = new HashFields(portal, this.seal)
      .open({ install, chain, refreshedAtMs, formerDomains: formerDomains(before, install.domain) })
      .open({ refused: before.refused })
      .pair(pair)
      .spares(keptSpares([...left, ...others], install, refreshedAtMs));
    if ((await this.save(portal, hash, [...pairFields, ...allSpareFields], fields)) === -1) return undefined;
    await this.names.move(portal, before, install.domain, before.waitingSinceMs !== undefined);
    await this.redis.zadd(idleKey, `${savedAsOfMs(portal, refreshedAtMs)}`, portal);
    return true;
  }

  /** The chain went out of use while it was refreshed; if it is a spare now, it is a living one again. */
  private async renewSpare(
    hash: Hash,
    { portal, spares }: Grant,
    { chain, pair, refreshedAtMs }: Renewal,
  ): Promise<boolean | undefined> {
    const spare = spares?.find(({ id }) => id === chain.id);
    if (!spare) return false;
    const { id, grantedAtMs, oauthServer, scope, userId, byAdministrator } = spare;
    const renewed = {
      ...{ id, grantedAtMs, oauthServer, scope, refreshToken: pair.refreshToken, renewedAtMs: refreshedAtMs },
      ...(userId !== undefined && { userId }),
      ...(byAdministrator !== undefined && { byAdministrator }),
    };
    return (await this.swap(portal, hash, exchanged(spares ?? [], renewed))) ? true : undefined;
  }

  /** False when somebody else changed them since the hash was read. */
  private async swap(portal: PortalId, hash: Hash, spares: readonly SpareChain[]): Promise<boolean> {
    const fields = new HashFields(portal, this.seal).spares(spares);
    const unused = spareFields.slice(spares.length).flatMap((field) => [field, '']);
    return (await this.run.swapSpares(grantKey(portal), hash['spares'] ?? '', ...fields.list, ...unused)) === 1;
  }

  /** -1 when somebody else saved since the hash was read. */
  private save(portal: PortalId, { version, spares }: Hash, stale: readonly string[], fields: HashFields) {
    return this.run.saveGrant(grantKey(portal), version ?? '', spares ?? '', stale.join(), ...fields.list);
  }
}

function mayReplace({ over }: NewInstall, before: Grant | undefined): boolean {
  return over === undefined || over === (before?.version ?? null);
}

function isWaiting({ waits }: NewInstall, before: Grant | undefined): boolean {
  return before ? before.waitingSinceMs !== undefined : waits === true;
}

/** No administrator brought the application token, and now one installs. */
function isProofDoubted({ unprovenToken }: Hash, { byAdministrator }: Install): boolean {
  return unprovenToken !== undefined && byAdministrator === true;
}

function holds({ pair, spares = [] }: Grant, { pair: { refreshToken } }: Renewal): boolean {
  const token = refreshToken.reveal();
  return pair?.refreshToken.reveal() === token || spares.some((spare) => spare.refreshToken.reveal() === token);
}
