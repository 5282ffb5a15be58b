export type { AuditEntry, StoredAuditEntry } from './audit-entry';
export { type AuditFilter, AuditLog } from './audit-log';
export { type TokenBucketLimits, TokenBuckets } from './token-buckets';
export type { Client, ListedClient, Scope } from './client';
export { ClientKeys, type NewClient, type KeyRotationOptions } from './client-keys';
export {
  isAdministrator,
  allowCommand,
  type AllowedCommand,
  checkAccess,
  matchesMethodPattern,
  canUsePortal,
  denialReason,
  type AccessRequest,
} from './policy';
export { RedisStorageBudget, type StorageLimits } from './redis-storage-budget';
export type { RateMeter } from './rate-meter';
export { maxDebtCommands, RedisRateMeter } from './redis-rate-meter';
