import type { ListedClient } from '@b24/access';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { portalName } from '../../http/shapes';
import { scopeDescriptions, scopes } from '../../resources/scopes';

export const limitedAdminText =
  'A key with the scope admin could lift its own limits: give it no portals, methods or ratePerSecond.';

interface AdminLimits {
  readonly scopes: readonly string[];
  readonly portals: 'all' | readonly string[];
  readonly methods?: readonly string[] | undefined;
  readonly isRated: boolean;
}

/** Whether a key lacks the scope admin, or has it and no limits. */
export function hasNoLimitedAdmin({ scopes: held, portals, methods, isRated }: AdminLimits): boolean {
  return !held.includes('admin') || (portals === 'all' && !methods && !isRated);
}

const scopeSchema = z.enum(scopes).meta({
  id: 'Scope',
  description: 'A right of a key.',
  'x-enum-descriptions': Object.fromEntries(scopeDescriptions),
});
const methodPattern = z
  .string()
  .regex(/^[A-Za-z0-9._*]{1,128}$/, "Must be a method's name, with * for any characters.");

const nameSchema = z.string().trim().min(1).max(100).describe('A name for people.');
const scopesSchema = z.array(scopeSchema).min(1).max(scopes.length).describe('What the key may do.');
const portalsSchema = z.union([z.literal('all'), z.array(portalName).min(1).max(1000)]);
const methodsSchema = z.array(methodPattern).min(1).max(100);
const rateSchema = z.number().min(0.01).max(10_000);
const burstSchema = z.int().min(1).max(100_000);

const methodsText = 'The Bitrix24 methods that the key may call, as patterns such as `crm.*`. All of them when absent.';
const daysText = 'The number of days after which the key expires.';

const clientExample = {
  id: 'c_5f2b8c1d9e0a7b64',
  name: 'planning',
  scopes: ['backlog:read' as const, 'backlog:write' as const],
  portals: 'all' as const,
  createdAt: '2026-11-01T09:00:00.000Z',
};
export const clientSchema = z
  .object({
    id: z.string().describe('The id of the client.'),
    name: z.string().describe('Its name, for people.'),
    scopes: z.array(scopeSchema).describe('What the key may do.'),
    portals: z
      .union([z.literal('all'), z.array(z.string())])
      .describe('`all`, or the member ids of the portals that the key may use.'),
    methods: z.array(z.string()).optional().describe(methodsText),
    createdAt: z.iso.datetime().describe('When the client was created.'),
    expiresAt: z.iso.datetime().optional().meta({ description: 'When the key stops working.' }),
    lastUsedAt: z.iso.datetime().optional().meta({ description: 'When the key was last used, to the minute.' }),
    ratePerSecond: z.number().optional().describe('Commands per second that the key may send, over all replicas.'),
    burst: z.int().optional().describe('Commands that the key may send at once.'),
    previousKey: z
      .object({
        validUntil: z.iso.datetime().optional().describe('When the former key stops working.'),
        lastUsedAt: z.iso.datetime().optional().describe('When the former key was last used, to the minute.'),
      })
      .optional()
      .meta({
        description:
          'The former key, while it still works. Without `validUntil` the rotation was interrupted: rotate again.',
      }),
  })
  .meta({ id: 'Client', examples: [clientExample] });
export const clientsSchema = z
  .object({ items: z.array(clientSchema).describe('The clients, oldest first.') })
  .meta({ id: 'Clients' });
