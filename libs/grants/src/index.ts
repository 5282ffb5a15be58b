export { type App, defaultApp, isAppId } from './app';
export { Apps } from './apps';
export { authorize } from './authorize';
export { type RefreshObserver } from './chain-renewal';
export { formerDomains } from './former-domains';
export { FreshGrants } from './fresh-grants';
export type { Duty, GrantStore } from './grant-store';
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
export { type ClaimedInstall, Installer } from './installer';
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
export { asSpare, keptSpares, leftBehind } from './spares';
