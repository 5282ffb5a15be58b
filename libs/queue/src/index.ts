export { type Bucket, type Drop, capacityOf, type Level, type Plan } from './bucket';
export { BottleneckBucket } from './bottleneck-bucket';
export { type LaneCounts } from './lane';
export type { LaneObserver, LaneOptions } from './lane-options';
export { type LaneReadings, Lanes, type LaneState } from './lanes';
export { operatingLimits, type PortalLedger } from './operating-ledger';
export { type Delivery, type Offer, type Outlook, type Platform, tripLeaseMs, waitsForMs } from './platform';
export { RedisPlatform } from './redis-platform';
export { maxUnderWay } from './under-way';
