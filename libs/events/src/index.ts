export { Binder } from './binder';
export { Bindings, type Bound } from './bindings';
export { Courier, type EventObserver, wordsOf } from './courier';
export { type Counts, type DeadLetter, EventQueue } from './event-queue';
export { messageOf } from './message';
export { SealedEvents } from './sealed-events';
export { type Subscription, wants } from './subscription';
export { Subscriptions } from './subscriptions';
