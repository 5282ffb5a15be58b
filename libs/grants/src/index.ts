export { type App, defaultApp, isAppId } from './app';
export { Apps } from './apps';
export { authorize } from './authorize';
export { type RefreshObserver } from './token-refresh';
export { formerDomains } from './former-domains';
export { FreshGrants } from './fresh-grants';
export { type Grantor, type InstallPolicy, NotReplaced } from './granted-installs';
export type { LeaderTask, GrantStore, NewInstall } from './grant-store';
export { jitteredSavedAtMs } from './jittered-saved-at';
export type {
  TokenFamily,
  Grant,
  Install,
  PortalSettings,
  PortalSettingsChange,
  PortalRecord,
  SparePair,
  Tariff,
  TokenPair,
  GrantIssue,
} from './install';
export { type ClaimedInstall, Installer } from './installer';
export { KeepAlive } from './keep-alive';
export { InstallClaims, type InstallClaim } from './install-claims';
export { OAuthServer } from './oauth-server';
export { OutageRecorder } from './outage-recorder';
export { type EndpointRules, portalEndpoint } from './portal-endpoint';
export { PortalHosts } from './portal-hosts';
export { PortalProbe } from './portal-probe';
export { RedisGrantStore } from './redis-grant-store';
export { RelocationLookup } from './relocation-lookup';
export { secretsOf } from './secrets-of';
export { SealedApps } from './sealed-apps';
export { SealedGrants } from './sealed-grants';
export { toSpares, selectSpares, sparesAfterInstall, canTakeOver } from './spares';
