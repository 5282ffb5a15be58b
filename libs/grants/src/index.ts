export { type App, defaultApp, isAppId } from './app';
export { Apps } from './apps';
export { authorize } from './authorize';
export { type RefreshObserver } from './chain-renewal';
export { formerDomains } from './former-domains';
export { FreshGrants } from './fresh-grants';
export { type Grantor, type GrantedInstallsOptions, type InstallPolicy, NotReplaced } from './granted-installs';
export type { Duty, GrantStore, NewInstall } from './grant-store';
export { savedAsOfMs } from './idle';
export type {
  Chain,
  Grant,
  Install,
  Limits,
  Markings,
  NewMarkings,
  PortalRecord,
  Spare,
  SpareChain,
  Tariff,
  TokenPair,
  Trouble,
} from './install';
export { type ClaimedInstall, Installer, type InstallerOptions } from './installer';
export { KeepAlive } from './keep-alive';
export { KeptClaims, type KeptClaim } from './kept-claims';
export { OAuthServer } from './oauth-server';
export { Outages } from './outages';
export { type EndpointRules, portalEndpoint } from './portal-endpoint';
export { PortalHosts } from './portal-hosts';
export { type Finding, PortalProbe } from './portal-probe';
export { RedisGrantStore } from './redis-grant-store';
export { Relocation } from './relocation';
export { secretsOf } from './secrets-of';
export { type EncryptionKey, Seal, sealedUnder } from './seal';
export { SealedApps } from './sealed-apps';
export { SealedGrants } from './sealed-grants';
export type { Resealed, SealedPlace } from './sealed-places';
export { replacementBy, type Here, type Newcomer, type Replacement } from './replacement';
export { asSpare, keptSpares, leftBehind, mayTakeOver } from './spares';
