import { AuditLog, type StoredAuditEntry } from '@b24/access';
import { faultCodes } from '@b24/portal';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { foreignCursor, limitQuery, nextCursor, OptionalQuery, PageQueries, pageSchema } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { portalName } from '../../http/shapes';
import { PortalDirectory } from '../../line/portal-directory';

const entryExample = {
  id: '9f2c4d1e0a7b6583',
  at: '2026-11-01T09:00:00.000Z',
  actor: 'c_5f2b8c1d9e0a7b64',
  name: 'planning',
  action: 'addBacklog',
  portal: 'a223c6b3710f85df22e9377d6c4f7553',
  status: 201,
  outcome: 'done',
  requestId: 'b1f0c9d2-6c1e-4a57-9f0e-2f9f4d1c8a10',
  source: '203.0.113.7',
  ids: { groupId: 125, createdBy: 6 },
};
const entrySchema = z
  .object({
    id: z.string().meta({
      description: 'Entries with the same id are duplicates: Redis did not answer while the entry was written.',
    }),
    at: z.iso.datetime().describe('When the request ended.'),
    actor: z.string().meta({
      description:
        'Who: the id of a client or of a person (`p_…`), `admin` for the admin key, or `portal event`, `portal page` or `authorization` for a portal.',
    }),
    name: z.string().optional().meta({ description: 'The name of the client or person.' }),
    action: z.string().meta({
      description: 'What: an operationId of this document, `installPortal`, `uninstallPortal`, `signIn` or `signOut`.',
    }),
    portal: z.string().optional().meta({ description: 'The member id of the portal.' }),
    status: z.int().describe('The HTTP status of the answer.'),
    outcome: z.string().meta({ description: '`done`, or the code of the problem.' }),
    requestId: z.string().describe('The `X-Request-Id` of the request.'),
    source: z.string().optional().meta({
      description: 'The IP address of the caller, as `TRUSTED_PROXIES` report it; of IPv6, the /64 network.',
    }),
    ids: z
      .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
      .optional()
      .meta({
        description: 'What the request concerned: ids, numbers and flags by value; texts only as set or removed.',
      }),
  })
  .meta({ id: 'AuditEntry', examples: [entryExample] });
const auditPageSchema = pageSchema(entrySchema, 'The entries, newest first.').meta({ id: 'AuditPage' });

const cursorSchema = z.string().regex(/^\d{1,16}-\d{1,16}(-r)?$/, foreignCursor);
const actorSchema = z.string().regex(/^[a-z0-9_ ]{1,64}$/, 'Must be a client’s id, admin, or how a portal spoke.');
const actionSchema = z.string().regex(/^[A-Za-z]{1,64}$/, 'Must be an operationId, installPortal or uninstallPortal.');
const outcomeSchema = z.enum(['done', ...faultCodes]);
const requestIdSchema = z.string().regex(/^[\w.:-]{1,128}$/, 'Must be a request id.');
const timeSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

@ApiTags('audit')
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly audit: AuditLog,
    private readonly portals: PortalDirectory,
  ) {}

  @Get()
  @Operation({
    id: 'listAudit',
    summary: 'Read the audit log, newest first',
    description:
      'Writes with a valid key, successful or not, and verified installs and uninstalls of portals. Rejected and replayed requests changed nothing and are stored separately, so they never displace entries of changes. A page may hold fewer entries than `limit`, or none, and still have a `nextCursor`.',
    scope: 'admin',
    status: 200,
    says: 'A page of the audit log.',
    answer: auditPageSchema,
    faults: ['portal_not_found'],
  })
  @OptionalQuery('portal', 'The member id (also of a deleted portal), alias or domain of a portal.')
  @OptionalQuery('client', 'The id of a client or person, `admin`, `portal event`, `portal page` or `authorization`.')
  @OptionalQuery('action', 'An `action` of entries, for example `addBacklog`.')
  @OptionalQuery('outcome', '`done`, or a problem code.')
  @OptionalQuery('requestId', 'The `X-Request-Id` of a request.')
  @OptionalQuery('from', 'Entries at or after this time.')
  @OptionalQuery('to', 'Entries before this time.')
  @PageQueries('entries')
  async list(
    @Query('portal', { schema: portalName.optional() }) portal: string | undefined,
    @Query('client', { schema: actorSchema.optional() }) actor: string | undefined,
    @Query('action', { schema: actionSchema.optional() }) action: string | undefined,
    @Query('outcome', { schema: outcomeSchema.optional() }) outcome: string | undefined,
    @Query('requestId', { schema: requestIdSchema.optional() }) requestId: string | undefined,
    @Query('from', { schema: timeSchema.optional() }) fromMs: number | undefined,
    @Query('to', { schema: timeSchema.optional() }) toMs: number | undefined,
    @Query('limit', { schema: limitQuery }) limit: number,
    @Query('cursor', { schema: cursorSchema.optional() }) before: string | undefined,
  ): Promise<z.infer<typeof auditPageSchema>> {
    const filter = {
      ...(portal !== undefined && { portal: await this.portals.find(portal) }),
      ...(actor !== undefined && { actor }),
      ...(action !== undefined && { action }),
      ...(outcome !== undefined && { outcome }),
      ...(requestId !== undefined && { requestId }),
      ...(fromMs !== undefined && { fromMs }),
      ...(toMs !== undefined && { toMs }),
    };
    const { items, next } = await this.audit.page(filter, { limit, ...(before && { before }) });
    return { items: items.map(viewOf), ...nextCursor(next) };
  }
}

function viewOf({ atMs, ...entry }: StoredAuditEntry): z.infer<typeof entrySchema> {
  const { id, actor, name, action, portal, status, outcome, requestId, source, ids } = entry;
  return {
    id,
    at: isoTime(atMs),
    actor,
    ...(name !== undefined && { name }),
    action,
    ...(portal && { portal }),
    status,
    outcome,
    requestId,
    ...(source !== undefined && { source }),
    ...(ids && { ids: { ...ids } }),
  };
}
