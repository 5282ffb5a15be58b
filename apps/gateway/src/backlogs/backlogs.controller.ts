import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Command, type PortalId, type Result, unlessAborted } from '@b24/portal';
import type { Scope } from '@b24/access';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { FromCaller } from '../http/caller';
import { lineHeaders, tellTrip } from '../http/line-headers';
import { lineFaults, Operation } from '../http/operation';
import { pathId, portalName } from '../http/shapes';
import { PortalDirectory } from '../portals/portal-directory';
import { type Caller, RequestLine, type WriteOf } from '../request-line';
import {
  type Backlog,
  type BacklogFields,
  backlogChangesSchema,
  backlogFieldsSchema,
  backlogMethods,
  backlogRules,
  backlogSchema,
  newBacklogSchema,
  toBacklog,
  toBacklogFields,
} from './backlog-methods';

@ApiTags('backlogs')
@Controller('v1/portals/:portal')
export class BacklogsController {
  constructor(
    @Inject(RequestLine) private readonly line: RequestLine,
    @Inject(PortalDirectory) private readonly portals: PortalDirectory,
  ) {}

  @Get('groups/:groupId/backlog')
  @Operation({
    id: 'getBacklog',
    summary: "A group's backlog",
    scope: 'backlog:read',
    status: 200,
    says: 'The backlog.',
    answer: backlogSchema,
    headers: lineHeaders,
    faults: [...lineFaults, 'backlog_not_found', 'group_not_found'],
  })
  async get(
    @Param('portal', { schema: portalName }) portal: string,
    @Param('groupId', { schema: pathId }) groupId: number,
    @FromCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Backlog> {
    return toBacklog(await this.call(caller, 'backlog:read', portal, backlogMethods.get(groupId), reply));
  }

  @Get('backlogs/fields')
  @Operation({
    id: 'getBacklogFields',
    summary: 'The fields of a backlog, as the portal describes them',
    scope: 'backlog:read',
    status: 200,
    says: 'The fields by name.',
    answer: backlogFieldsSchema,
    headers: lineHeaders,
    faults: lineFaults,
  })
  async fields(
    @Param('portal', { schema: portalName }) portal: string,
    @FromCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<BacklogFields> {
    return toBacklogFields(await this.call(caller, 'backlog:read', portal, backlogMethods.getFields(), reply));
  }

  @Post('backlogs')
  @Operation({
    id: 'addBacklog',
    summary: 'Add a backlog to a group',
    description:
      'A group has one backlog; Bitrix24 adds it by itself when the planning page of a scrum is first opened.',
    scope: 'backlog:write',
    status: 201,
    inDoubt: { kind: 'settled' },
    says: 'The backlog as it was added.',
    answer: backlogSchema,
    headers: { ...lineHeaders, Location: { description: 'Where the backlog is read.', schema: { type: 'string' } } },
    faults: [
      ...lineFaults,
      'backlog_already_exists',
      'group_not_found',
      'user_not_found',
      'body_too_large',
      'unsupported_media_type',
    ],
  })
  async add(
    @Param('portal', { schema: portalName }) portal: string,
    @Body({ schema: newBacklogSchema }) fields: z.infer<typeof newBacklogSchema>,
    @FromCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Backlog> {
    const add = { command: backlogMethods.add(fields), rule: backlogRules.add(fields), read: toBacklog };
    const backlog = await this.write(caller, portal, add, reply);
    void reply.header('Location', `/v1/portals/${encodeURIComponent(portal)}/groups/${backlog.groupId}/backlog`);
    return backlog;
  }

  @Patch('backlogs/:backlogId')
  @Operation({
    id: 'updateBacklog',
    summary: 'Change a backlog',
    description: 'What is not named stays, except that Bitrix24 sets `modifiedBy` to 0 when it is not named.',
    scope: 'backlog:write',
    status: 200,
    inDoubt: { kind: 'settled' },
    says: 'The backlog as it is now.',
    answer: backlogSchema,
    headers: lineHeaders,
    faults: [
      ...lineFaults,
      'backlog_not_found',
      'backlog_not_empty',
      'backlog_already_exists',
      'group_not_found',
      'user_not_found',
      'body_too_large',
      'unsupported_media_type',
    ],
  })
  async update(
    @Param('portal', { schema: portalName }) portal: string,
    @Param('backlogId', { schema: pathId }) backlogId: number,
    @Body({ schema: backlogChangesSchema }) changes: z.infer<typeof backlogChangesSchema>,
    @FromCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Backlog> {
    const command = backlogMethods.update(backlogId, changes);
    return this.write(caller, portal, { command, rule: backlogRules.update, read: toBacklog }, reply);
  }

  @Delete('backlogs/:backlogId')
  @Operation({
    id: 'deleteBacklog',
    summary: 'Delete an empty backlog',
    scope: 'backlog:write',
    status: 204,
    inDoubt: { kind: 'settled' },
    says: 'The backlog is gone.',
    headers: lineHeaders,
    faults: [...lineFaults, 'backlog_not_found', 'backlog_not_empty', 'body_too_large', 'unsupported_media_type'],
  })
  async delete(
    @Param('portal', { schema: portalName }) portal: string,
    @Param('backlogId', { schema: pathId }) backlogId: number,
    @FromCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const command = backlogMethods.delete(backlogId);
    await this.write(caller, portal, { command, rule: backlogRules.delete, read: () => undefined }, reply);
  }

  private async write<T>(caller: Caller, name: string, write: WriteOf<T>, reply: FastifyReply): Promise<T> {
    const read = (result: Result) => {
      tellTrip(reply, result);
      return write.read(result);
    };
    return this.line.write(caller, 'backlog:write', await this.find(name, caller), { ...write, read });
  }

  private async call(
    caller: Caller,
    scope: Scope,
    name: string,
    command: Command,
    reply: FastifyReply,
  ): Promise<Result> {
    const result = await this.line.call(caller, scope, await this.find(name, caller), command);
    tellTrip(reply, result);
    return result;
  }

  private find(name: string, { signal }: Caller): Promise<PortalId> {
    return unlessAborted(this.portals.find(name), signal);
  }
}
