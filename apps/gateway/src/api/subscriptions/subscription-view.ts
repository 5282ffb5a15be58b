import {
  type BoundEvents,
  type DeliveryAttempt,
  type DeliveryCounts,
  type DeliveryHistory,
  type Subscription,
  describeAttempt,
} from '@b24/events';
import type { PortalId } from '@b24/portal';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { momentSchema, portalName } from '../../http/shapes';

/** The maximum number of portals listed by name. */
const maxListedPortals = 50;

const url = z
  .string()
  .max(2048)
  .refine(isTarget, 'Must be an http or https URL without a user, a password or a fragment.')
  .meta({ description: 'The URL that events are posted to. EVENT_TARGET_HOSTS must allow its host.' });
const eventPattern = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.]{0,63}\*?$/, "Must be an event's name, or its beginning with * at the end.")
  .transform((text) => text.toUpperCase());
const events = z
  .union([z.literal('all'), z.array(eventPattern).min(1).max(200)])
  .meta({ description: '`all`, or names of Bitrix24 events such as `ONTASKADD`, or prefixes such as `ONCRM*`.' });
const portals = z
  .union([z.literal('all'), z.array(portalName).min(1).max(1000)])
  .meta({ description: '`all`, or member ids, aliases or domains of installed portals.' });
const name = z.string().trim().min(1).max(100).describe('A name for people.');

export const newSubscriptionSchema = z
  .strictObject({ name: name.optional(), url, events, portals: portals.default('all') })
  .meta({
    id: 'NewSubscription',
    examples: [
      {
        name: 'planning',
        url: 'http://hooks.corp.example:8080/bitrix24',
        events: ['ONTASKADD', 'ONCRM*'],
        portals: 'all',
      },
    ],
  });
export const subscriptionChangesSchema = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    portals: portals.optional(),
    paused: z
      .boolean()
      .optional()
      .meta({ description: 'While `true`, events wait and are not sent, up to EVENT_QUEUE_LIMIT.' }),
  })
  .refine((changes) => Object.keys(changes).length > 0, 'Name at least one field to change.')
  .meta({ id: 'SubscriptionChanges', minProperties: 1, examples: [{ paused: false }] });
export const secretRotationSchema = z
  .strictObject({
    graceSeconds: z
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(86_400)
      .meta({
        description: 'How long messages are also signed with the current secret, in seconds; one day by default.',
      }),
  })
  .prefault({})
  .meta({ id: 'SecretRotation', examples: [{ graceSeconds: 86_400 }] });

const subscriptionExample = {
  id: 's_5f2b8c1d9e0a7b64',
  name: 'planning',
  url: 'http://hooks.corp.example:8080/bitrix24',
  events: ['ONTASKADD', 'ONCRM*'],
  portals: 'all' as const,
  paused: false,
  createdAt: '2026-11-01T09:00:00.000Z',
  waiting: 1,
  dead: 0,
  lastFailure: { at: '2026-11-01T09:00:01.000Z', status: 500, detail: 'The target answered 500.' },
  nextAttemptAt: '2026-11-01T09:00:05.000Z',
};
export const subscriptionSchema = z
  .object({
    id: z.string().describe('The id of the subscription.'),
    name: z.string().optional().describe('Its name, for people.'),
    url: z.string().describe('The URL that events are posted to.'),
    events: z
      .union([z.literal('all'), z.array(z.string())])
      .describe('`all`, or names and prefixes of Bitrix24 events.'),
    portals: z.union([z.literal('all'), z.array(z.string())]).describe('`all`, or the member ids of the portals.'),
    paused: z.boolean().describe('While `true`, events wait and are not sent.'),
    pausedBecause: z.enum(['operator', 'gone']).optional().meta({
      description: '`gone`: the target answered 410. Fix the target, then set `paused` to `false`.',
    }),
    createdAt: z.iso.datetime().describe('When the subscription was created.'),
    formerSecretUntil: z.iso
      .datetime()
      .optional()
      .meta({ description: 'Until when messages are also signed with the former secret.' }),
    waiting: z.int().meta({ description: 'The number of events that wait for delivery or for a retry.' }),
    dead: z.int().meta({ description: 'The number of dead letters; the newest 1000 are stored.' }),
    lastDeliveredAt: z.iso.datetime().optional().describe('When the target last accepted an event.'),
    lastFailure: z
      .object({
        at: z.iso.datetime().describe('When the attempt ended.'),
        status: z.int().optional().describe('The HTTP status from the target; absent when there was no answer.'),
        detail: z.string().describe('Why the attempt failed, in a sentence.'),
      })
      .optional()
      .meta({ description: 'The last attempt that failed. Compare `lastDeliveredAt` to see whether it is over.' }),
    nextAttemptAt: z.iso
      .datetime()
      .optional()
      .meta({ description: 'When the first waiting event is tried next. Absent when none waits, or while paused.' }),
  })
  .meta({ id: 'Subscription', examples: [subscriptionExample] });
