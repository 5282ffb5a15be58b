import { type GrantStore, RedisGrantStore } from '@b24/grants';
import { Fault } from '@b24/portal';
import { Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AnyCalls } from '../../api/calls/any-calls';
import { callerOf } from '../../http/caller';
import { openDoor, Through } from '../../http/door';
import { PortalDirectory } from '../../line/portal-directory';
import { RequestLine } from '../../request-line';
import type { Settings } from '../../settings';
import { settingsToken } from '../../http/injection-tokens';
import { Live } from '../console/live';
import { mcpDoor } from './mcp-door';
import type * as answerMessageModule from './answer-message';
import type { ToolDependencies } from './tool';

/** The Model Context Protocol over streamable HTTP, for assistants (docs/mcp.md). */
@ApiExcludeController()
@Controller('mcp')
export class McpController {
  private readonly dependencies: ToolDependencies;

  constructor(
    line: RequestLine,
    portals: PortalDirectory,
    calls: AnyCalls,
    @Inject(RedisGrantStore) store: GrantStore,
    live: Live,
    @Inject(settingsToken) settings: Settings,
  ) {
    this.dependencies = { line, portals, calls, store, live, settings };
  }

  @Post()
  @Through(mcpDoor)
  @HttpCode(200)
  async take(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string | undefined> {
    if (Array.isArray(request.body))
      throw new Fault('invalid_request', { detail: 'Send one message of the protocol at a time.' });
    const answer = await protocol().answerMessage(this.dependencies, request, callerOf(request));
    const type = answer.headers.get('content-type');
    void reply.status(answer.status).headers(type ? { 'Content-Type': type } : {});
    return (await answer.text()) || undefined;
  }

  @Get()
  @Through(openDoor)
  @HttpCode(405)
  stream(@Res({ passthrough: true }) reply: FastifyReply): object {
    return onlyPost(reply, 'There is no stream to listen to: each answer comes with its request.');
  }

  @Delete()
  @Through(openDoor)
  @HttpCode(405)
  session(@Res({ passthrough: true }) reply: FastifyReply): object {
    return onlyPost(reply, 'There is no session to end.');
  }
}

/** Loads the modules of the protocol with the first message, because most replicas never get one. */
function protocol(): typeof answerMessageModule {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only when it is wanted
  return require('./answer-message') as typeof answerMessageModule;
}

/** Returns an error of the protocol. */
function onlyPost(reply: FastifyReply, message: string): object {
  void reply.header('Allow', 'POST');
  return { jsonrpc: '2.0', error: { code: -32000, message }, id: null };
}
