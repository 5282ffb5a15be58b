import { randomUUID } from 'node:crypto';
import {
  toSpares,
  type TokenFamily,
  defaultApp,
  type LeaderTask,
  formerDomains,
  type Grant,
  type GrantStore,
  selectSpares,
  sparesAfterInstall,
  type PortalSettings,
  type NewInstall,
  type PortalSettingsChange,
  type PortalRecord,
  jitteredSavedAtMs,
  type SparePair,
  type TokenPair,
} from '@b24/grants';
import { type Clock, Fault, type PortalId, type Secret } from '@b24/portal';

type Stored = Grant & { readonly applicationToken?: Secret; readonly unprovenToken?: boolean };
type Change = Partial<{ -readonly [K in keyof Stored]: Stored[K] | undefined }>;

/** A grant store without Redis, for tests that hold the clock. It passes the same contract suite. */
export class MemoryGrantStore implements GrantStore {
  /** While true, nothing can be asked. */
  away = false;
  private readonly grants = new Map<PortalId, Stored>();
  private readonly names = new Map<string, PortalId>();
  private readonly leases = new Map<PortalId | LeaderTask, { holder: string; untilMs: number }>();
  private readonly savedAsOf = new Map<PortalId, number>();
  private versions = 0;

  constructor(private readonly clock: Clock) {}

  load = (portal: PortalId): Promise<Grant | undefined> => this.asked(() => this.grants.get(portal));

  loadCached(portal: PortalId): Promise<Grant | undefined> {
    return this.load(portal);
  }

  peek(portal: PortalId): Grant | undefined {
    return this.away ? undefined : this.grants.get(portal);
  }

  findCached(name: string): Promise<PortalId | undefined> {
    return this.find(name);
  }

  peekId(name: string): PortalId | undefined {
    return this.away ? undefined : this.idOf(name);
  }

  private idOf(name: string): PortalId | undefined {
    return /^[0-9a-f]{32}$/i.test(name) ? (name.toLowerCase() as PortalId) : this.names.get(name.toLowerCase());
  }

  find = (name: string): Promise<PortalId | undefined> => this.asked(() => this.idOf(name));

  list: GrantStore['list'] = ({ after = 0, limit, among, only = () => true }) =>
    this.asked(() => {
      const all: PortalRecord[] = [...this.grants.values()].filter(({ portal }) => among?.includes(portal) ?? true);
      const rest = all.map((record, at) => ({ record, at })).filter(({ record, at }) => at >= after && only(record));
      const next = rest[limit]?.at;
      return { items: rest.slice(0, limit).map(({ record }) => record), ...(next !== undefined && { next }) };
    });

  install: GrantStore['install'] = (wanted) =>
    this.asked(() => {
      const { install, pair, family, webhook } = wanted;
      const before = this.grants.get(install.portal);
      if (family && before?.family?.id === family.id) return true;
      if (!mayReplace(before, wanted)) return false;
      const wait = waitOf(before, wanted);
      this.moveName(install.portal, before, install.domain, wait.waitingSinceMs !== undefined);
      const left = pair ? sparesAfterInstall(before, install) : [];
      const spares = selectSpares(left, install, install.installedAtMs);
      const former = formerDomains(before, install.domain);
      if (pair) this.savedAsOf.set(install.portal, jitteredSavedAtMs(install.portal, install.installedAtMs));
      this.grants.set(install.portal, {
        ...install,
        ...whatStays(before),
        ...(former.length > 0 && { formerDomains: former }),
        ...wait,
        version: ++this.versions,
        ...(pair && inUse(pair, family ?? { id: randomUUID(), grantedAtMs: install.installedAtMs })),
        ...(spares.length > 0 && { spares }),
        ...(webhook && { webhook }),
        ...proofOf(before, wanted),
      });
      return true;
    });

  keepSpare: GrantStore['keepSpare'] = (portal, spare) =>
    this.asked(() => {
      const before = this.grants.get(portal);
      if (before?.pair && !before.spares?.some(({ id }) => id === spare.id))
        this.change(portal, { spares: selectSpares([spare, ...(before.spares ?? [])], before, spare.renewedAtMs) });
    });

