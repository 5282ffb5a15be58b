export { BindingReconciler } from './binding-reconciler';
export { Bindings, type BoundEvents } from './bindings';
export type { DeliveryAttempt } from './delivery-retry';
export { DeliveryWorker, type DeliveryObserver, describeAttempt } from './delivery-worker';
export {
  type DeliveryCounts,
  type DeliveryHistory,
  type DeadLetter,
  EventQueue,
  type WaitingDelivery,
} from './event-queue';
export { messageOf } from './message';
export { SealedEvents } from './sealed-events';
export { patternsFor, type Subscription, wants } from './subscription';
export { Subscriptions } from './subscriptions';
