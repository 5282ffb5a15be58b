import { type Client, ClientKeys, type Scope, scopes } from '@b24/access';
import type { PortalId } from '@b24/portal';
import { Body, Controller, Delete, Get, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Operation } from '../http/operation';
import { portalName } from '../http/shapes';
import { PortalDirectory } from '../portals/portal-directory';

const scopeSchema = z.enum(scopes);
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
const newClientSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    scopes: z.array(scopeSchema).min(1).max(scopes.length),
    portals: z
      .union([z.literal('all'), z.array(portalName).min(1).max(1000)])
      .default('all')
      .meta({ description: 'Member ids, aliases or domains of installed portals; all of them by default.' }),
    methods: z.array(methodPattern).min(1).max(100).optional(),
  })
  .meta({
    id: 'NewClient',
    examples: [{ name: 'planning', scopes: ['backlog:read', 'backlog:write'], portals: 'all' }],
  });

@ApiTags('clients')
@Controller('v1/clients')
export class ClientsController {
  constructor(
    @Inject(ClientKeys) private readonly keys: ClientKeys,
    @Inject(PortalDirectory) private readonly portals: PortalDirectory,
  ) {}

  @Post()
  @Operation({
    id: 'createClient',
    summary: 'Make a client key',
    scope: 'admin',
    status: 201,
    inDoubt: {
      kind: 'unknown',
      advice:
        'Whether a client was made is not known, and its key can’t be shown any more: delete it if GET /v1/clients lists it, and make another with a new Idempotency-Key.',
    },
    says: 'The client, with its key, which is shown only here.',
    answer: createdSchema,
    faults: ['portal_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async create(
    @Body({ schema: newClientSchema }) wanted: z.infer<typeof newClientSchema>,
  ): Promise<z.infer<typeof createdSchema>> {
    const portals = wanted.portals === 'all' ? ('all' as const) : await this.idsOf(wanted.portals);
    const unique = [...new Set<Scope>(wanted.scopes)];
    const { client, key } = await this.keys.create({
      name: wanted.name,
      scopes: unique,
      portals,
      ...(wanted.methods && { methods: wanted.methods }),
    });
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
  async remove(@Param('id', { schema: z.string().max(64) }) id: string): Promise<void> {
    await this.keys.remove(id);
  }

  private idsOf(names: readonly string[]): Promise<PortalId[]> {
    return Promise.all(names.map((name) => this.portals.find(name)));
  }
}

function viewOf({ id, name, scopes: held, portals, methods, createdAtMs }: Client): z.infer<typeof clientSchema> {
  return {
    id,
    name,
    scopes: [...held],
    portals: portals === 'all' ? 'all' : [...portals],
    ...(methods && { methods: [...methods] }),
    createdAt: new Date(createdAtMs).toISOString(),
  };
}
