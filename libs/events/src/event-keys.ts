/*
 * docs/storage.md lists every key. All of them are in one hash slot, so that one script stores an event for all its
 * subscriptions or for none, and changes a subscription together with the bindings that it needs.
 */
export const subscriptionsKey = 'b24:{events}:subscriptions';
export const bindingsKey = 'b24:{events}:bindings';
export const boundKey = 'b24:{events}:bound';
export const dueKey = (id: string) => `b24:{events}:${id}:due`;
export const bodiesKey = (id: string) => `b24:{events}:${id}:bodies`;
export const attemptsKey = (id: string) => `b24:{events}:${id}:tries`;
export const deadKey = (id: string) => `b24:{events}:${id}:dead`;
export const historyKey = (id: string) => `b24:{events}:${id}:history`;

/** The additional authenticated data of sealed texts: where each is stored. */
export const subscriptionAad = (id: string) => `subscription|${id}`;
export const bodyAad = (subscription: string, delivery: string) => `event|${subscription}|${delivery}`;
