import { type AuditFilter, AuditLog, auditParties, type AuditParty } from '@b24/access';
import { faultCodes } from '@b24/portal';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { timeQuery } from '../../http/iso-time';
import { foreignCursor, limitQuery, nextCursor, OptionalQuery, PageQueries } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { portalName } from '../../http/shapes';
import { PortalDirectory } from '../../line/portal-directory';
import { csvHead, csvRow, prefersCsv } from './audit-csv';
import { auditPageSchema, viewOf } from './audit-view';

const cursorSchema = z.string().regex(/^\d{1,16}-\d{1,16}(-r)?$/, foreignCursor);
const actorSchema = z.string().regex(/^[a-z0-9_ ]{1,64}$/, 'Must be a client’s id, admin, or how a portal spoke.');
const actionSchema = z.string().regex(/^[A-Za-z]{1,64}$/, 'Must be an operationId, installPortal or uninstallPortal.');
/** Rows of one export. */
const maxCsvRows = 10_000;
const csvPageRows = 200;
const partySchema = z.enum(auditParties, `Must be one of ${auditParties.join(', ')}.`);
const outcomeSchema = z.enum(['done', ...faultCodes]);
const requestIdSchema = z.string().regex(/^[\w.:-]{1,128}$/, 'Must be a request id.');

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
      'Writes with a valid key, successful or not, and verified installs and uninstalls of portals. Rejected and replayed requests changed nothing and are stored separately, so they never displace entries of changes. A page may hold fewer entries than `limit`, or none, and still have a `nextCursor`. With `Accept: text/csv` the answer has all matching entries, at most 10,000; `limit` and `cursor` do not apply. Cells that a spreadsheet would take for a formula begin with an apostrophe.',
    scope: 'admin',
    status: 200,
    says: 'A page of the audit log.',
    answer: auditPageSchema,
    orCsv: true,
    faults: ['portal_not_found'],
  })
  @OptionalQuery('portal', 'The member id (also of a deleted portal), alias or domain of a portal.')
  @OptionalQuery('client', 'The id of a client or person, `admin`, `portal event`, `portal page` or `authorization`.')
  @OptionalQuery('by', '`people`, `services` or `portals`: who acted.', { type: 'string', enum: [...auditParties] })
  @OptionalQuery('action', 'An `action` of entries, for example `addBacklog`.')
  @OptionalQuery('outcome', '`done`, or a problem code.')
  @OptionalQuery('requestId', 'The `X-Request-Id` of a request.')
  @OptionalQuery('from', 'Entries at or after this time.')
  @OptionalQuery('to', 'Entries before this time.')
  @PageQueries('entries')
  async list(
    @Query('portal', { schema: portalName.optional() }) portal: string | undefined,
    @Query('client', { schema: actorSchema.optional() }) actor: string | undefined,
    @Query('by', { schema: partySchema.optional() }) party: AuditParty | undefined,
    @Query('action', { schema: actionSchema.optional() }) action: string | undefined,
    @Query('outcome', { schema: outcomeSchema.optional() }) outcome: string | undefined,
    @Query('requestId', { schema: requestIdSchema.optional() }) requestId: string | undefined,
    @Query('from', { schema: timeQuery.optional() }) fromMs: number | undefined,
    @Query('to', { schema: timeQuery.optional() }) toMs: number | undefined,
    @Query('limit', { schema: limitQuery }) limit: number,
    @Query('cursor', { schema: cursorSchema.optional() }) before: string | undefined,
    @Req() { headers: { accept } }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const filter = {
      ...(portal !== undefined && { portal: await this.portals.find(portal) }),
      ...(actor !== undefined && { actor }),
      ...(party !== undefined && { party }),
      ...(action !== undefined && { action }),
      ...(outcome !== undefined && { outcome }),
      ...(requestId !== undefined && { requestId }),
      ...(fromMs !== undefined && { fromMs }),
      ...(toMs !== undefined && { toMs }),
    };
    if (prefersCsv(accept)) await this.sendCsv(reply, filter);
    else {
      const { items, next } = await this.audit.page(filter, { limit, ...(before && { before }) });
      const page: z.infer<typeof auditPageSchema> = { items: items.map(viewOf), ...nextCursor(next) };
      await reply.send(page);
    }
  }

  private async sendCsv(reply: FastifyReply, filter: AuditFilter): Promise<void> {
    const first = await this.audit.page(filter, { limit: csvPageRows });
    const rows = this.csvRows(filter, first);
    await reply
      .type('text/csv; charset=utf-8')
      .header('Content-Disposition', 'attachment; filename="audit.csv"')
      .send(Readable.from(rows, { objectMode: false }));
  }

  private async *csvRows(
    filter: AuditFilter,
    first: Awaited<ReturnType<AuditLog['page']>>,
  ): AsyncGenerator<string, void, undefined> {
    yield csvHead;
    let rows = 0;
    for (let page = first; ;) {
      if (page.items.length > 0) yield page.items.map((entry) => csvRow(viewOf(entry))).join('');
      rows += page.items.length;
      const limit = Math.min(csvPageRows, maxCsvRows - rows);
      if (page.next === undefined || limit === 0) return;
      page = await this.audit.page(filter, { limit, before: page.next });
    }
  }
}