export const subscriptionsSchema = z
  .object({ items: z.array(subscriptionSchema).describe('The subscriptions, oldest first.') })
  .meta({ id: 'Subscriptions' });
export const createdSubscriptionSchema = subscriptionSchema
  .and(z.object({ secret: z.string().meta({ description: 'The secret that signs messages: returned here only.' }) }))
  .meta({
    id: 'CreatedSubscription',
    examples: [{ ...subscriptionExample, secret: 'whsec_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxw=' }],
  });
export const subscriptionDetailsSchema = subscriptionSchema
  .and(
    z.object({
      bindings: z
        .object({
          portals: z.int().meta({ description: 'The number of portals that are bound to send their events.' }),
          failing: z
            .array(
              z.object({
                portal: z.string().describe('The member id of the portal.'),
                code: z.string().describe('The problem code.'),
              }),
            )
            .describe('Portals whose bindings could not be updated; at most 50.'),
          refused: z
            .array(
              z.object({
                portal: z.string().describe('The member id of the portal.'),
                events: z.array(z.string()).describe('The events that the portal does not know.'),
              }),
            )
            .describe('Portals that do not know some of the events; at most 50.'),
        })
        .meta({
          description: 'The event bindings on portals, which all subscriptions share.',
        }),
    }),
  )
  .meta({
    id: 'SubscriptionDetails',
    examples: [{ ...subscriptionExample, bindings: { portals: 1, failing: [], refused: [] } }],
  });
export const testDeliverySchema = z
  .object({
    id: z.string().meta({ description: 'The `webhook-id` of the message.' }),
    delivered: z.boolean().describe('Whether the target answered with a 2xx status.'),
    status: z.int().optional().describe('The HTTP status from the target; absent when there was no answer.'),
    detail: z.string().describe('What happened, in a sentence.'),
  })
  .meta({
    id: 'SubscriptionTrial',
    examples: [
      { id: 'msg_9f2c4d1e0a7b65839f2c4d1e0a7b6583', delivered: true, status: 204, detail: 'The target answered 204.' },
    ],
  });
export const replayOptionsSchema = z
  .strictObject({
    since: momentSchema.optional().meta({ description: 'Dead letters that died at or after this time only.' }),
  })
  .prefault({})
  .meta({ id: 'ReplayOptions', examples: [{ since: '2026-11-02T09:00:00+01:00' }] });
export const replaySchema = z
  .object({ replayed: z.int().describe('The number of messages that are sent again.') })
  .meta({ id: 'Replay', examples: [{ replayed: 3 }] });

/** The state of a subscription's deliveries. */
export type SubscriptionDeliveries = Pick<DeliveryCounts, 'waiting' | 'dead'> & DeliveryHistory;

export function viewOf(it: Subscription, { waiting, dead, ...history }: SubscriptionDeliveries) {
  const { lastFailure, lastDeliveredAtMs, nextAttemptAtMs } = history;
  return {
    id: it.id,
    ...(it.name !== undefined && { name: it.name }),
    url: it.url,
    events: it.events === 'all' ? ('all' as const) : [...it.events],
    portals: it.portals === 'all' ? ('all' as const) : [...it.portals],
    paused: it.paused !== undefined,
    ...(it.paused && { pausedBecause: it.paused }),
    createdAt: isoTime(it.createdAtMs),
    ...(it.former && { formerSecretUntil: isoTime(it.former.untilMs) }),
    waiting,
    dead,
    ...(lastDeliveredAtMs !== undefined && { lastDeliveredAt: isoTime(lastDeliveredAtMs) }),
    ...(lastFailure?.last && {
      lastFailure: { at: isoTime(lastFailure.lastAtMs ?? 0), ...attemptView(lastFailure.last) },
    }),
    ...(nextAttemptAtMs !== undefined && !it.paused && { nextAttemptAt: isoTime(nextAttemptAtMs) }),
  };
}

/** An attempt as the API shows it: the status, if there was an answer, and what happened in a sentence. */
export function attemptView(attempt: DeliveryAttempt): { status?: number; detail: string } {
  return { ...('status' in attempt && { status: attempt.status }), detail: describeAttempt(attempt) };
}

export function bindingsOf(
  { portals: wanted }: Subscription,
  bound: ReadonlyMap<PortalId, BoundEvents>,
): z.infer<typeof subscriptionDetailsSchema>['bindings'] {
  const mine = [...bound].filter(([portal]) => wanted === 'all' || wanted.includes(portal));
  const failing = mine.flatMap(([portal, { failure }]) => (failure ? [{ portal, code: failure }] : []));
  const refused = mine.flatMap(([portal, it]) => (it.refused ? [{ portal, events: [...it.refused] }] : []));
  return {
    portals: mine.length - failing.length,
    failing: failing.slice(0, maxListedPortals),
    refused: refused.slice(0, maxListedPortals),
  };
}

function isTarget(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
