export type { AuditEntry, KeptEntry } from './audit-entry';
export { type AuditFilter, AuditLog } from './audit-log';
export { type BudgetLimits, Budgets } from './budgets';
export { type Client, type ListedClient, type Scope, scopes } from './client';
export { ClientKeys, type NewClient, type Rotation } from './client-keys';
export { checkAccess, matches, mayTouch, whyNot, type Wish } from './policy';
