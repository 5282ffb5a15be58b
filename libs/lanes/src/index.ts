export { type Bucket, capacityOf, type Level, type Plan } from './bucket';
export { BottleneckBucket } from './bottleneck-bucket';
export type { LaneCounts, LaneObserver, LaneOptions } from './lane';
export { Lanes, type LaneState } from './lanes';
export { type PortalLedger } from './operating-ledger';
