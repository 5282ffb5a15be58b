import { ClientKeys, type ListedClient, type Scope } from '@b24/access';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import { Body, Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import type { Trail } from '../../http/caller';
import { Operation } from '../../http/operation';
import { portalName } from '../../http/shapes';
import { FromTrail } from '../../http/trail';
import { PortalDirectory } from '../portals/portal-directory';
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

const clientSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(scopeSchema),
    portals: z.union([z.literal('all'), z.array(z.string())]),
    methods: z.array(z.string()).optional(),
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().optional().meta({ description: 'From then on the key is refused.' }),
    lastUsedAt: z.iso.datetime().optional().meta({ description: 'When the key was last used, to the minute.' }),
    ratePerSecond: z.number().optional(),
    burst: z.int().optional(),
    previousKey: z
      .object({ validUntil: z.iso.datetime().optional(), lastUsedAt: z.iso.datetime().optional() })
      .optional()
      .meta({
        description:
          'The key that was replaced, while it still works. Without `validUntil` the rotation was cut off: rotate again.',
      }),
  })
  .meta({ id: 'Client' });
const clientExample = {
  id: 'c_5f2b8c1d9e0a7b64',
  name: 'planning',
  scopes: ['backlog:read' as const, 'backlog:write' as const],
  portals: 'all' as const,
  createdAt: '2026-11-01T09:00:00.000Z',
};
const clientsSchema = z
  .object({ items: z.array(clientSchema) })
  .meta({ id: 'Clients', examples: [{ items: [clientExample] }] });
const createdSchema = clientSchema
  .extend({ key: z.string().meta({ description: 'The key itself: shown here and never again.' }) })
  .meta({
    id: 'CreatedClient',
    examples: [{ ...clientExample, key: 'b24_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }],
  });
const expiryFields = {
  expiresAt: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: 'When the key stops working; it works until deleted when neither this nor days are given.' }),
  expiresInDays: z.int().min(1).max(3650).optional(),
};
const newClientSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    scopes: z.array(scopeSchema).min(1).max(scopes.length),
    portals: z
      .union([z.literal('all'), z.array(portalName).min(1).max(1000)])
      .default('all')
      .meta({ description: 'Member ids, aliases or domains of installed portals; all of them by default.' }),
    methods: z.array(methodPattern).min(1).max(100).optional(),
    ...expiryFields,
    ratePerSecond: z.number().min(0.01).max(10_000).optional().meta({
      description:
        'Commands a second that the key may send to portals, over all replicas and whichever way they come: a call is one, a batch as many as it has, a list one a page. A request that sends none counts as one. As many as it likes by default.',
    }),
    burst: z.int().min(1).max(100_000).optional().meta({
      description:
        'Commands at once; as many as a second by default. A request may send more than are left; the key owes them then, and its next request is refused until they are paid. Needs ratePerSecond.',
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
      .meta({ description: 'So long the key of now goes on working beside the new one.' }),
    ...expiryFields,
  })
  .prefault({})
  .meta({ id: 'KeyRotation', examples: [{ graceSeconds: 3600 }] });
const clientId = z.string().max(64);

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
    summary: 'Make a client key',
    scope: 'admin',
    status: 201,
    inDoubt: {
      kind: 'unknown',
      writesTo: 'store',
      advice:
        'Whether a client was made is not known, and its key can’t be shown any more: delete it if GET /v1/clients lists it, and make another with a new Idempotency-Key.',
    },
    says: 'The client, with its key, which is shown only here.',
    answer: createdSchema,
    faults: ['portal_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async create(
    @Body({ schema: newClientSchema }) wanted: z.infer<typeof newClientSchema>,
    @FromTrail() trail: Trail,
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
    trail.ids['clientId'] = client.id;
    return { ...viewOf(client), key };
  }

  @Get()
  @Operation({
    id: 'listClients',
    summary: 'The clients, oldest first',
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
    summary: 'Give a client another key',
    description: 'A key that was still in the grace of an earlier rotation stops working at once.',
    scope: 'admin',
    status: 200,
    inDoubt: {
      kind: 'unknown',
      writesTo: 'store',
      advice:
        'The key may have been replaced before its answer was lost; a new one cannot be shown again. Rotate again, with another Idempotency-Key.',
    },
    says: 'The client, with its new key, which is shown only here.',
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
    inDoubt: { kind: 'gone', code: 'client_not_found' },
    says: 'The client is gone.',
    faults: ['client_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async remove(@Param('id', { schema: clientId }) id: string): Promise<void> {
    await this.keys.remove(id);
  }

  /** Unix ms. @throws Fault invalid_request for a time gone by, or two */
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
