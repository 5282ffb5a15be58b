export { type Bucket, capacityOf, type Level, type Plan } from './bucket';
export { goAgain, pauseBeforeGoingAgain } from './go-again';
export { BottleneckBucket } from './bottleneck-bucket';
export type { LaneObserver, LaneOptions } from './lane';
export { Lanes, type LaneState } from './lanes';
