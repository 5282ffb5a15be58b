import type { PortalId, Secret } from '@b24/portal';
import type { Grant, Install, Markings, NewMarkings, PortalRecord, Tariff, TokenPair, Trouble } from './install';

export interface NewInstall {
  readonly install: Install;
  readonly pair?: TokenPair;
  readonly webhook?: Secret;
  /** Proves later events of this portal; an earlier one is kept when absent. */
  readonly applicationToken?: Secret;
}

/** What a refresh changes. */
export interface Renewal {
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
  list(page: { after?: number; limit: number }): Promise<{ items: PortalRecord[]; next?: number }>;

  /** Replaces whatever was there; what the operator set and what is known of the tariff stay. */
  install(install: NewInstall): Promise<void>;
  /** False, and nothing saved, unless the pair in the store is still of this version. */
  renew(portal: PortalId, version: number, renewal: Renewal): Promise<boolean>;
  /** The portal does not take this version's pair; nothing happens when a newer one is there. */
  refuse(portal: PortalId, version: number): Promise<void>;
  /** The grant can't be used; nothing happens when a newer pair is there. */
  trouble(portal: PortalId, version: number, trouble: Trouble): Promise<void>;
  /** The app is gone from the portal: its secrets are dropped, its record stays. */
  uninstall(portal: PortalId, trouble: Trouble): Promise<void>;
  /** @throws Fault alias_taken */
  mark(portal: PortalId, markings: NewMarkings): Promise<Markings | undefined>;
  /** The version stays; nothing happens for a portal that is not known. */
  learnTariff(portal: PortalId, tariff: Tariff): Promise<void>;
  /** True when there was something to forget. */
  forget(portal: PortalId): Promise<boolean>;
  applicationToken(portal: PortalId): Promise<Secret | undefined>;

  /** True when the lease is now this holder's, for so long. */
  lease(portal: PortalId, holder: string, forMs: number): Promise<boolean>;
  release(portal: PortalId, holder: string): Promise<void>;
}
