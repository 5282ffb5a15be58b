import type { PortalId, Secret } from '@b24/portal';
import type {
  TokenFamily,
  Grant,
  Install,
  PortalSettings,
  PortalSettingsChange,
  PortalRecord,
  TokenRejection,
  SparePair,
  Tariff,
  TokenPair,
  GrantIssue,
} from './install';
import type { PortalEndpoint } from './portal-endpoint';

export interface NewInstall {
  readonly install: Install;
  readonly pair?: TokenPair;
  /** The pair's family; a new one when absent. */
  readonly family?: TokenFamily;
  readonly webhook?: Secret;
  /**
   * Authenticates later events of this portal. When absent, an earlier token of the same app stays, unless an
   * administrator installs and the earlier token did not come from one.
   */
  readonly applicationToken?: Secret;
  /** The version to replace; null: there must be none; absent: any version is replaced. */
  readonly replacesVersion?: number | null;
  /** A new portal waits until an operator admits it. */
  readonly awaitsAdmission?: boolean;
}

/** The result of a refresh, as it is saved. */
export interface RefreshedGrant {
  /** The refreshed family: the one in use, or a spare that replaces it. */
  readonly family: TokenFamily;
  readonly pair: TokenPair;
  readonly refreshedAtMs: number;
  /** The install with the portal's current endpoint. */
  readonly install: Install;
}

/**
 * Stores grants. Every method throws Fault `store_unavailable` when the store cannot be reached.
 * The contract suite is test/contract/grant-store.spec.ts.
 */
export interface GrantStore {
  /** Loads the current grant, for decisions about it. */
  load(portal: PortalId): Promise<Grant | undefined>;
  /**
   * Like `load`, from memory where it can: what calls are sent with. Misses no change by this replica, and another's for
   * a second at most (docs/decisions/0032). The grant is frozen, because all calls share it.
   */
  loadCached(portal: PortalId): Promise<Grant | undefined>;
  /** Like `loadCached`, from memory only. */
  peek(portal: PortalId): Grant | undefined;
  /** Finds a portal's id by its member id, alias or domain. */
  find(name: string): Promise<PortalId | undefined>;
  /** Like `find`, from memory where it can. */
  findCached(name: string): Promise<PortalId | undefined>;
  /** Like `findCached`, from memory only. */
  peekId(name: string): PortalId | undefined;
  /**
   * Lists portals in the order of their first install; `only` filters them. A page may hold fewer than `limit` items when
   * many were filtered out. With `among`, only these portals are read, and `after` and `next` are offsets among them.
   */
  list(page: {
    after?: number;
    limit: number;
    among?: readonly PortalId[];
    only?: (record: PortalRecord) => boolean;
  }): Promise<{ items: PortalRecord[]; next?: number }>;

  /**
   * Replaces the portal's grant. The operator's settings and the tariff stay, and the family in use becomes a spare; the
   * spares and application token of another app are removed. Returns false, without a change, when the stored version is
   * not the one to replace.
   */
  install(install: NewInstall): Promise<boolean>;
  /** Stores a spare pair beside the grant in use; ignored when no pair is in use. */
  keepSpare(portal: PortalId, spare: SparePair): Promise<void>;
  /**
   * Saves the pair if the stored version is still this one; a spare's pair replaces the one in use. Otherwise stores the
   * refresh token if its family has become a spare. Returns false when nothing was saved.
   */
  saveRefresh(portal: PortalId, version: number, renewal: RefreshedGrant): Promise<boolean>;
  /** Announces a refresh of this version's pair, or (null) its end. Returns false when another version is stored. */
  markRefreshing(portal: PortalId, version: number, begun: true | null): Promise<boolean>;
  /** Marks a spare that the authorization server rejected: it is not tried again. */
  rejectSpare(portal: PortalId, familyId: string, atMs: number): Promise<void>;
  /** Records that the portal rejected a pair; ignored when a newer pair is stored. */
  recordRejection(portal: PortalId, refusal: TokenRejection): Promise<void>;
  /** Records why the grant cannot be used; ignored when a newer pair is stored. */
  recordIssue(portal: PortalId, version: number, issue: GrantIssue): Promise<void>;
  /** Clears issue and rejections after the portal accepted a call with this version's pair. */
  clearIssue(portal: PortalId, version: number): Promise<void>;
  /** Saves a renamed portal's endpoint; its former host still resolves to it. Ignored for another version. */
  relocate(portal: PortalId, version: number, to: PortalEndpoint): Promise<void>;
  /** Removes the secrets of a portal whose app was uninstalled; its record stays. */
  uninstall(portal: PortalId, issue: GrantIssue): Promise<void>;
  /** @throws Fault alias_taken */
  changeSettings(portal: PortalId, markings: PortalSettingsChange): Promise<PortalSettings | undefined>;
  /** Saves the tariff without changing the version; ignored for an unknown portal. */
  saveTariff(portal: PortalId, tariff: Tariff): Promise<void>;
  /** Removes everything about the portal; returns whether there was anything. */
  remove(portal: PortalId): Promise<boolean>;
  /** Returns the portal's application token; undefined also when the portal belongs to another app. */
  applicationToken(portal: PortalId, app: string): Promise<Secret | undefined>;

  /** Lists portals whose pair has not been saved since `notSinceMs`, oldest first. Postponed portals are skipped until due. */
  listIdle(page: { notSinceMs: number; limit: number }): Promise<PortalId[]>;
  /** Treats the pair as saved at `asOfMs`; null: there is nothing to keep alive. */
  postpone(portal: PortalId, asOfMs: number | null): Promise<void>;

  /** Acquires or extends a lease for `forMs`; returns whether this holder has it. */
  acquireLease(of: PortalId | LeaderTask, holder: string, forMs: number): Promise<boolean>;
  releaseLease(of: PortalId | LeaderTask, holder: string): Promise<void>;
}

/** A task that one replica runs for all. */
export type LeaderTask = 'keep-alive';
