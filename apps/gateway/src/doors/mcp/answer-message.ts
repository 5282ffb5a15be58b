import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import { CallToolRequestSchema, ErrorCode, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { version } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import type { CallerContext } from '../../request-line';
import { instructionsFor } from './instructions';
import { toolsFor } from './listed-tools';
import { runTool } from './run-tool';
import type { ToolDependencies } from './tool';

/** Shared, because the SDK would create one for each server. */
const jsonSchemaValidator = new AjvJsonSchemaValidator();

/** Replies with a new server for each message. It has no state, so any replica may take the next message. */
export async function answerMessage(
  dependencies: ToolDependencies,
  request: FastifyRequest,
  caller: CallerContext,
): Promise<Response> {
  const tools = toolsFor(caller.client);
  const options = { capabilities: { tools: {} }, instructions: instructionsFor(tools), jsonSchemaValidator };
  const { server } = new McpServer({ name: 'b24-gateway', title: 'Bitrix24', version }, options);
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const result = await runTool(dependencies, request, caller, params);
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

/** The parts of a request that the SDK reads. The body was read earlier. */
function withoutBody({ headers }: FastifyRequest): Request {
  const names = ['accept', 'content-type', 'mcp-protocol-version'];
  const given = names.flatMap((name): [string, string][] => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return new Request('http://gateway/mcp', { method: 'POST', headers: given });
}
