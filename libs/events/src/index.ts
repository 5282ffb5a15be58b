export { BindingReconciler } from './binding-reconciler';
export { Bindings, type BoundEvents } from './bindings';
export { DeliveryWorker, type DeliveryObserver, describeAttempt } from './delivery-worker';
export { type DeliveryCounts, type DeadLetter, EventQueue } from './event-queue';
export { messageOf } from './message';
export { SealedEvents } from './sealed-events';
export { type Subscription, wants } from './subscription';
export { Subscriptions } from './subscriptions';
