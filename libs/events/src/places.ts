/*
 * Every key is in docs/storage.md. All of it has one hash slot, so that an event comes to all its subscriptions or to
 * none, and what is to be bound changes with what is wanted.
 */
export const subscriptionsKey = 'b24:{events}:subscriptions';
export const bindingsKey = 'b24:{events}:bindings';
export const boundKey = 'b24:{events}:bound';
export const dueKey = (id: string) => `b24:{events}:${id}:due`;
export const bodiesKey = (id: string) => `b24:{events}:${id}:bodies`;
export const triesKey = (id: string) => `b24:{events}:${id}:tries`;
export const deadKey = (id: string) => `b24:{events}:${id}:dead`;

/** Where a sealed text belongs: it opens nowhere else. */
export const placeOfSubscription = (id: string) => `subscription|${id}`;
export const placeOfBody = (subscription: string, delivery: string) => `event|${subscription}|${delivery}`;
