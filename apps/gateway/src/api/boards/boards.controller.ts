import type { Result } from '@b24/portal';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FromCaller } from '../../http/caller';
import { matchesEtag } from '../../http/etag';
import { lineHeaders, setLineHeaders } from '../../http/line-headers';
import { OptionalQuery } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { headerReferences, lineFaults } from '../../http/problem-responses';
import { flagText, pathId, portalName } from '../../http/shapes';
import { findPortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import { type CallerContext, RequestLine } from '../../request-line';
import { boardAnswer, prefersLines } from './board-answer';
import { boardEndSchema, boardLineSchema, boardSchema } from './board-schemas';
import { readBoard } from './read-board';

const etagHeader = {
  ETag: {
    description: 'Names this state of the board. Absent when it changed while it was read.',
    schema: { type: 'string' },
  },
};

@ApiTags('boards')
@Controller('v1/portals/:portal')
export class BoardsController {
  constructor(
    private readonly line: RequestLine,
    private readonly portals: PortalDirectory,
  ) {}

  @Get('groups/:groupId/board')
  @Operation({
    id: 'getBoard',
    summary: "Get a scrum's board: backlog, epics, sprints, stages and tasks",
    description:
      'Reads everything, in as few requests to the portal as it allows: a small board takes one, one with 2,000 tasks two. The answer is complete or a problem. What is known to have changed meanwhile is in `changedMeanwhile`. `Accept: application/x-ndjson` returns one record per line, and `{"end":…}` at last. Send the `ETag` of an answer as `If-None-Match` to get 304 while the board is unchanged; the portal is read all the same. The app needs the permission `task`, and `socialnetwork` to tell a missing group from one that is no scrum.',
    scope: 'scrum:read',
    status: 200,
    says: 'The board.',
    answer: boardSchema,
    lines: [boardLineSchema, boardEndSchema],
    headers: { ...lineHeaders, ...etagHeader },
    faults: [...lineFaults, 'group_not_found', 'group_not_scrum', 'backlog_not_found', 'list_not_walkable'],
  })
  @ApiResponse({
    status: 304,
    description: 'The board is as `If-None-Match` says.',
    headers: { ...headerReferences('X-Request-Id'), ...etagHeader },
  })
  @OptionalQuery('completed', 'Whether completed sprints and their tasks are on the board; false by default.', {
    type: 'boolean',
  })
  @OptionalQuery(
    'scrumFields',
    'Whether tasks have story points, epic and position; false by default. Bitrix24 returns them for one task at a time: 50 tasks take one more request.',
    { type: 'boolean' },
  )
  @ApiHeader({
    name: 'If-None-Match',
    required: false,
    description: 'The `ETag` of a board that you have.',
    schema: { type: 'string' },
  })
  async get(
    @Param('portal', { schema: portalName }) name: string,
    @Param('groupId', { schema: pathId.describe('The id of the group.') }) groupId: number,
    @Query('completed', { schema: flagText.default(false) }) completed: boolean,
    @Query('scrumFields', { schema: flagText.default(false) }) scrumFields: boolean,
    @FromCaller() caller: CallerContext,
    @Req() { headers }: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const portal = await findPortal(this.portals, name, caller.signal);
    const board = await readBoard({ groupId, completed, scrumFields }, async (command): Promise<Result> => {
      const result = await this.line.call(caller, 'scrum:read', portal, command);
      setLineHeaders(reply, result);
      return result;
    });
    const { contentType, etag, body } = boardAnswer(board, prefersLines(headers.accept));
    void reply.header('Vary', varyOf(reply, 'Accept')).header('Cache-Control', 'no-cache');
    if (etag !== undefined) void reply.header('ETag', etag);
    if (etag !== undefined && matchesEtag(etag, headers['if-none-match'])) await reply.status(304).send();
    else await reply.header('Content-Type', contentType).send(body);
  }
}

function varyOf(reply: FastifyReply, name: string): string {
  return [reply.getHeader('Vary'), name].flat().filter(Boolean).join(', ');
}
