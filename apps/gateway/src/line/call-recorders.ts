import { CallLog, type CallLogOptions, CallReader, CallStore, CallTail } from '@b24/call-log';
import { CallHistory, HistoryStore } from '@b24/history';
import type { StoreConnection } from '@b24/redis';
import type { Settings } from '../settings';

export interface CallRecorderOptions extends Pick<CallLogOptions, 'clock' | 'log'> {
  readonly redis: StoreConnection;
  readonly settings: Pick<Settings, 'callLogBytes' | 'historyPortals'>;
}

/** What records the calls of this replica, and what reads the records of all replicas. */
export function callRecorders({ redis, settings, clock, log }: CallRecorderOptions) {
  const { callLogBytes, historyPortals: maxPortals } = settings;
  const store = new CallStore(redis, callLogBytes);
  const callLog = callLogBytes > 0 ? new CallLog({ redis, store, clock, log }) : undefined;
  const historyStore = new HistoryStore(redis);
  const history = new CallHistory({ redis, store: historyStore, clock, maxPortals });
  return {
    callLog,
    recorders: [...(callLog ? [callLog] : []), history],
    readers: { callReader: new CallReader(store), callTail: new CallTail(store, clock), historyStore },
  };
}
