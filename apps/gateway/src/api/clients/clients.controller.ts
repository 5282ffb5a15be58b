import { ClientKeys, type ListedClient, type Scope } from '@b24/access';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import { Body, Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import type { AuditContext } from '../../http/request-scope';
import { Operation } from '../../http/operation';
import { portalName } from '../../http/shapes';
import { FromAuditContext } from '../../http/audit-context';
import { PortalDirectory } from '../../line/portal-directory';
import { scopeDescriptions, scopes } from '../../resources/scopes';
import { clockToken } from '../../http/injection-tokens';

const scopeSchema = z.enum(scopes).meta({
  id: 'Scope',
  description: 'A right of a key.',
  'x-enum-descriptions': Object.fromEntries(scopeDescriptions),
});
const methodPattern = z
  .string()
  .regex(/^[A-Za-z0-9._*]{1,128}$/, "Must be a method's name, with * for any characters.");

const methodsText = 'The Bitrix24 methods that the key may call, as patterns such as `crm.*`. All of them when absent.';
const daysText = 'The number of days after which the key expires.';

const clientExample = {
  id: 'c_5f2b8c1d9e0a7b64',
  name: 'planning',
  scopes: ['backlog:read' as const, 'backlog:write' as const],
  portals: 'all' as const,
  createdAt: '2026-11-01T09:00:00.000Z',
};
const clientSchema = z
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
const clientsSchema = z
  .object({ items: z.array(clientSchema).describe('The clients, oldest first.') })
  .meta({ id: 'Clients' });
const createdSchema = clientSchema
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
const newClientSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100).describe('A name for people.'),
    scopes: z.array(scopeSchema).min(1).max(scopes.length).describe('What the key may do.'),
    portals: z
      .union([z.literal('all'), z.array(portalName).min(1).max(1000)])
      .default('all')
      .meta({ description: '`all`, or member ids, aliases or domains of installed portals.' }),
    methods: z.array(methodPattern).min(1).max(100).optional().describe(methodsText),
    ...expiryFields,
    ratePerSecond: z.number().min(0.01).max(10_000).optional().meta({
      description:
        'Commands per second that the key may send to portals, over all replicas. A call is one command, a batch as many as it holds, a list one per page; a request that sends none counts as one. Unlimited when absent.',
    }),
    burst: z.int().min(1).max(100_000).optional().meta({
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
      !held.includes('admin') || (portals === 'all' && !methods && ratePerSecond === undefined),
    {
      path: ['scopes'],
      error: 'A key with the scope admin could lift its own limits: give it no portals, methods or ratePerSecond.',
      when: ({ issues }) => issues.length === 0,
    },
  )
  .meta({
    id: 'NewClient',
    examples: [{ name: 'planning', scopes: ['backlog:read', 'backlog:write'], portals: 'all' }],
  });
const rotationSchema = z
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
const clientId = z.string().max(64).describe('The id of the client.');

@ApiTags('clients')
@Controller('v1/clients')
export class ClientsController {
  constructor(
    private readonly keys: ClientKeys,
    private readonly portals: PortalDirectory,
    @Inject(clockToken) private readonly clock: Clock,
  ) {}

  @Post()
  @Operation({
    id: 'createClient',
    summary: 'Create a client and its key',
    scope: 'admin',
    status: 201,
    onRetry: {
      kind: 'unknown',
      writesTo: 'store',
      advice:
        'It is unknown whether the client was created, and its key cannot be returned again. If GET /v1/clients lists it, delete it; then create another with a new Idempotency-Key.',
    },
    says: 'The client and its key, which is returned only here.',
    answer: createdSchema,
    faults: ['portal_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async create(
    @Body({ schema: newClientSchema }) wanted: z.infer<typeof newClientSchema>,
    @FromAuditContext() audit: AuditContext,
  ): Promise<z.infer<typeof createdSchema>> {
    const portals = wanted.portals === 'all' ? ('all' as const) : await this.idsOf(wanted.portals);
    const unique = [...new Set<Scope>(wanted.scopes)];
    const expiresAtMs = this.expiryOf(wanted);
    const { ratePerSecond: perSecond, burst } = wanted;
    const { client, key } = await this.keys.create({
      name: wanted.name,
      scopes: unique,
      portals,
      ...(wanted.methods && { methods: wanted.methods }),
      ...(expiresAtMs !== undefined && { expiresAtMs }),
      ...(perSecond !== undefined && { rate: { perSecond, burst: burst ?? Math.max(1, Math.floor(perSecond)) } }),
    });
    audit.ids['clientId'] = client.id;
    return { ...viewOf(client), key };
  }

  @Get()
  @Operation({
    id: 'listClients',
    summary: 'List the clients, oldest first',
    scope: 'admin',
    status: 200,
    says: 'All clients, without their keys.',
    answer: clientsSchema,
  })
  async list(): Promise<z.infer<typeof clientsSchema>> {
    return { items: (await this.keys.list()).map(viewOf) };
  }

  @Post(':id/rotate')
  @Operation({
    id: 'rotateClientKey',
    summary: 'Replace the key of a client',
    description: 'A former key that is still in the grace period of an earlier rotation stops working at once.',
    scope: 'admin',
    status: 200,
    onRetry: {
      kind: 'unknown',
      writesTo: 'store',
      advice:
        'The key may have been replaced, and the new one cannot be returned again. Rotate again with a new Idempotency-Key.',
    },
    says: 'The client and its new key, which is returned only here.',
    answer: createdSchema,
    faults: ['client_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async rotate(
    @Param('id', { schema: clientId }) id: string,
    @Body({ schema: rotationSchema }) wanted: z.infer<typeof rotationSchema>,
  ): Promise<z.infer<typeof createdSchema>> {
    const expiresAtMs = this.expiryOf(wanted);
    const { client, key } = await this.keys.rotate(id, {
      graceMs: wanted.graceSeconds * 1000,
      ...(expiresAtMs !== undefined && { expiresAtMs }),
    });
    return { ...viewOf(client), key };
  }

  @Delete(':id')
  @Operation({
    id: 'deleteClient',
    summary: 'Delete a client; its key stops working at once',
    scope: 'admin',
    status: 204,
    onRetry: { kind: 'gone', code: 'client_not_found' },
    says: 'The client is deleted.',
    faults: ['client_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async remove(@Param('id', { schema: clientId }) id: string): Promise<void> {
    await this.keys.remove(id);
  }

  /** Returns the expiry in Unix ms. @throws Fault invalid_request for a time in the past, or for two times */
  private expiryOf({ expiresAt, expiresInDays }: ExpiryRequest): number | undefined {
    const refused = (message: string) => new Fault('invalid_request', { errors: [{ path: 'expiresAt', message }] });
    if (expiresAt !== undefined && expiresInDays !== undefined) throw refused('Say a time or days, not both.');
    if (expiresInDays !== undefined) return this.clock.now() + expiresInDays * 86_400_000;
    if (expiresAt === undefined) return undefined;
    const expiresAtMs = Date.parse(expiresAt);
    if (expiresAtMs <= this.clock.now()) throw refused('Must be in the future.');
    return expiresAtMs;
  }

  private idsOf(names: readonly string[]): Promise<PortalId[]> {
    return Promise.all(names.map((name) => this.portals.find(name)));
  }
}

interface ExpiryRequest {
  readonly expiresAt?: string | undefined;
  readonly expiresInDays?: number | undefined;
}

function viewOf(client: ListedClient): z.infer<typeof clientSchema> {
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
