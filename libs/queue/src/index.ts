export { maxBatchBytes, maxBatchCommands } from './batch-builder';
export { CallProgress } from './call-progress';
export { type RateLimiter, capacityOf, type Level, type Plan } from './rate-limiter';
export { LeasedRateLimiter } from './leased-rate-limiter';
export { type QueueCounts } from './portal-queue';
export type { PreparedRequest, QueueObserver } from './queue-options';
export { type QueueReadings, PortalQueues, type QueueState } from './portal-queues';
export { operatingLimits, type PortalLedger } from './operating-ledger';
export {
  type PeerResult,
  type OfferedCall,
  type PeerState,
  type PeerExchange,
  requestLeaseMs,
  peerTtlMs,
} from './peer-exchange';
export { RedisPeerExchange } from './redis-peer-exchange';
export { SoloExchange } from './solo-exchange';
export { maxInFlight } from './in-flight-requests';