export const createdSchema = clientSchema
  .and(z.object({ key: z.string().meta({ description: 'The key itself: returned here only.' }) }))
  .meta({
    id: 'CreatedClient',
    examples: [{ ...clientExample, key: 'b24_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }],
  });
const expiryFields = {
  expiresAt: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'When the key stops working. Without this or `expiresInDays` it works until it is deleted.' }),
  expiresInDays: z.int().min(1).max(3650).optional().describe(daysText),
};
export const newClientSchema = z
  .strictObject({
    name: nameSchema,
    scopes: scopesSchema,
    portals: portalsSchema
      .default('all')
      .meta({ description: '`all`, or member ids, aliases or domains of installed portals.' }),
    methods: methodsSchema.optional().describe(methodsText),
    ...expiryFields,
    ratePerSecond: rateSchema.optional().meta({
      description:
        'Commands per second that the key may send to portals, over all replicas. A call is one command, a batch as many as it holds, a list one per page; a request that sends none counts as one. Unlimited when absent.',
    }),
    burst: burstSchema.optional().meta({
      description:
        'Commands that the key may send at once; `ratePerSecond` by default. A request may exceed what is left; the key is then rejected until the excess has refilled. Needs `ratePerSecond`.',
    }),
  })
  .refine(({ burst, ratePerSecond }) => burst === undefined || ratePerSecond !== undefined, {
    path: ['burst'],
    error: 'Needs ratePerSecond.',
  })
  .refine(
    ({ scopes: held, portals, methods, ratePerSecond }) =>
      hasNoLimitedAdmin({ scopes: held, portals, methods, isRated: ratePerSecond !== undefined }),
    {
      path: ['scopes'],
      error: limitedAdminText,
      when: ({ issues }) => issues.length === 0,
    },
  )
  .meta({
    id: 'NewClient',
    examples: [{ name: 'planning', scopes: ['backlog:read', 'backlog:write'], portals: 'all' }],
  });
export const rotationSchema = z
  .strictObject({
    graceSeconds: z
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(0)
      .meta({ description: 'How long the current key keeps working beside the new one, in seconds.' }),
    ...expiryFields,
  })
  .prefault({})
  .meta({ id: 'KeyRotation', examples: [{ graceSeconds: 3600 }] });
export const clientChangesSchema = z
  .strictObject({
    name: nameSchema.optional(),
    scopes: scopesSchema.optional(),
    portals: portalsSchema
      .optional()
      .meta({ description: '`all`, or member ids, aliases or domains of installed portals.' }),
    methods: methodsSchema
      .nullable()
      .optional()
      .meta({ description: `${methodsText} \`null\` removes the limit.` }),
    expiresAt: z.iso
      .datetime({ offset: true })
      .nullable()
      .optional()
      .meta({ description: 'When the key stops working; `null`: never.' }),
    expiresInDays: z.int().min(1).max(3650).optional().describe(daysText),
    ratePerSecond: rateSchema
      .nullable()
      .optional()
      .meta({ description: 'Commands per second that the key may send; `null` removes the limit.' }),
    burst: burstSchema.optional().meta({ description: 'Commands that the key may send at once. Needs a rate.' }),
  })
  .refine((changes) => Object.keys(changes).length > 0, 'Name at least one field to change.')
  .meta({ id: 'ClientChanges', minProperties: 1, examples: [{ portals: ['acme'], ratePerSecond: 20 }] });
export type ClientChanges = z.infer<typeof clientChangesSchema>;
export const clientId = z.string().max(64).describe('The id of the client.');

export function viewOf(client: ListedClient): z.infer<typeof clientSchema> {
  const { id, name, scopes: held, portals, methods, createdAtMs, expiresAtMs, lastUsedAtMs, rate, previous } = client;
  return {
    id,
    name,
    scopes: [...held],
    portals: portals === 'all' ? 'all' : [...portals],
    ...(methods && { methods: [...methods] }),
    createdAt: isoTime(createdAtMs),
    ...(expiresAtMs !== undefined && { expiresAt: isoTime(expiresAtMs) }),
    ...(lastUsedAtMs !== undefined && { lastUsedAt: isoTime(lastUsedAtMs) }),
    ...(rate && { ratePerSecond: rate.perSecond, burst: rate.burst }),
    ...(previous && {
      previousKey: {
        ...(previous.untilMs !== undefined && { validUntil: isoTime(previous.untilMs) }),
        ...(previous.lastUsedAtMs !== undefined && { lastUsedAt: isoTime(previous.lastUsedAtMs) }),
      },
    }),
  };
}
