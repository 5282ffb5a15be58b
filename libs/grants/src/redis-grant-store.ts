import { randomUUID } from 'node:crypto';
import { type Clock, Fault, isPortalId, type PortalId, type Secret, systemClock } from '@b24/portal';
import {
  deepFreeze,
  InvalidatedCache,
  type InvalidationSource,
  loadScripts,
  noInvalidations,
  orStoreUnavailable,
  type StoreConnection,
} from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import { defaultApp } from './app';
import { formerDomains } from './former-domains';
import {
  allSpareFields,
  type GrantHash,
  GrantHashFields,
  installOf,
  settingsFields,
  openFields,
  pairFields,
  proofFields,
  secretFields,
  spareFields,
  toGrant,
  toPortalRecord,
} from './grant-hash';
import type { LeaderTask, GrantStore, NewInstall, RefreshedGrant } from './grant-store';
import { jitteredSavedAtMs } from './jittered-saved-at';
import type {
  Grant,
  Install,
  PortalSettings,
  PortalSettingsChange,
  PortalRecord,
  TokenRejection,
  SparePair,
  Tariff,
  GrantIssue,
} from './install';
import type { PortalEndpoint } from './portal-endpoint';
import { PortalNames } from './portal-names';
import { toSpares, replaceSpare, selectSpares, sparesAfterInstall } from './spares';

/* docs/storage.md lists every key and field. The braces keep a portal's keys in one hash slot. */
const grantKey = (portal: PortalId) => `b24:{${portal}}:grant`;
const grantKeyPattern = /^b24:\{(.*)\}:grant$/;
const leaseKey = (of: PortalId | LeaderTask) => (isPortalId(of) ? `b24:{${of}}:lease` : `b24:${of}:lease`);
const portalsKey = 'b24:portals';
const idleKey = 'b24:idle';

const scripts = { saveGrant: 1, markGrant: 1, swapSpares: 1, takeLease: 1, releaseLease: 1 } as const;

/** Grants in memory, with their tokens. */
const maxCachedGrants = 20_000;

export interface RedisGrantStoreOptions {
  /** Called for each issue that is recorded. */
  readonly issueRecorded?: (portal: PortalId, issue: GrantIssue) => void;
  /** Without it nothing is cached. */
  readonly source?: InvalidationSource;
  readonly clock?: Clock;
}

/** Records read for one page when they are filtered. */
const maxReadsPerPage = 2000;

/** Stores each grant as one Redis hash, its secrets sealed field by field. */
export class RedisGrantStore implements GrantStore {
  private readonly run;
  private readonly seal: Sealer;
  private readonly names: PortalNames;
  private readonly cache: InvalidatedCache<Grant>;

  constructor(
    private readonly redis: StoreConnection,
    seals: Keyring,
    private readonly options: RedisGrantStoreOptions = {},
  ) {
    const { source = noInvalidations, clock = systemClock } = options;
    this.run = loadScripts<Record<keyof typeof scripts, number>>(redis, __dirname, scripts);
    this.seal = seals.for('grants');
    this.names = new PortalNames({ redis, source, clock }, (portal) => this.record(portal));
    this.cache = new InvalidatedCache<Grant>({ source, redis, clock, maxEntries: maxCachedGrants }, (redisKey) => {
      const [, portal] = grantKeyPattern.exec(redisKey) ?? [];
      if (portal !== undefined) this.cache.forget(portal);
    });
  }

  load(portal: PortalId): Promise<Grant | undefined> {
    // A caller that needs the current grant may know of a change that Redis has not reported yet.
    this.cache.forget(portal);
    return orStoreUnavailable(() => this.read(this.redis, portal));
  }

  loadCached(portal: PortalId): Promise<Grant | undefined> {
    return orStoreUnavailable(() =>
      this.cache.get(portal, async (redis) => {
        // Redis remembers each key that is read through a tracked connection: not those of invented portals.
        if (redis !== this.redis && (await this.redis.exists(grantKey(portal))) === 0) return undefined;
        const value = await this.read(redis, portal);
        return value && { value: deepFreeze(value) };
      }),
    );
  }

  peek(portal: PortalId): Grant | undefined {
    return this.cache.peek(portal);
  }

  find(name: string): Promise<PortalId | undefined> {
    const id = name.toLowerCase();
    if (isPortalId(id)) return Promise.resolve(id);
    return orStoreUnavailable(() => this.names.find(id));
  }

  findCached(name: string): Promise<PortalId | undefined> {
    const id = name.toLowerCase();
    if (isPortalId(id)) return Promise.resolve(id);
    return orStoreUnavailable(() => this.names.findCached(id));
  }