  saveRefresh: GrantStore['saveRefresh'] = (portal, version, { family, pair, refreshedAtMs, install }) =>
    this.asked(() => {
      const before = this.grants.get(portal);
      const token = pair.refreshToken.reveal();
      if (!before) return false;
      if (before.pair?.refreshToken.reveal() === token) return true;
      const spares = before.spares ?? [];
      if (before.version !== version) {
        const isSpare = spares.some(({ id }) => id === family.id);
        const renewed = { refreshToken: pair.refreshToken, renewedAtMs: refreshedAtMs };
        if (isSpare)
          this.changeSpare(portal, family.id, ({ refusedAtMs: _over, ...rest }) => ({ ...rest, ...renewed }));
        return isSpare;
      }
      const left = before.family?.id === family.id ? [] : toSpares(before, refreshedAtMs);
      const kept = selectSpares([...left, ...spares.filter(({ id }) => id !== family.id)], install, refreshedAtMs);
      const former = formerDomains(before, install.domain);
      this.moveName(portal, before, install.domain, before.waitingSinceMs !== undefined);
      this.savedAsOf.set(portal, jitteredSavedAtMs(portal, refreshedAtMs));
      this.change(portal, {
        ...install,
        ...{ issue: undefined, refreshingVersion: undefined },
        formerDomains: former.length > 0 ? former : undefined,
        spares: kept.length > 0 ? kept : undefined,
        family,
        pair,
        expiresAtMs: pair.expiresAtMs,
        refreshedAtMs,
        version: ++this.versions,
      });
      return true;
    });

  markRefreshing: GrantStore['markRefreshing'] = (portal, version, begun) =>
    this.asked(() => this.changeAt(portal, version, { refreshingVersion: begun ? version : undefined }));

  rejectSpare: GrantStore['rejectSpare'] = (portal, familyId, atMs) =>
    this.asked(() => {
      this.changeSpare(portal, familyId, (spare) => ({ ...spare, refusedAtMs: atMs }));
    });

  recordRejection: GrantStore['recordRejection'] = (portal, rejection) =>
    this.asked(() => {
      this.changeAt(portal, rejection.version, { rejection });
    });

  recordIssue: GrantStore['recordIssue'] = (portal, version, issue) =>
    this.asked(() => {
      this.changeAt(portal, version, { issue });
    });

  clearIssue: GrantStore['clearIssue'] = (portal, version) =>
    this.asked(() => {
      this.changeAt(portal, version, { issue: undefined, rejection: undefined });
    });

  relocate: GrantStore['relocate'] = (portal, version, to) =>
    this.asked(() => {
      const before = this.grants.get(portal);
      if (before?.version !== version) return;
      this.moveName(portal, before, to.domain, before.waitingSinceMs !== undefined);
      this.change(portal, { ...to, formerDomains: formerDomains(before, to.domain) });
    });

  uninstall: GrantStore['uninstall'] = (portal, issue) =>
    this.asked(() => {
      const gone = { pair: undefined, webhook: undefined, applicationToken: undefined, expiresAtMs: undefined };
      const families = { family: undefined, spares: undefined, rejection: undefined, refreshingVersion: undefined };
      this.savedAsOf.delete(portal);
      if (this.grants.has(portal)) this.change(portal, { ...gone, ...families, issue, version: ++this.versions });
    });

  changeSettings: GrantStore['changeSettings'] = (portal, markings) =>
    this.asked((): PortalSettings | undefined => {
      const { alias } = markings;
      const before = this.grants.get(portal);
      if (!before) return undefined;
      const owner = alias ? this.names.get(alias) : undefined;
      if (owner && owner !== portal) throw new Fault('alias_taken');
      if (alias !== undefined && before.alias) this.names.delete(before.alias);
      if (alias) this.names.set(alias, portal);
      this.change(portal, marked(markings));
      if (markings.admitted) this.moveName(portal, before, before.domain, false);
      return this.grants.get(portal);
    });

  saveTariff: GrantStore['saveTariff'] = (portal, tariff) =>
    this.asked(() => {
      if (this.grants.has(portal)) this.change(portal, { tariff });
    });

  remove: GrantStore['remove'] = (portal) =>
    this.asked(() => {
      for (const [name, id] of [...this.names]) if (id === portal) this.names.delete(name);
      this.savedAsOf.delete(portal);
      return this.grants.delete(portal);
    });

  applicationToken = (portal: PortalId, app: string): Promise<Secret | undefined> =>
    this.asked(() => {
      const grant = this.grants.get(portal);
      return (grant?.app ?? defaultApp) === app ? grant?.applicationToken : undefined;
    });

  listIdle: GrantStore['listIdle'] = ({ notSinceMs, limit }) =>
    this.asked(() => {
      const due = [...this.savedAsOf].filter(([, asOfMs]) => asOfMs <= notSinceMs).sort(([, a], [, b]) => a - b);
      return due.slice(0, limit).map(([portal]) => portal);
    });

