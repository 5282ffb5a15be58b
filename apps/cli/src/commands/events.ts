import type { DeadLetters, Deliveries, EventBindings, Subscription, SubscriptionDetails } from '../api-types';
import type { CommandContext } from '../command-context';
import { type Column, factsOf, type Style, tableOf } from '../output';
import { moment, when } from '../times';

export interface ReplayOptions {
  readonly since?: string;
  readonly all?: boolean;
}

const pathOf = (id: string) => `/v1/subscriptions/${encodeURIComponent(id)}`;

export async function listSubscriptions({ api, paper }: CommandContext): Promise<void> {
  paper.print(await api.get<{ items: readonly Subscription[] }>('/v1/subscriptions'), subscriptionsTable);
}

export async function showSubscription({ api, paper }: CommandContext, id: string): Promise<void> {
  paper.print(await api.get<SubscriptionDetails>(pathOf(id)), subscriptionPage);
}

export async function listDeliveries({ api, paper }: CommandContext, id: string): Promise<void> {
  paper.print({ items: await api.all<Deliveries['items'][number]>(`${pathOf(id)}/deliveries`) }, deliveriesTable);
}

export async function listDeadLetters({ api, paper }: CommandContext, id: string): Promise<void> {
  paper.print({ items: await api.all<DeadLetters['items'][number]>(`${pathOf(id)}/dead-letters`) }, deadLettersTable);
}

/** Replays one dead letter, or all of them, or those since a time. */
export async function replayDeadLetters(
  { api, paper }: CommandContext,
  { id, letter }: { id: string; letter: string | undefined },
  { since }: ReplayOptions,
): Promise<void> {
  if (letter !== undefined) {
    await api.ask('POST', `${pathOf(id)}/dead-letters/${encodeURIComponent(letter)}/replay`);
    paper.print({ replayed: 1 }, replayWords);
    return;
  }
  const body = since === undefined ? {} : { since };
  paper.print(await api.ask<{ replayed: number }>('POST', `${pathOf(id)}/dead-letters/replay`, { body }), replayWords);
}

export async function testSubscription({ api, paper }: CommandContext, id: string): Promise<void> {
  const outcome = await api.ask<{ delivered: boolean; detail: string }>('POST', `${pathOf(id)}/test`);
  paper.print(outcome, ({ delivered, detail }) => `${delivered ? 'Delivered' : 'Not delivered'}: ${detail}`);
}

export async function showBindings({ api, paper }: CommandContext, portal: string): Promise<void> {
  const bindings = await api.get<EventBindings>(`/v1/portals/${encodeURIComponent(portal)}/event-bindings`);
  paper.print(bindings, bindingsPage);
}

const stateOf = ({ paused, pausedBecause }: Subscription) =>
  paused ? `paused (${pausedBecause ?? 'operator'})` : 'on';
const isFailing = ({ lastFailure, lastDeliveredAt }: Subscription) =>
  lastFailure !== undefined && (lastDeliveredAt === undefined || lastDeliveredAt < lastFailure.at);
const portalsOf = ({ portals }: Subscription) => (portals === 'all' ? 'all' : `${portals.length}`);

const subscriptionColumns: readonly Column<Subscription>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'STATE', of: stateOf, colour: ({ paused }) => (paused ? 'yellow' : undefined) },
  { title: 'PORTALS', of: portalsOf },
  { title: 'WAITING', of: ({ waiting }) => `${waiting}` },
  { title: 'DEAD', of: ({ dead }) => `${dead}`, colour: ({ dead }) => (dead > 0 ? 'red' : undefined) },
  { title: 'DELIVERED', of: ({ lastDeliveredAt }) => when(lastDeliveredAt) },
  { title: 'NEXT ATTEMPT', of: ({ nextAttemptAt }) => when(nextAttemptAt) },
  {
    title: 'LAST FAILURE',
    of: ({ lastFailure }) => lastFailure && `${when(lastFailure.at) ?? ''}: ${lastFailure.detail}`,
    colour: (it) => (isFailing(it) ? 'red' : 'dim'),
  },
];

function subscriptionsTable({ items }: { items: readonly Subscription[] }, style: Style): string {
  return items.length === 0 ? 'There are no subscriptions.' : tableOf(subscriptionColumns, items, style);
}

function subscriptionPage(it: SubscriptionDetails, style: Style): string {
  const { id, name, url, events, portals, waiting, dead, lastDeliveredAt, lastFailure, nextAttemptAt, bindings } = it;
  const facts = factsOf(
    {
      ...{ id, name, url, state: stateOf(it) },
      events: events === 'all' ? 'all' : events.join(', '),
      portals: portals === 'all' ? 'all' : portals.join(', '),
      waiting: `${waiting}`,
      'dead letters': `${dead}`,
      'last delivered': lastDeliveredAt && `${moment(lastDeliveredAt)} (${when(lastDeliveredAt) ?? ''})`,
      'last failure': lastFailure && `${moment(lastFailure.at)} (${when(lastFailure.at) ?? ''})`,
      why: lastFailure?.detail,
      'next attempt': when(nextAttemptAt),
      'portals bound': `${bindings.portals}`,
    },
    style,
  );
  const failing = bindings.failing.map(({ portal, code }) => `  ${portal}: ${code}`);
  const refused = bindings.refused.map(({ portal, events: names }) => `  ${portal}: does not know ${names.join(', ')}`);
  return [facts, ...failing, ...refused].join('\n');
}

const deliveryColumns: readonly Column<Deliveries['items'][number]>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'EVENT', of: ({ event }) => event },
  { title: 'PORTAL', of: ({ portal }) => portal.domain },
  { title: 'RECEIVED', of: ({ receivedAt }) => when(receivedAt) },
  { title: 'ATTEMPTS', of: ({ attempts }) => `${attempts}` },
  { title: 'NEXT ATTEMPT', of: ({ nextAttemptAt }) => when(nextAttemptAt) },
  { title: 'WHY', of: ({ detail }) => detail },
];

function deliveriesTable({ items }: Pick<Deliveries, 'items'>, style: Style): string {
  return items.length === 0 ? 'Nothing waits.' : tableOf(deliveryColumns, items, style);
}

const deadLetterColumns: readonly Column<DeadLetters['items'][number]>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'EVENT', of: ({ message }) => message.event },
  { title: 'PORTAL', of: ({ message }) => message.portal.domain },
  { title: 'RECEIVED', of: ({ message }) => when(message.receivedAt) },
  { title: 'GIVEN UP', of: ({ diedAt }) => when(diedAt) },
  { title: 'ATTEMPTS', of: ({ attempts }) => `${attempts}` },
  { title: 'WHY', of: ({ detail }) => detail },
];

function deadLettersTable({ items }: Pick<DeadLetters, 'items'>, style: Style): string {
  return items.length === 0 ? 'There are no dead letters.' : tableOf(deadLetterColumns, items, style);
}

function replayWords({ replayed }: { replayed: number }): string {
  return replayed === 1 ? '1 dead letter is sent again.' : `${replayed} dead letters are sent again.`;
}

function bindingsPage(it: EventBindings, style: Style): string {
  const { state, detail, wanted, bound, refused, code, failures, checkedAt, nextCheckAt } = it;
  return factsOf(
    {
      ...{ state, detail, wanted: wanted.join(', ') || 'nothing', bound: `${bound}` },
      ...(refused.length > 0 && { refused: refused.join(', ') }),
      ...(code !== undefined && { code, failures: `${failures ?? 0} in a row` }),
      compared: when(checkedAt),
      'compared next': when(nextCheckAt),
    },
    style,
  );
}
