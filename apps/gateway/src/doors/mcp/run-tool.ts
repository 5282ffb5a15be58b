import type { FastifyRequest } from 'fastify';
import { type Fault, writeJson } from '@b24/portal';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { validationFault } from '../../http/validate-input';
import { problemOf } from '../../http/problem';
import { recordFault } from '../../http/reply-fault';
import { toFault } from '../../http/to-fault';
import { portalName } from '../../http/shapes';
import { retryAfterSeconds } from '../../http/retry-after';
import { startOperation } from '../../http/start-operation';
import type { CallerContext } from '../../request-line';
import type { McpTool, ToolArguments, ToolDependencies } from './tool';
import { tools } from './tools';

/** Runs a tool and returns its result, or its fault as a problem; undefined when there is no such tool. */
export async function runTool(
  dependencies: ToolDependencies,
  request: FastifyRequest,
  caller: CallerContext,
  { name, arguments: args = {} }: { readonly name: string; readonly arguments?: ToolArguments | undefined },
): Promise<CallToolResult | undefined> {
  const tool = tools.find((it) => it.name === name);
  if (!tool) return undefined;
  const writes = tool.writes(args);
  const portal = portalName.safeParse(args['portal']).data;
  try {
    startOperation(request, {
      action: tool.operation,
      ...(tool.access && { scope: tool.access.scope }),
      isRead: !writes,
      ...(portal !== undefined && { findPortal: () => dependencies.portals.find(portal) }),
    });
    const { data: input, error } = tool.input.safeParse(args);
    if (!input) throw validationFault(error.issues);
    Object.assign(request.scope.audit?.ids ?? {}, tool.ids(input));
    return answered(await tool.run(dependencies, caller, input), tool);
  } catch (error) {
    return refused(toFault(error), request, writes ? 'write' : 'read');
  }
}

function answered(answer: object | undefined, { says }: McpTool): CallToolResult {
  if (answer === undefined) return { content: [{ type: 'text', text: says }] };
  return { content: [{ type: 'text', text: writeJson(answer) }], structuredContent: { ...answer } };
}

/** Returns the problem that HTTP would answer with, including the values of its headers. */
function refused(fault: Fault, request: FastifyRequest, effect: 'read' | 'write'): CallToolResult {
  recordFault(fault, request);
  const problem = { ...problemOf(fault, request.id, effect), retryAfterSeconds: retryAfterSeconds(fault) };
  return { isError: true, content: [{ type: 'text', text: JSON.stringify(problem) }] };
}
