import type { Grant, GrantStore, Markings, PortalRecord } from '@b24/grants';
import { type Clock, Fault, type PortalId, type Secret } from '@b24/portal';

type Stored = Grant & { readonly applicationToken?: Secret };
type Change = Partial<{ -readonly [K in keyof Stored]: Stored[K] | undefined }>;

/** A grant store without Redis, for tests that hold the clock. It passes the same contract suite. */
export class MemoryGrantStore implements GrantStore {
  /** While true, nothing can be asked. */
  away = false;
  private readonly grants = new Map<PortalId, Stored>();
  private readonly names = new Map<string, PortalId>();
  private readonly leases = new Map<PortalId, { holder: string; untilMs: number }>();
  private versions = 0;

  constructor(private readonly clock: Clock) {}

  load = (portal: PortalId): Promise<Grant | undefined> => this.asked(() => this.grants.get(portal));

  find = (name: string): Promise<PortalId | undefined> =>
    this.asked(() =>
      /^[0-9a-f]{32}$/i.test(name) ? (name.toLowerCase() as PortalId) : this.names.get(name.toLowerCase()),
    );

  list: GrantStore['list'] = ({ after = 0, limit }) =>
    this.asked(() => {
      const all: PortalRecord[] = [...this.grants.values()];
      const next = after + limit;
      return { items: all.slice(after, next), ...(all.length > next && { next }) };
    });

  install: GrantStore['install'] = ({ install, pair, webhook, applicationToken }) =>
    this.asked(() => {
      const before = this.grants.get(install.portal);
      if (before) this.names.delete(before.domain);
      this.names.set(install.domain, install.portal);
      const token = applicationToken ?? before?.applicationToken;
      this.grants.set(install.portal, {
        ...install,
        ...(before?.alias && { alias: before.alias }),
        suspended: before?.suspended ?? false,
        ...(before?.limits && { limits: before.limits }),
        ...(before?.tariff && { tariff: before.tariff }),
        version: ++this.versions,
        ...(pair && { pair, expiresAtMs: pair.expiresAtMs }),
        ...(webhook && { webhook }),
        ...(token && { applicationToken: token }),
      });
    });

  renew: GrantStore['renew'] = (portal, version, { pair, refreshedAtMs, install }) =>
    this.asked(() => {
      const before = this.grants.get(portal);
      if (before?.pair?.refreshToken.reveal() === pair.refreshToken.reveal()) return true;
      if (before?.version !== version) return false;
      this.names.delete(before.domain);
      this.names.set(install.domain, portal);
      const gone = { trouble: undefined, refusedVersion: undefined };
      this.change(portal, {
        ...install,
        ...gone,
        pair,
        expiresAtMs: pair.expiresAtMs,
        refreshedAtMs,
        version: ++this.versions,
      });
      return true;
    });

  refuse: GrantStore['refuse'] = (portal, version) =>
    this.asked(() => {
      this.changeAt(portal, version, { refusedVersion: version });
    });

  trouble: GrantStore['trouble'] = (portal, version, trouble) =>
    this.asked(() => {
      this.changeAt(portal, version, { trouble });
    });

  uninstall: GrantStore['uninstall'] = (portal, trouble) =>
    this.asked(() => {
      const gone = { pair: undefined, webhook: undefined, applicationToken: undefined, expiresAtMs: undefined };
      if (this.grants.has(portal)) this.change(portal, { ...gone, trouble, version: ++this.versions });
    });

  mark: GrantStore['mark'] = (portal, { alias, suspended, limits }) =>
    this.asked((): Markings | undefined => {
      const before = this.grants.get(portal);
      if (!before) return undefined;
      const owner = alias ? this.names.get(alias) : undefined;
      if (owner && owner !== portal) throw new Fault('alias_taken');
      if (alias !== undefined && before.alias) this.names.delete(before.alias);
      if (alias) this.names.set(alias, portal);
      this.change(portal, {
        ...(alias !== undefined && { alias: alias ?? undefined }),
        ...(suspended !== undefined && { suspended }),
        ...(limits !== undefined && { limits: limits ?? undefined }),
      });
      return this.grants.get(portal);
    });

  learnTariff: GrantStore['learnTariff'] = (portal, tariff) =>
    this.asked(() => {
      if (this.grants.has(portal)) this.change(portal, { tariff });
    });

  forget: GrantStore['forget'] = (portal) =>
    this.asked(() => {
      for (const [name, id] of [...this.names]) if (id === portal) this.names.delete(name);
      return this.grants.delete(portal);
    });

  applicationToken = (portal: PortalId): Promise<Secret | undefined> =>
    this.asked(() => this.grants.get(portal)?.applicationToken);

  lease: GrantStore['lease'] = (portal, holder, forMs) =>
    this.asked(() => {
      const held = this.leases.get(portal);
      if (held && held.holder !== holder && held.untilMs > this.clock.now()) return false;
      this.leases.set(portal, { holder, untilMs: this.clock.now() + forMs });
      return true;
    });

  release: GrantStore['release'] = (portal, holder) =>
    this.asked(() => {
      if (this.leases.get(portal)?.holder === holder) this.leases.delete(portal);
    });

  private changeAt(portal: PortalId, version: number, change: Change): void {
    if (this.grants.get(portal)?.version === version) this.change(portal, change);
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
