import { type Client, checkAccess } from '@b24/access';
import { type GrantStore, Installer, type PortalRecord, RedisGrantStore } from '@b24/grants';
import { Fault, type PortalId } from '@b24/portal';
import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { FromCaller } from '../../http/caller';
import type { AuditContext } from '../../http/request-scope';
import { limitQuery, nextCursor, numberCursor, OptionalQuery, PageQueries, pageSchema } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { headerReferences, portalFaults } from '../../http/problem-responses';
import { aliasSchema, appId, appPattern, portalName, tagSchema, tagsSchema } from '../../http/shapes';
import { FromAuditContext } from '../../http/audit-context';
import { type CallerContext, RequestLine } from '../../request-line';
import { settingsToken } from '../../http/injection-tokens';
import type { Settings } from '../../settings';
import { canSeePortal } from './can-see-portal';
import { PortalOnboarding } from './portal-onboarding';
import { PortalDirectory } from '../../line/portal-directory';
import { listPortalsOfKey } from './list-portals-of-key';
import {
  belongsTo,
  detailsOf,
  type PortalDetails,
  portalDetailsSchema,
  portalExample,
  portalSchema,
  type PortalView,
  statuses,
  statusOf,
  viewOf,
} from './portal-view';
import { Throttle } from '../../http/throttle';
import { WebhookProbe } from './webhook-probe';

const portalPageSchema = pageSchema(portalSchema, 'The portals.').meta({ id: 'PortalPage' });
const newPortalSchema = z
  .strictObject({
    webhookUrl: z.string().max(512).meta({
      description: 'The URL of an incoming webhook, as the portal shows it. Stored encrypted, never returned.',
    }),
    alias: aliasSchema.optional(),
    tags: tagsSchema.optional(),
  })
  .meta({
    id: 'NewPortal',
    examples: [{ webhookUrl: 'https://acme.bitrix24.de/rest/1/xxxxxxxxxxxxxxxx/', alias: 'acme' }],
  });
const limitsSchema = z
  .strictObject({
    burst: z
      .int()
      .min(3)
      .max(100_000)
      .meta({ description: 'The capacity of the leaky bucket of the portal, in requests.' }),
    drainPerSecond: z
      .int()
      .min(1)
      .max(10_000)
      .meta({ description: 'The requests that drain from the bucket per second.' }),
  })
  .refine(({ burst, drainPerSecond }) => burst > 2 * drainPerSecond, {
    path: ['burst'],
    error: 'Must be more than twice drainPerSecond.',
    when: ({ issues }) => issues.length === 0,
  });
const portalChangesSchema = z
  .strictObject({
    alias: aliasSchema.nullable().optional().meta({ description: 'The alias of the portal; `null` removes it.' }),
    suspended: z.boolean().optional().meta({ description: 'While `true`, calls are rejected.' }),
    admitted: z.literal(true, 'Must be true: a portal that was admitted is stopped with `suspended`.').optional().meta({
      description: 'Admits a waiting portal. Needs a key with the scope `admin`.',
    }),
    tags: tagsSchema.optional().meta({ description: 'All tags of the portal; an empty list removes them.' }),
    limits: limitsSchema.nullable().optional().meta({
      description:
        'The rate limit of the portal, where it differs from its plan: for a self-hosted portal, or to leave room for other callers. `null` removes it.',
    }),
  })
  .refine((changes) => Object.keys(changes).length > 0, 'Name at least one field to change.')
  .meta({ id: 'PortalChanges', minProperties: 1, examples: [{ alias: 'acme' }] });
const statusSchema = z.enum(statuses, `Must be one of ${statuses.join(', ')}.`);

@ApiTags('portals')
@Controller('v1/portals')
export class PortalsController {
  constructor(
    @Inject(RedisGrantStore) private readonly store: GrantStore,
    private readonly installer: Installer,
    private readonly portals: PortalDirectory,
    private readonly line: RequestLine,
    private readonly throttle: Throttle,
    private readonly trial: WebhookProbe,
    private readonly arrivals: PortalOnboarding,
    @Inject(settingsToken) private readonly settings: Settings,
  ) {}

  @Get()
  @Operation({
    id: 'listPortals',
    summary: 'List the installed portals that the key may use',
    scope: 'portals:read',
    status: 200,
    says: 'A page of portals, in order of their first install.',
    answer: portalPageSchema,
  })
  @PageQueries('Portals')
  @OptionalQuery(
    'status',
    'Portals with this status only. A page may then be short, or even empty, before the last one.',
    {
      type: 'string',
      enum: [...statuses],
    },
  )
  @OptionalQuery('app', 'Portals of this app only. A page may be short, as with `status`.', {
    type: 'string',
    pattern: appPattern.source,
  })
  @OptionalQuery('tag', 'Portals with this tag only; pages as with `status`.')
  async list(
    @Query('limit', { schema: limitQuery }) limit: number,
    @Query('cursor', { schema: numberCursor.default(0) }) cursor: number,
    @Query('status', { schema: statusSchema.optional() }) status: z.infer<typeof statusSchema> | undefined,
    @Query('app', { schema: appId.optional() }) app: string | undefined,
    @Query('tag', { schema: tagSchema.optional() }) tag: string | undefined,
    @FromCaller() { client }: CallerContext,
  ): Promise<z.infer<typeof portalPageSchema>> {
    const isWanted = (record: PortalRecord) =>
      (!status || statusOf(record) === status) &&
      (!app || belongsTo(record, app)) &&
      (!tag || record.tags?.includes(tag) === true);
    const { items, next } = await listPortalsOfKey(this.store, client, {
      after: cursor,
      limit,
      only: (record) => canSeePortal(client, record) && isWanted(record),
    });
    return { items: items.map((record) => this.view(record)), ...nextCursor(next) };
  }

