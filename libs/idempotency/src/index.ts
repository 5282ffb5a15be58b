export { classifyWriteFailure } from './write-failure';
export {
  type WriteAttempt,
  type RecordedAnswer,
  IdempotencyRunner,
  recordBytes,
  type WriteAnswer,
} from './idempotency-runner';
export { RedisIdempotencyRecords } from './redis-idempotency-records';
export type {
  RemovalRule,
  RepeatableRule,
  SettlementRule,
  StateRule,
  UniqueRule,
  UnsettledRule,
} from './settlement-rule';
export { type UnknownOutcome, settleWrite } from './settle-write';
export type { IdempotentWrite } from './idempotency-records';
