import { AuditLog, type StoredAuditEntry } from '@b24/access';
import { faultCodes } from '@b24/portal';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';
import { foreignCursor, limitQuery, nextCursor, OptionalQuery, PageQueries, pageSchema } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { portalName } from '../../http/shapes';
import { PortalDirectory } from '../portals/portal-directory';

const entrySchema = z
  .object({
    id: z.string().meta({ description: 'Two entries of one id are one: Redis fell silent while it was written.' }),
    at: z.iso.datetime(),
    actor: z.string().meta({
      description:
        'A client’s id; `admin`, the operator’s key; or how a portal spoke: `portal event`, `portal page`, `authorization`.',
    }),
    name: z.string().optional().meta({ description: 'The client’s name.' }),
    action: z
      .string()
      .meta({ description: 'An operationId of this document, `installPortal`, `uninstallPortal` or `signIn`.' }),
    portal: z.string().optional().meta({ description: 'Member id.' }),
    status: z.int(),
    outcome: z.string().meta({ description: '`done`, or the code of the problem.' }),
    requestId: z.string(),
    source: z.string().optional().meta({
      description:
        'The address that it came from, behind TRUSTED_PROXIES as they say it; of IPv6 the network of 64 bits.',
    }),
    ids: z
      .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
      .optional()
      .meta({ description: 'What it concerned: ids, numbers and flags; of texts only that they were set.' }),
  })
  .meta({ id: 'AuditEntry' });
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
const auditPageSchema = pageSchema(entrySchema).meta({
  id: 'AuditPage',
  examples: [{ items: [entryExample], nextCursor: '1761987600000-0' }],
});

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
    summary: 'Who wrote what, newest first',
    description:
      'Writes of keys that are known, whatever came of them, and installs and uninstalls of portals that proved themselves. What changed nothing, since it was refused or an answer was replayed, is kept apart: no number of refusals removes what was done. A page may hold fewer than asked for, or none, while there is a `nextCursor`.',
    scope: 'admin',
    status: 200,
    says: 'A page of the audit log.',
    answer: auditPageSchema,
    faults: ['portal_not_found'],
  })
  @OptionalQuery('portal', 'A member id, also of a portal that is gone, an alias or a domain.')
  @OptionalQuery('client', 'A client’s id, `admin`, `portal event`, `portal page` or `authorization`.')
  @OptionalQuery('action', 'As `addBacklog`.')
  @OptionalQuery('outcome', '`done`, or the code of a problem.')
  @OptionalQuery('requestId', 'As the answer’s X-Request-Id.')
  @OptionalQuery('from', 'From this time on.')
  @OptionalQuery('to', 'Before this time.')
  @PageQueries('Entries')
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