  @Post()
  @Operation({
    id: 'addPortalByWebhook',
    summary: 'Add a portal by incoming webhook',
    description:
      'The gateway tries the webhook before it stores it. Adding a portal again replaces its webhook. Prefer to install the app at /install where you can.',
    scope: 'portals:write',
    status: 201,
    onRetry: { kind: 'repeated' },
    says: 'The portal, ready for calls.',
    answer: portalSchema,
    headers: headerReferences('Location'),
    faults: [
      ...portalFaults,
      // Another client may delete the portal at the same time.
      'portal_not_found',
      'portal_already_installed',
      'alias_taken',
      'body_too_large',
      'unsupported_media_type',
    ],
  })
  async add(
    @Body({ schema: newPortalSchema }) { webhookUrl, alias, tags }: z.infer<typeof newPortalSchema>,
    @FromCaller() { client, signal }: CallerContext,
    @FromAuditContext() audit: AuditContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PortalView> {
    if (client.portals !== 'all')
      throw new Fault('not_allowed', { detail: 'This key is limited to certain portals and cannot add any.' });
    const attempt = this.throttle.webhookProbe(client.id);
    const { portal } = await this.installer.fromWebhook(webhookUrl, async (id, endpoint) => {
      await this.mustBeFree(alias, id);
      return this.trial.scopeOf(id, endpoint, signal);
    });
    attempt.proven();
    audit.portal = Promise.resolve(portal);
    if (alias ?? tags) await this.store.changeSettings(portal, { ...(alias && { alias }), ...(tags && { tags }) });
    void reply.header('Location', `/v1/portals/${portal}`);
    return this.read(portal);
  }

  @Get(':portal')
  @Operation({
    id: 'getPortal',
    summary: 'Get a portal: its status, limits, queue and token ages',
    scope: 'portals:read',
    status: 200,
    says: 'The portal.',
    answer: portalDetailsSchema,
    example: {
      ...portalExample,
      queue: { waiting: 0, inFlight: 0, permitsAvailable: 46, capacity: 46, commandsPerRequest: 1, circuit: 'closed' },
      operating: [],
    },
    faults: ['portal_not_found'],
  })
  async get(
    @Param('portal', { schema: portalName }) name: string,
    @FromCaller() { client }: CallerContext,
  ): Promise<PortalDetails> {
    const portal = await this.allowed(client, name, 'portals:read');
    const view = await this.read(portal);
    const { queues } = this.line;
    return detailsOf(view, await queues.state(portal, view.limits), queues.ledger.viewOf(portal));
  }

  @Patch(':portal')
  @Operation({
    id: 'updatePortal',
    summary: 'Change a portal: admit, name, tag or suspend it, or set its limits',
    scope: 'portals:write',
    status: 200,
    onRetry: { kind: 'repeated' },
    says: 'The portal after the change.',
    answer: portalSchema,
    faults: ['portal_not_found', 'alias_taken', 'body_too_large', 'unsupported_media_type'],
  })
  async update(
    @Param('portal', { schema: portalName }) name: string,
    @Body({ schema: portalChangesSchema }) changes: z.infer<typeof portalChangesSchema>,
    @FromCaller() { client }: CallerContext,
  ): Promise<PortalView> {
    const { alias, suspended, limits, tags, admitted } = changes;
    const portal = await this.allowed(client, name, 'portals:write');
    if (admitted && !client.scopes.includes('admin'))
      throw new Fault('not_allowed', { detail: 'Only an administrator’s key may admit a portal.' });
    const changed = await this.store.changeSettings(portal, {
      ...(admitted && { admitted }),
      ...(alias !== undefined && { alias }),
      ...(suspended !== undefined && { suspended }),
      ...(limits !== undefined && { limits }),
      ...(tags && { tags }),
    });
    if (!changed) throw new Fault('portal_not_found');
    if (admitted) await this.admit(portal);
    return this.read(portal);
  }

  @Delete(':portal')
  @Operation({
    id: 'forgetPortal',
    summary: 'Delete a portal and its tokens from the gateway',
    description: 'The app stays installed in Bitrix24; a new install or authorization adds the portal again.',
    scope: 'portals:write',
    status: 204,
    onRetry: { kind: 'gone', code: 'portal_not_found' },
    says: 'The portal and its tokens are deleted.',
    faults: ['portal_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async forget(
    @Param('portal', { schema: portalName }) name: string,
    @FromCaller() { client }: CallerContext,
  ): Promise<void> {
    const portal = await this.allowed(client, name, 'portals:write');
    if (!(await this.store.remove(portal))) throw new Fault('portal_not_found');
  }

  private async allowed(client: Client, name: string, scope: 'portals:read' | 'portals:write'): Promise<PortalId> {
    const portal = await this.portals.find(name);
    checkAccess(client, { scope, portal });
    const record = await this.store.load(portal).catch(() => undefined);
    if (record && !canSeePortal(client, record)) throw new Fault('portal_not_found');
    return portal;
  }

  private async admit(portal: PortalId): Promise<void> {
    const record = await this.store.load(portal);
    if (record) await this.arrivals.admitted(record);
  }

  private async mustBeFree(alias: string | undefined, portal: PortalId): Promise<void> {
    const owner = alias && (await this.store.find(alias));
    if (owner && owner !== portal) throw new Fault('alias_taken');
  }

  private async read(portal: PortalId): Promise<PortalView> {
    const record = await this.store.load(portal);
    if (!record) throw new Fault('portal_not_found');
    return this.view(record);
  }

  private view(record: Parameters<typeof viewOf>[0]): PortalView {
    return viewOf(record, { defaultPlan: this.settings.plan });
  }
}
