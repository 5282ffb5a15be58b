export type { AuditEntry, StoredAuditEntry } from './audit-entry';
export { auditParties, type AuditParty, partyOf } from './audit-party';
export { type AuditFilter, AuditLog } from './audit-log';
export { Assistants, type AssistantTokens, type ConnectedAssistant, type ListedAssistant } from './assistants';
export { isAccessToken } from './assistant-tokens';
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
