import { type Client, checkAccess, denialReason } from '@b24/access';
import type { Fault } from '@b24/portal';
import type { CallToolResult, Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { GatewayRequest } from '../../http/caller';
import { validationFault } from '../../http/schema-validation.pipe';
import { problemOf } from '../../http/problem';
import { faultOf } from '../../http/problem.filter';
import { portalName } from '../../http/shapes';
import { startAudit } from '../../http/audit-context';
import { retryAfterOf } from '../pages/show-page';
import type { CallerContext } from '../../request-line';
import { type Arguments, type Ground, type Tool, tools } from './tool';

const listed = new Map(tools.map((tool) => [tool, listedTool(tool)]));

/** The tools this key may use, as the protocol shows them. */
export function toolsFor(client: Client): ListedTool[] {
  return [...listed].flatMap(([{ wish }, shown]) => (denialReason(client, wish) === undefined ? [shown] : []));
}

function listedTool({ name, description, annotations, input }: Tool): ListedTool {
  const inputSchema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }) as ListedTool['inputSchema'];
  return { name, description, annotations, inputSchema };
}

/** Runs a tool and tells what came of it; what it was refused is told too. Undefined when there is no such tool. */
export async function runTool(
  ground: Ground,
  request: GatewayRequest,
  caller: CallerContext,
  { name, arguments: args = {} }: { readonly name: string; readonly arguments?: Arguments | undefined },
): Promise<CallToolResult | undefined> {
  const tool = tools.find((it) => it.name === name);
  if (!tool) return undefined;
  const writes = tool.writes(args);
  const portal = portalName.safeParse(args['portal']).data;
  const trail = startAudit({ onlyReads: !writes, params: { portal } }, tool.operation, ground.portals);
  if (trail) request.auditContext = trail;
  try {
    checkAccess(caller.client, { scope: tool.wish.scope });
    const { data: input, error } = tool.input.safeParse(args);
    if (!input) throw validationFault(error.issues);
    Object.assign(trail?.ids ?? {}, tool.ids(input));
    return answered(await tool.run(ground, caller, input), tool);
  } catch (error) {
    return refused(faultOf(error), request, writes ? 'write' : 'read');
  }
}

function answered(answer: object | undefined, { says }: Tool): CallToolResult {
  if (answer === undefined) return { content: [{ type: 'text', text: says }] };
  return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: { ...answer } };
}

/** The same problem that HTTP would tell, with what its headers would. */
function refused(fault: Fault, request: GatewayRequest, effect: 'read' | 'write'): CallToolResult {
  if (fault.code === 'internal_error') request.log.error({ err: fault.cause ?? fault }, 'internal error');
  request.faultCode = fault.code;
  const retryAfterSeconds = retryAfterOf(fault);
  const problem = { ...problemOf(fault, request.id, effect), retryAfterSeconds };
  return { isError: true, content: [{ type: 'text', text: JSON.stringify(problem) }] };
}