  peekId(name: string): PortalId | undefined {
    const id = name.toLowerCase();
    return isPortalId(id) ? id : this.names.peek(id);
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
      while (at - after < maxReadsPerPage) {
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

  /** Returns the existing ones of these portals in the order of the whole list. */
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
    return this.write(wanted.install.portal, async () => {
      const { install, pair } = wanted;
      const { portal, installedAtMs } = install;
      const family = pair && (wanted.family ?? { id: randomUUID(), grantedAtMs: installedAtMs });
      // In this order, so that every grant is in the list even after a crash (docs/storage.md).
      await this.redis.zadd(portalsKey, 'NX', `${installedAtMs}`, portal);
      if (pair) await this.redis.zadd(idleKey, `${jitteredSavedAtMs(portal, installedAtMs)}`, portal);
      for (;;) {
        const hash = (await this.redis.hgetall(grantKey(portal))) as GrantHash;
        const before = this.readable(hash);
        // A command resent after a broken connection finds that its first run succeeded.
        const isThere = family !== undefined && before?.family?.id === family.id;
        if (!isThere && !mayReplace(wanted, before)) return false;
        if (!isThere && (await this.replace(hash, before, { ...wanted, ...(family && { family }) })) === -1) continue;
        await this.names.moveDomain(portal, before, install.domain, isWaiting(wanted, before));
        return true;
      }
    });
  }

  private replace(
    hash: GrantHash,
    before: Grant | undefined,
    { install, pair, family, webhook, applicationToken, awaitsAdmission }: NewInstall,
  ) {
    const { portal, installedAtMs, domain } = install;
    const spares = pair ? sparesAfterInstall(before, install) : [];
    const fields = new GrantHashFields(portal, this.seal)
      .open({ install, family, formerDomains: formerDomains(before, domain) })
      .open({ waitingSinceMs: awaitsAdmission && !before ? installedAtMs : undefined })
      .pair(pair)
      .sealed({ webhook, applicationToken })
      .open({ unprovenToken: applicationToken && !install.byAdministrator ? 1 : undefined })
      .spares(selectSpares(spares, install, installedAtMs));
    const unused = pair ? ['webhook'] : ['accessToken', 'refreshToken'];
    const isProofStored = !applicationToken && before?.app === install.app && !isProofDoubted(hash, install);
    const stale = [...pairFields, ...allSpareFields, ...unused, ...(isProofStored ? [] : proofFields)];
    return this.save(portal, hash, stale, fields);
  }

  keepSpare(portal: PortalId, spare: SparePair): Promise<void> {
    return this.write(portal, async () => {
      for (let stored = false; !stored;) {
        const hash = (await this.redis.hgetall(grantKey(portal))) as GrantHash;
        const before = this.readable(hash);
        const spares = before?.spares ?? [];
        if (!before?.pair || spares.some(({ id }) => id === spare.id)) return;
        stored = await this.swap(portal, hash, selectSpares([spare, ...spares], before, spare.renewedAtMs));
      }
    });
  }

  saveRefresh(portal: PortalId, version: number, renewal: RefreshedGrant): Promise<boolean> {
    return this.write(portal, async () => {
      for (;;) {
        const hash = (await this.redis.hgetall(grantKey(portal))) as GrantHash;
        const record = toPortalRecord(hash);
        if (!record) return false;
        const before = toGrant(record, hash, this.seal);
        // A command resent after a broken connection finds that its first run succeeded.
        if (holds(before, renewal)) return true;
        const saved =
          before.version === version
            ? await this.saveRenewal(hash, before, renewal)
            : await this.renewSpare(hash, before, renewal);
        if (saved !== undefined) return saved;
      }
    });
  }

  markRefreshing(portal: PortalId, version: number, begun: true | null): Promise<boolean> {
    return this.write(portal, async () => {
      const marked = await this.run.markGrant(grantKey(portal), version, 'refreshingVersion', begun ? version : '');
      return marked === 1;
    });
  }

  rejectSpare(portal: PortalId, familyId: string, atMs: number): Promise<void> {
    return this.write(portal, async () => {
      for (let swapped = false; !swapped;) {
        const hash = (await this.redis.hgetall(grantKey(portal))) as GrantHash;
        const record = toPortalRecord(hash);
        const spares = record && (toGrant(record, hash, this.seal).spares ?? []);
        const refused = spares?.find(({ id, refusedAtMs }) => id === familyId && refusedAtMs === undefined);
        if (!spares || !refused) return;
        swapped = await this.swap(portal, hash, replaceSpare(spares, { ...refused, refusedAtMs: atMs }));
      }
    });
  }

  recordRejection(portal: PortalId, rejection: TokenRejection): Promise<void> {
    return this.write(portal, async () => {
      await this.run.markGrant(grantKey(portal), rejection.version, 'rejection', JSON.stringify(rejection));
    });
  }

  recordIssue(portal: PortalId, version: number, issue: GrantIssue): Promise<void> {
    return this.write(portal, async () => {
      await this.run.markGrant(grantKey(portal), version, 'issue', JSON.stringify(issue));
      this.options.issueRecorded?.(portal, issue);
    });
  }

  clearIssue(portal: PortalId, version: number): Promise<void> {
    return this.write(portal, async () => {
      await this.run.markGrant(grantKey(portal), version, 'issue', '', 'rejection', '');
    });
  }

  relocate(portal: PortalId, version: number, to: PortalEndpoint): Promise<void> {
    return this.write(portal, async () => {
      const before = await this.record(portal);
      if (before?.version !== version) return;
      const fields = new GrantHashFields(portal, this.seal).open({
        install: installOf({ ...before, ...to }),
        formerDomains: formerDomains(before, to.domain),
      });
      if ((await this.run.markGrant(grantKey(portal), version, ...fields.list)) === 1)
        await this.names.moveDomain(portal, before, to.domain, before.waitingSinceMs !== undefined);
    });
  }

  uninstall(portal: PortalId, issue: GrantIssue): Promise<void> {
    return this.write(portal, async () => {
      await this.redis.zrem(idleKey, portal);
      const gone = [...secretFields, ...proofFields, ...pairFields, ...allSpareFields];
      // Increments the version, so that a refresh in flight cannot save its pair.
      for (let saved = -1; saved === -1;) {
        const [install, version, spares] = await this.redis.hmget(grantKey(portal), 'install', 'version', 'spares');
        if (!install) return;
        const hash = { version: version ?? '', spares: spares ?? '' };
        saved = await this.save(portal, hash, gone, new GrantHashFields(portal, this.seal).open({ issue }));
      }
      this.options.issueRecorded?.(portal, issue);
    });
  }

  changeSettings(portal: PortalId, markings: PortalSettingsChange): Promise<PortalSettings | undefined> {
    return this.write(portal, async () => {
      const before = await this.record(portal);
      if (!before) return undefined;
      if (markings.alias) await this.names.claim(markings.alias, portal);
      await this.run.markGrant(grantKey(portal), '', ...settingsFields(markings));
      if (markings.alias && !(await this.names.resolvesTo(markings.alias, portal))) {
        // Two portals took over the same orphaned name at once: the last one keeps it.
        await this.run.markGrant(grantKey(portal), '', 'alias', '');
        throw new Fault('alias_taken');
      }
      if (markings.alias !== undefined && before.alias && before.alias !== markings.alias)
        await this.names.release(before.alias, portal);
      if (markings.admitted) await this.names.moveDomain(portal, before, before.domain, false);
      return this.record(portal);
    });
  }

  saveTariff(portal: PortalId, tariff: Tariff): Promise<void> {
    return this.write(portal, async () => {
      await this.run.markGrant(grantKey(portal), '', 'tariff', JSON.stringify(tariff));
    });
  }

  remove(portal: PortalId): Promise<boolean> {
    return this.write(portal, async () => {
      const record = await this.record(portal);
      if (!record) return false;
      for (const name of [record.domain, record.alias, ...(record.formerDomains ?? [])])
        await this.names.release(name, portal);
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

  listIdle({ notSinceMs, limit }: { notSinceMs: number; limit: number }): Promise<PortalId[]> {
    return orStoreUnavailable(
      async () => (await this.redis.zrangebyscore(idleKey, '-inf', notSinceMs, 'LIMIT', 0, limit)) as PortalId[],
    );
  }

  postpone(portal: PortalId, asOfMs: number | null): Promise<void> {
    return orStoreUnavailable(async () => {
      if (asOfMs === null) await this.redis.zrem(idleKey, portal);
      else await this.redis.zadd(idleKey, 'XX', `${asOfMs}`, portal);
    });
  }

  acquireLease(of: PortalId | LeaderTask, holder: string, forMs: number): Promise<boolean> {
    return orStoreUnavailable(async () => (await this.run.takeLease(leaseKey(of), holder, forMs)) === 1);
  }

  releaseLease(of: PortalId | LeaderTask, holder: string): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.run.releaseLease(leaseKey(of), holder);
    });
  }

  private write<T>(portal: PortalId, work: () => Promise<T>): Promise<T> {
    return this.cache.changing(portal, () => orStoreUnavailable(work));
  }

  private async read(redis: StoreConnection, portal: PortalId): Promise<Grant | undefined> {
    const hash = (await redis.hgetall(grantKey(portal))) as GrantHash;
    const record = toPortalRecord(hash);
    return record && toGrant(record, hash, this.seal);
  }

  private async record(portal: PortalId): Promise<PortalRecord | undefined> {
    const values = await this.redis.hmget(grantKey(portal), ...openFields);
    return toPortalRecord(Object.fromEntries(openFields.map((field, i) => [field, values[i] ?? undefined])));
  }

  /** Returns the grant; without its secrets when their key was lost, so that an install can replace it. */
  private readable(hash: GrantHash): Grant | undefined {
    const record = toPortalRecord(hash);
    if (!record) return undefined;
    try {
      return toGrant(record, hash, this.seal);
    } catch {
      return { ...record, spares: [] };
    }
  }

  /** Returns undefined when another save came first. */
  private async saveRenewal(hash: GrantHash, before: Grant, renewal: RefreshedGrant): Promise<true | undefined> {
    const { family, pair, refreshedAtMs, install } = renewal;
    const { portal } = before;
    const others = (before.spares ?? []).filter(({ id }) => id !== family.id);
    const left = before.family?.id === family.id ? [] : toSpares(before, refreshedAtMs);
    const fields = new GrantHashFields(portal, this.seal)
      .open({ install, family, refreshedAtMs, formerDomains: formerDomains(before, install.domain) })
      .open({ rejection: before.rejection })
      .pair(pair)
      .spares(selectSpares([...left, ...others], install, refreshedAtMs));
    if ((await this.save(portal, hash, [...pairFields, ...allSpareFields], fields)) === -1) return undefined;
    await this.names.moveDomain(portal, before, install.domain, before.waitingSinceMs !== undefined);
    await this.redis.zadd(idleKey, `${jitteredSavedAtMs(portal, refreshedAtMs)}`, portal);
    return true;
  }

  /** Saves the refreshed token of a family that has become a spare; undefined when another change came first. */
  private async renewSpare(
    hash: GrantHash,
    { portal, spares }: Grant,
    { family, pair, refreshedAtMs }: RefreshedGrant,
  ): Promise<boolean | undefined> {
    const spare = spares?.find(({ id }) => id === family.id);
    if (!spare) return false;
    const { id, grantedAtMs, oauthServer, scope, userId, byAdministrator } = spare;
    const renewed = {
      ...{ id, grantedAtMs, oauthServer, scope, refreshToken: pair.refreshToken, renewedAtMs: refreshedAtMs },
      ...(userId !== undefined && { userId }),
      ...(byAdministrator !== undefined && { byAdministrator }),
    };
    return (await this.swap(portal, hash, replaceSpare(spares ?? [], renewed))) ? true : undefined;
  }

  /** Returns false when the spares changed since the hash was read. */
  private async swap(portal: PortalId, hash: GrantHash, spares: readonly SparePair[]): Promise<boolean> {
    const fields = new GrantHashFields(portal, this.seal).spares(spares);
    const unused = spareFields.slice(spares.length).flatMap((field) => [field, '']);
    return (await this.run.swapSpares(grantKey(portal), hash['spares'] ?? '', ...fields.list, ...unused)) === 1;
  }

  /** Returns -1 when another save came first since the hash was read. */
  private save(portal: PortalId, { version, spares }: GrantHash, stale: readonly string[], fields: GrantHashFields) {
    return this.run.saveGrant(grantKey(portal), version ?? '', spares ?? '', stale.join(), ...fields.list);
  }
}

function mayReplace({ replacesVersion }: NewInstall, before: Grant | undefined): boolean {
  return replacesVersion === undefined || replacesVersion === (before?.version ?? null);
}

function isWaiting({ awaitsAdmission }: NewInstall, before: Grant | undefined): boolean {
  return before ? before.waitingSinceMs !== undefined : awaitsAdmission === true;
}

/** Whether an administrator replaces an application token that did not come from one. */
function isProofDoubted({ unprovenToken }: GrantHash, { byAdministrator }: Install): boolean {
  return unprovenToken !== undefined && byAdministrator === true;
}

function holds({ pair, spares = [] }: Grant, { pair: { refreshToken } }: RefreshedGrant): boolean {
  const token = refreshToken.reveal();
  return pair?.refreshToken.reveal() === token || spares.some((spare) => spare.refreshToken.reveal() === token);
}
