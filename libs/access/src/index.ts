export type { AuditEntry, StoredAuditEntry } from './audit-entry';
export { AuditLog } from './audit-log';
export { TokenBuckets } from './token-buckets';
export { type Client, type ListedClient, type Person, type PersonRole, personRoles, type Scope } from './client';
export { ClientKeys, revokedKey } from './client-keys';
export {
  isAdministrator,
  allowCommand,
  type AllowedCommand,
  checkAccess,
  canUsePortal,
  denialReason,
  type AccessRequest,
} from './policy';
export { RedisStorageBudget } from './redis-storage-budget';
export type { RateMeter } from './rate-meter';
export { maxDebtCommands, RedisRateMeter } from './redis-rate-meter';