  postpone: GrantStore['postpone'] = (portal, asOfMs) =>
    this.asked(() => {
      if (asOfMs === null) this.savedAsOf.delete(portal);
      else if (this.savedAsOf.has(portal)) this.savedAsOf.set(portal, asOfMs);
    });

  acquireLease: GrantStore['acquireLease'] = (of, holder, forMs) =>
    this.asked(() => {
      const held = this.leases.get(of);
      if (held && held.holder !== holder && held.untilMs > this.clock.now()) return false;
      this.leases.set(of, { holder, untilMs: this.clock.now() + forMs });
      return true;
    });

  releaseLease: GrantStore['releaseLease'] = (of, holder) =>
    this.asked(() => {
      if (this.leases.get(of)?.holder === holder) this.leases.delete(of);
    });

  private moveName(portal: PortalId, before: PortalRecord | undefined, to: string, waits: boolean): void {
    const kept = formerDomains(before, to);
    for (const name of before?.formerDomains ?? [])
      if (!kept.includes(name) && this.names.get(name) === portal) this.names.delete(name);
    const owner = this.names.get(to);
    const other = owner && owner !== portal ? this.grants.get(owner) : undefined;
    const isTaken = other && [other.alias, other.domain, ...(other.formerDomains ?? [])].includes(to);
    if (!waits || !isTaken) this.names.set(to, portal);
  }

  private changeSpare(portal: PortalId, familyId: string, change: (spare: SparePair) => SparePair): void {
    const spares = this.grants.get(portal)?.spares;
    if (spares) this.change(portal, { spares: spares.map((it) => (it.id === familyId ? change(it) : it)) });
  }

  private changeAt(portal: PortalId, version: number, change: Change): boolean {
    const isCurrent = this.grants.get(portal)?.version === version;
    if (isCurrent) this.change(portal, change);
    return isCurrent;
  }

  private change(portal: PortalId, change: Change): void {
    const entries = Object.entries({ ...this.grants.get(portal), ...change }).filter(
      ([, value]) => value !== undefined,
    );
    this.grants.set(portal, Object.fromEntries(entries) as unknown as Stored);
  }

  private async asked<T>(answer: () => T): Promise<T> {
    await Promise.resolve();
    if (this.away) throw new Fault('store_unavailable');
    return answer();
  }
}

function inUse(pair: TokenPair, family: TokenFamily): Pick<Stored, 'pair' | 'family' | 'expiresAtMs'> {
  return { pair, family, expiresAtMs: pair.expiresAtMs };
}

function marked({ alias, suspended, limits, tags, admitted }: PortalSettingsChange): Change {
  return {
    ...(alias !== undefined && { alias: alias ?? undefined }),
    ...(suspended !== undefined && { suspended }),
    ...(limits !== undefined && { limits: limits ?? undefined }),
    ...(tags && { tags: tags.length > 0 ? [...new Set(tags)].sort() : undefined }),
    ...(admitted && { waitingSinceMs: undefined }),
  };
}

/** Of another app nothing stays, and nothing that no administrator brought once one installs. */
function proofOf(
  before: Stored | undefined,
  { install: { app, byAdministrator }, applicationToken }: NewInstall,
): Pick<Stored, 'applicationToken' | 'unprovenToken'> {
  if (applicationToken) return { applicationToken, unprovenToken: byAdministrator !== true };
  if (!before?.applicationToken || before.app !== app || (before.unprovenToken && byAdministrator)) return {};
  return { applicationToken: before.applicationToken, unprovenToken: before.unprovenToken === true };
}

function mayReplace(before: Stored | undefined, { replacesVersion }: NewInstall): boolean {
  return replacesVersion === undefined || replacesVersion === (before?.version ?? null);
}

function waitOf(before: Stored | undefined, { awaitsAdmission, install }: NewInstall): Pick<Stored, 'waitingSinceMs'> {
  const waitingSinceMs = before || !awaitsAdmission ? before?.waitingSinceMs : install.installedAtMs;
  return waitingSinceMs === undefined ? {} : { waitingSinceMs };
}

function whatStays(before: Stored | undefined): Pick<Stored, 'alias' | 'suspended' | 'limits' | 'tags' | 'tariff'> {
  return {
    suspended: before?.suspended ?? false,
    ...(before?.alias && { alias: before.alias }),
    ...(before?.limits && { limits: before.limits }),
    ...(before?.tags && { tags: before.tags }),
    ...(before?.tariff && { tariff: before.tariff }),
  };
}
