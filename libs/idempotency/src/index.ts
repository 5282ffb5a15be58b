export { judge } from './judge';
export { type Attempt, type KeptAnswer, maxAnswerBytes, Once, recordBytes, type WriteAnswer } from './once';
export { RedisWriteRecords } from './redis-write-records';
export type { Removal, Repeatable, Rule, State, Unique, Unsettled } from './rule';
export { type Doubt, writeOnce } from './settlement';
export type { Claim, Taken, WriteRecords } from './write-records';
