import { type Bound, type Counts, type DeadLetter, type Subscription, wordsOf } from '@b24/events';
import type { PortalId } from '@b24/portal';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { pageSchema } from '../../http/list-page';
import { portalName } from '../../http/shapes';

/** Portals that are told of by name. */
const maxListedPortals = 50;

const url = z
  .string()
  .max(2048)
  .refine(isTarget, 'Must be an http or https URL without a user, a password or a fragment.')
  .meta({ description: 'Where events are sent: a host of EVENT_TARGET_HOSTS.' });
const eventPattern = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.]{0,63}\*?$/, "Must be an event's name, or its beginning with * at the end.")
  .transform((text) => text.toUpperCase());
const events = z
  .union([z.literal('all'), z.array(eventPattern).min(1).max(200)])
  .meta({ description: 'Names as `ONTASKADD`, or beginnings as `ONCRM*`.' });
const portals = z
  .union([z.literal('all'), z.array(portalName).min(1).max(1000)])
  .meta({ description: 'Member ids, aliases or domains of installed portals.' });
const name = z.string().trim().min(1).max(100);

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
    paused: z.boolean().optional().meta({ description: 'Events wait while it is true, up to EVENT_QUEUE_LIMIT.' }),
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
      .meta({ description: 'So long what is sent is signed with the secret of now as well; a day by default.' }),
  })
  .prefault({})
  .meta({ id: 'SecretRotation', examples: [{ graceSeconds: 86_400 }] });

export const subscriptionSchema = z
  .object({
    id: z.string(),
    name: z.string().optional(),
    url: z.string(),
    events: z.union([z.literal('all'), z.array(z.string())]),
    portals: z.union([z.literal('all'), z.array(z.string())]),
    paused: z.boolean(),
    pausedBecause: z.enum(['operator', 'gone']).optional().meta({
      description: 'gone: the target answered 410. Mend it, then set `paused` to false.',
    }),
    createdAt: z.iso.datetime(),
    formerSecretUntil: z.iso.datetime().optional().meta({ description: 'So long the former secret signs as well.' }),
    waiting: z.int().meta({ description: 'Events that wait to be sent, or to be sent again.' }),
    dead: z.int().meta({ description: 'Dead letters; the newest 1000 are kept.' }),
  })
  .meta({ id: 'Subscription' });
export const subscriptionExample = {
  id: 's_5f2b8c1d9e0a7b64',
  name: 'planning',
  url: 'http://hooks.corp.example:8080/bitrix24',
  events: ['ONTASKADD', 'ONCRM*'],
  portals: 'all' as const,
  paused: false,
  createdAt: '2026-11-01T09:00:00.000Z',
  waiting: 0,
  dead: 0,
};
export const subscriptionsSchema = z
  .object({ items: z.array(subscriptionSchema) })
  .meta({ id: 'Subscriptions', examples: [{ items: [subscriptionExample] }] });
export const createdSubscriptionSchema = subscriptionSchema
  .extend({ secret: z.string().meta({ description: 'Proves what is sent: shown here and never again.' }) })
  .meta({
    id: 'CreatedSubscription',
    examples: [{ ...subscriptionExample, secret: 'whsec_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxw=' }],
  });
export const subscriptionDetailsSchema = subscriptionSchema
  .extend({
    bindings: z
      .object({
        portals: z.int().meta({ description: 'Portals that were asked to send their events.' }),
        failing: z.array(z.object({ portal: z.string(), code: z.string() })),
        refused: z.array(z.object({ portal: z.string(), events: z.array(z.string()) })),
      })
      .meta({
        description:
          'What portals were asked to send for this and all other subscriptions: that a portal could not be asked, and why; that it does not know an event. At most 50 of each.',
      }),
  })
  .meta({
    id: 'SubscriptionDetails',
    examples: [{ ...subscriptionExample, bindings: { portals: 1, failing: [], refused: [] } }],
  });
export const trialSchema = z
  .object({
    id: z.string().meta({ description: 'The `webhook-id` it was sent with.' }),
    delivered: z.boolean(),
    status: z.int().optional(),
    detail: z.string(),
  })
  .meta({
    id: 'SubscriptionTrial',
    examples: [
      { id: 'msg_9f2c4d1e0a7b65839f2c4d1e0a7b6583', delivered: true, status: 204, detail: 'The target answered 204.' },
    ],
  });
export const deadLettersSchema = pageSchema(
  z.object({
    id: z.string(),
    message: z
      .object({
        id: z.string(),
        event: z.string(),
        portal: z.object({ memberId: z.string(), domain: z.string() }),
        receivedAt: z.iso.datetime(),
        ts: z.int().nullable(),
        data: z.record(z.string(), z.unknown()),
      })
      .meta({ description: 'What is sent, word for word.' }),
    attempts: z.int(),
    diedAt: z.iso.datetime(),
    status: z.int().optional().meta({ description: 'What the target answered last.' }),
    detail: z.string(),
  }),
).meta({
  id: 'DeadLetters',
  examples: [
    {
      items: [
        {
          id: 'd_9f2c4d1e0a7b6583',
          message: {
            id: 'msg_9f2c4d1e0a7b65839f2c4d1e0a7b6583',
            event: 'ONTASKADD',
            portal: { memberId: 'a223c6b3710f85df22e9377d6c4f7553', domain: 'acme.bitrix24.de' },
            receivedAt: '2026-11-01T09:00:00.000Z',
            ts: 1_793_523_600,
            data: { FIELDS_AFTER: { ID: '42' } },
          },
          attempts: 12,
          diedAt: '2026-11-02T03:00:00.000Z',
          status: 500,
          detail: 'The target answered 500.',
        },
      ],
    },
  ],
});
export const replaySchema = z.object({ replayed: z.int() }).meta({ id: 'Replay', examples: [{ replayed: 3 }] });

export function viewOf(it: Subscription, { waiting, dead }: Pick<Counts, 'waiting' | 'dead'>) {
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
  };
}

export function bindingsOf(
  { portals: wanted }: Subscription,
  bound: ReadonlyMap<PortalId, Bound>,
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

export function deadLetterView({ id, message, attempts, last, diedAtMs }: DeadLetter) {
  return {
    id,
    message: { ...message, data: { ...message.data } },
    attempts,
    diedAt: isoTime(diedAtMs),
    ...(last && 'status' in last && { status: last.status }),
    detail: last ? wordsOf(last) : 'It was never sent.',
  };
}

function isTarget(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
