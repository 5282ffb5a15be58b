import { type Client, ClientKeys, type Scope } from '@b24/access';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { FromCaller } from '../../http/caller';
import type { AuditContext } from '../../http/request-scope';
import { Operation } from '../../http/operation';
import { FromAuditContext } from '../../http/audit-context';
import { PortalDirectory } from '../../line/portal-directory';
import type { CallerContext } from '../../request-line';
import { clockToken } from '../../http/injection-tokens';
import { changedClient, mustNotOutlive } from './client-changes';
import {
  type ClientChanges,
  clientChangesSchema,
  clientId,
  clientSchema,
  clientsSchema,
  createdSchema,
  newClientSchema,
  rotationSchema,
  viewOf,
} from './client-view';

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
    @FromCaller() { client: maker }: CallerContext,
    @FromAuditContext() audit: AuditContext,
  ): Promise<z.infer<typeof createdSchema>> {
    const portals = wanted.portals === 'all' ? ('all' as const) : await this.idsOf(wanted.portals);
    const unique = [...new Set<Scope>(wanted.scopes)];
    const expiresAtMs = this.expiryOf(wanted);
    mustNotOutlive(maker, { scopes: unique, expiresAtMs });
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

  @Patch(':id')
  @Operation({
    id: 'updateClient',
    summary: 'Change a client: its name, rights, portals, rate or expiry',
    description:
      'The key stays the same, and has the new rights at once, on every replica; a key in its grace period as well. When a right is taken away, calls of the key that wait are not sent.',
    scope: 'admin',
    status: 200,
    onRetry: { kind: 'repeated' },
    says: 'The client after the change.',
    answer: clientSchema,
    faults: ['client_not_found', 'portal_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async update(
    @Param('id', { schema: clientId }) id: string,
    @Body({ schema: clientChangesSchema }) wanted: ClientChanges,
    @FromCaller() { client: editor }: CallerContext,
  ): Promise<z.infer<typeof clientSchema>> {
    const { portals: names, expiresAt, expiresInDays } = wanted;
    const portals = names === undefined || names === 'all' ? names : await this.idsOf(names);
    const expiresAtMs =
      expiresAt === null && expiresInDays === undefined
        ? null
        : this.expiryOf({ expiresAt: expiresAt ?? undefined, expiresInDays });
    const change = (before: Client) => {
      const after = changedClient(before, wanted, { portals, expiresAtMs });
      mustNotOutlive(editor, after);
      return after;
    };
    return viewOf(await this.keys.change(id, change));
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
    @FromCaller() { client: maker }: CallerContext,
  ): Promise<z.infer<typeof createdSchema>> {
    const before = await this.keys.stored(id);
    const expiresAtMs = this.expiryOf(wanted);
    mustNotOutlive(maker, { ...before, expiresAtMs: expiresAtMs ?? before.expiresAtMs });
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
