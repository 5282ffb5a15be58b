export { CallHistory } from './call-history';
export { type HistoryPoint, HistoryStore, hours, minutes, type Periods } from './history-store';
export type { UsageLine } from './usage-tally';
