export { authorize } from './authorize';
export { FreshGrants, type RefreshObserver } from './fresh-grants';
export type { GrantStore } from './grant-store';
export type {
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
export { type ClaimedInstall, Installer } from './installer';
export { OAuthServer } from './oauth-server';
export { type EndpointRules, portalEndpoint } from './portal-endpoint';
export { PortalHosts } from './portal-hosts';
export { RedisGrantStore } from './redis-grant-store';
export { type EncryptionKey, Seal } from './seal';
export { SealedGrants } from './sealed-grants';
export type { Resealed, SealedPlace } from './sealed-places';
