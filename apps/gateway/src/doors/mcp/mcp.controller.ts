import { type GrantStore, RedisGrantStore } from '@b24/grants';
import { Fault } from '@b24/portal';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AnyCalls } from '../../api/calls/any-calls';
import { callerOf } from '../../http/caller';
import { openDoor, Through } from '../../http/door';
import { PortalDirectory } from '../../line/portal-directory';
import { type CallerContext, RequestLine } from '../../request-line';
import { resources } from '../../resources/declarations';
import type { Settings } from '../../settings';
import { settingsToken } from '../../http/injection-tokens';
import { mcpDoor } from './mcp-door';
import { runTool, toolsFor } from './run-tool';
import type { ToolDependencies } from './tool';

const instructions =
  `Work with the ${resources.map(({ tag }) => tag.replaceAll('-', ' ')).join(', ')} of Bitrix24 portals. Name the portal in each call: its member id, alias or domain. ` +
  'A refusal is a JSON problem: `code` says which, `detail` what to do, `retryable` whether the same call may be made again.';

/** Shared, because the SDK would create one for each server. */
const jsonSchemaValidator = new AjvJsonSchemaValidator();

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
    @Inject(settingsToken) { plan }: Settings,
  ) {
    this.dependencies = { line, portals, calls, store, plan };
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
    const answer = await this.answer(request, callerOf(request));
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

  /** Replies with a new server for each message. It has no state, so any replica may take the next message. */
  private async answer(request: FastifyRequest, caller: CallerContext): Promise<Response> {
    const options = { capabilities: { tools: {} }, instructions, jsonSchemaValidator };
    const { server } = new McpServer({ name: 'b24-gateway', version: '1' }, options);
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: toolsFor(caller.client) }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
      const result = await runTool(this.dependencies, request, caller, params);
      if (!result)
        throw new McpError(ErrorCode.InvalidParams, 'There is no such tool; tools/list names those there are.');
      return result;
    });
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport);
    try {
      return await transport.handleRequest(withoutBody(request), { parsedBody: request.body });
    } finally {
      await server.close();
    }
  }
}

/** The parts of a request that the SDK reads. The body was read earlier. */
function withoutBody({ headers }: FastifyRequest): Request {
  const names = ['accept', 'content-type', 'mcp-protocol-version'];
  const given = names.flatMap((name): [string, string][] => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return new Request('http://gateway/mcp', { method: 'POST', headers: given });
}

/** Returns an error of the protocol. */
function onlyPost(reply: FastifyReply, message: string): object {
  void reply.header('Allow', 'POST');
  return { jsonrpc: '2.0', error: { code: -32000, message }, id: null };
}
