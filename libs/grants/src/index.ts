export { type App, defaultApp, isAppId } from './app';
export { Apps } from './apps';
export { authorize } from './authorize';
export { type RefreshObserver } from './token-refresh';
export { formerDomains } from './former-domains';
export { FreshGrants } from './fresh-grants';
export { type Grantor, type GrantedInstallsOptions, type InstallPolicy, NotReplaced } from './granted-installs';
export type { LeaderTask, GrantStore, NewInstall } from './grant-store';
export { jitteredSavedAtMs } from './jittered-saved-at';
export type {
  TokenFamily,
  Grant,
  Install,
  Limits,
  PortalSettings,
  PortalSettingsChange,
  PortalRecord,
  SpareInfo,
  SparePair,
  Tariff,
  TokenPair,
  GrantIssue,
} from './install';
export { type ClaimedInstall, Installer, type InstallerOptions } from './installer';
export { KeepAlive } from './keep-alive';
export { InstallClaims, type InstallClaim } from './install-claims';
export { OAuthServer } from './oauth-server';
export { OutageRecorder } from './outage-recorder';
export { type EndpointRules, portalEndpoint } from './portal-endpoint';
export { PortalHosts } from './portal-hosts';
export { type ProbeOutcome, PortalProbe } from './portal-probe';
export { RedisGrantStore } from './redis-grant-store';
export { RelocationLookup } from './relocation-lookup';
export { secretsOf } from './secrets-of';
export { SealedApps } from './sealed-apps';
export { SealedGrants } from './sealed-grants';
export { decideReplacement, type ExistingGrant, type GrantCandidate, type Replacement } from './replacement';
export { toSpares, selectSpares, sparesAfterInstall, canTakeOver } from './spares';
