export { Binder } from './binder';
export { Bindings, type Bound } from './bindings';
export { Courier, type EventObserver, type SendToTarget, wordsOf } from './courier';
export { type Counts, type DeadLetter, EventQueue, type Kept } from './event-queue';
export type { Attempt } from './judge-attempt';
export { messageOf, type PortalEvent } from './message';
export { SealedEvents } from './sealed-events';
export { type Subscription, wants } from './subscription';
export { Subscriptions } from './subscriptions';
