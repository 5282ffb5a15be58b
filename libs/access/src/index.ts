export type { AuditEntry, KeptEntry } from './audit-entry';
export { type AuditFilter, AuditLog } from './audit-log';
export { type BudgetLimits, Budgets } from './budgets';
export { type Client, type ListedClient, type Scope, scopes } from './client';
export { ClientKeys, type NewClient, type Rotation } from './client-keys';
export {
  administers,
  allowCommand,
  type AllowedCommand,
  checkAccess,
  matches,
  mayTouch,
  whyNot,
  type Wish,
} from './policy';
export { RedisStorageBudget, type StorageLimits } from './redis-storage-budget';
export type { RateMeter } from './rate-meter';
export { maxDebt, RedisRateMeter } from './redis-rate-meter';
