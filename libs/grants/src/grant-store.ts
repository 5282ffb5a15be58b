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
  /** Of the pair; made up when absent. */
  readonly family?: TokenFamily;
  readonly webhook?: Secret;
  /**
   * Proves later events of this portal. An earlier one of the same app is kept when absent, unless an administrator installs
   * and none had brought it.
   */
  readonly applicationToken?: Secret;
  /** The version that this replaces; null: nothing may be there; absent: whatever is there is replaced. */
  readonly replacesVersion?: number | null;
  /** A portal that was not here before waits until it is admitted. */
  readonly awaitsAdmission?: boolean;
}

/** What a refresh changes. */
export interface RefreshedGrant {
  /** The family that was refreshed: the one in use, or a spare that takes its place. */
  readonly family: TokenFamily;
  readonly pair: TokenPair;
  readonly refreshedAtMs: number;
  /** Where the portal is now. */
  readonly install: Install;
}

/**
 * Where grants are kept. Every method throws Fault `store_unavailable` when it can't be asked.
 * The contract suite in test/contract/grant-store.spec.ts says the rest.
 */
export interface GrantStore {
  load(portal: PortalId): Promise<Grant | undefined>;
  /** The portal's id by its member id, alias or domain. */
  find(name: string): Promise<PortalId | undefined>;
  /**
   * In the order of their first install; `only` those it says yes to. A page may be short of `limit`, even empty, when
   * many were passed over. With `among` no others are looked at or counted: `after` and `next` are places among them.
   */
  list(page: {
    after?: number;
    limit: number;
    among?: readonly PortalId[];
    only?: (record: PortalRecord) => boolean;
  }): Promise<{ items: PortalRecord[]; next?: number }>;

  /**
   * Replaces whatever was there; what the operator set and what is known of the tariff stay, and the family that was in
   * use becomes a spare. Of another app nothing stays: its spares and its application token go. False when what is there
   * is not what the install names to be replaced; then nothing was changed.
   */
  install(install: NewInstall): Promise<boolean>;
  /** Keeps a pair beside the grant in use, which stays as it is. Nothing happens where no pair is in use. */
  keepSpare(portal: PortalId, spare: SparePair): Promise<void>;
  /**
   * Saves the pair if the one in the store is still of this version; a spare's pair takes the place of the one in use.
   * Otherwise the refresh token is kept as its family's if that is a spare by now. False when nothing was saved.
   */
  saveRefresh(portal: PortalId, version: number, renewal: RefreshedGrant): Promise<boolean>;
  /** A refresh of this version's pair begins, or (null) was reported. Nothing happens when a newer pair is there. */
  markRefreshing(portal: PortalId, version: number, begun: true | null): Promise<void>;
  /** The authorization server no longer takes the spare: it is not tried again. */
  rejectSpare(portal: PortalId, familyId: string, atMs: number): Promise<void>;
  /** The portal does not take a pair; nothing happens when a newer one is there. */
  recordRejection(portal: PortalId, refusal: TokenRejection): Promise<void>;
  /** The grant can't be used; nothing happens when a newer pair is there. */
  recordIssue(portal: PortalId, version: number, issue: GrantIssue): Promise<void>;
  /** The portal took a call with this version's pair: its issue and refusals are over. */
  clearIssue(portal: PortalId, version: number): Promise<void>;
  /** The portal was renamed; the host it left still leads to it. Nothing happens when a newer pair is there. */
  relocate(portal: PortalId, version: number, to: PortalEndpoint): Promise<void>;
  /** The app is gone from the portal: its secrets are dropped, its record stays. */
  uninstall(portal: PortalId, issue: GrantIssue): Promise<void>;
  /** @throws Fault alias_taken */
  changeSettings(portal: PortalId, markings: PortalSettingsChange): Promise<PortalSettings | undefined>;
  /** The version stays; nothing happens for a portal that is not known. */
  saveTariff(portal: PortalId, tariff: Tariff): Promise<void>;
  /** True when there was something to forget. */
  remove(portal: PortalId): Promise<boolean>;
  /** Undefined also when the portal belongs to another app. */
  applicationToken(portal: PortalId, app: string): Promise<Secret | undefined>;

  /** Portals of which no pair was saved since then, longest first; those put off are left out until their time. */
  listIdle(page: { notSinceMs: number; limit: number }): Promise<PortalId[]>;
  /** As if a pair had been saved then; null: there is nothing to keep alive. */
  postpone(portal: PortalId, asOfMs: number | null): Promise<void>;

  /** True when the lease is now this holder's, for so long. A duty is one for all portals. */
  acquireLease(of: PortalId | LeaderTask, holder: string, forMs: number): Promise<boolean>;
  releaseLease(of: PortalId | LeaderTask, holder: string): Promise<void>;
}

/** What one replica does for all. */
export type LeaderTask = 'keep-alive';
