export { CallLog, type CallLogOptions } from './call-log';
export type { CallFilter } from './call-filter';
export type { CallRecord, LoggedCall } from './call-record';
export { CallReader } from './call-reader';
export { CallStore } from './call-store';
export { CallTail, maxCallWatchers } from './call-tail';
