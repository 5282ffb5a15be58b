import type { AccessRequest } from '@b24/access';
import type { GrantStore, PortalRecord } from '@b24/grants';
import type { Plan } from '@b24/queue';
import { unlessAborted } from '@b24/portal';
import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { AnyCalls } from '../../api/calls/any-calls';
import { readBoard } from '../../api/boards/read-board';
import { findPortal } from '../../line/find-portal';
import { methodName, methodParams, isReadMethod, startSchema } from '../../line/any-method';
import { callAnswer } from '../../api/calls/calls.controller';
import { auditFieldsOf } from '../../http/audit-fields';
import type { AuditContext } from '../../http/request-scope';
import { cursorPattern, foreignCursor, nextCursor } from '../../http/list-page';
import { idSchema, portalName } from '../../http/shapes';
import { idsOf } from '../../http/audit-context';
import { canSeePortal } from '../../api/portals/can-see-portal';
import { viewOf } from '../../api/portals/portal-view';
import { listPortalsOfKey } from '../../api/portals/list-portals-of-key';
import type { CallerContext } from '../../request-line';
import { type Declaration, pathIdDescription, pathIdNames, inputSchema } from '../../resources/declaration';
import { type DeclaredMethod, declaredMethods } from '../../resources/declarations';
import { type DeclaredMethodDependencies as DeclaredGround, runDeclared } from '../../resources/run-declared';

/** The dependencies of tools. */
export interface ToolDependencies extends DeclaredGround {
  readonly calls: AnyCalls;
  readonly store: GrantStore;
  /** The plan of portals whose plan is unknown. */
  readonly plan: Plan;
}

/** The arguments of a tool call, not validated. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** A tool of the Model Context Protocol. */
export interface McpTool {
  readonly name: string;
  /** The id of its operation in openapi.json, which the audit log records. */
  readonly operation: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  /** The access that a key needs, apart from the portal. */
  readonly access: Omit<AccessRequest, 'portal'>;
  readonly input: z.ZodObject;
  /** The text that replaces an answer without content. */
  readonly says: string;
  writes(args: ToolArguments): boolean;
  /** Returns the fields for the audit log. */
  ids(input: ToolArguments): AuditContext['ids'];
  /** Returns an object or undefined. @param input validated by `input`. @throws Fault */
  run(ground: ToolDependencies, caller: CallerContext, input: ToolArguments): Promise<object | undefined>;
}

const noted = (): AuditContext['ids'] => ({});

/** Makes the tool of a declared method. */
function declaredTool(declaration: DeclaredMethod): McpTool {
  const { id, summary, description, scope, method, answerDescription: says, lost } = declaration;
  const input = inputSchema(declaration, { portal: portalName });
  const fields = auditFieldsOf(declaration.body);
  return {
    name: id,
    operation: id,
    description: [`${summary}.`, ...(description ? [description] : [])].join(' '),
    annotations: annotationsOf(declaration),
    access: { scope, method },
    input,
    says,
    writes: () => lost !== undefined,
    ids: (it) =>
      idsOf(Object.fromEntries(pathIdNames(declaration).map((name) => [name, String(it[name])])), it, fields),
    run: async (dependencies, caller, { portal, ...rest }) => {
      const { answer } = await runDeclared(dependencies, declaration, caller, portal as string, rest);
      return answer as object | undefined;
    },
  };
}

/** Returns the hints of a tool. A write is idempotent unless Bitrix24 creates a new entity each time. */
function annotationsOf({ verb, lost }: Declaration): ToolAnnotations {
  if (!lost) return { readOnlyHint: true };
  const onlyAdds = verb === 'post' && lost.kind !== 'state';
  return { readOnlyHint: false, destructiveHint: !onlyAdds, idempotentHint: lost.kind !== 'unsettled' };
}

const cursor = z
  .string()
  .regex(cursorPattern, foreignCursor)
  .optional()
  .describe('The `nextCursor` of the previous page.');

const listPortals: McpTool = {
  name: 'list_portals',
  operation: 'listPortals',
  description: 'The portals this key may use, 50 a page.',
  annotations: { readOnlyHint: true },
  access: { scope: 'portals:read' },
  input: z.strictObject({ cursor }),
  says: 'A page of portals.',
  writes: () => false,
  ids: noted,
  run: async ({ store, plan }, { client, signal }, input) => {
    const only = (record: PortalRecord) => canSeePortal(client, record);
    const page = listPortalsOfKey(store, client, { after: Number(input['cursor'] ?? 0), limit: 50, only });
    const { items, next } = await unlessAborted(page, signal);
    return { items: items.map((it) => shortView(it, plan)), ...nextCursor(next) };
  },
};

/** The fields of a portal's view that an assistant can use. */
function shortView(record: PortalRecord, defaultPlan: Plan): object {
  const { memberId, alias, domain, tags, status, why } = viewOf(record, { defaultPlan });
  return { memberId, alias, domain, tags, status, why };
}

const methodCall = z.strictObject({
  portal: portalName,
  method: methodName,
  params: methodParams.default({}),
  start: startSchema.optional(),
});

const callMethod: McpTool = {
  name: 'call_method',
  operation: 'callMethod',
  description:
    'Run any REST method of the portal by its name, as `crm.deal.list`. What it is called and takes is Bitrix24’s to say.',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false },
  access: { scope: 'call' },
  input: methodCall,
  says: 'What the method returned.',
  writes: ({ method }) => typeof method !== 'string' || !isReadMethod(method),
  // The schema has checked that it is a method name, and method names are not secret.
  ids: ({ method }) => ({ method: method as string }),
  run: async ({ calls, portals }, caller, input) => {
    const { portal, ...call } = input as z.infer<typeof methodCall>;
    const found = await findPortal(portals, portal, caller.signal);
    return callAnswer(await calls.call(caller, found, call));
  },
};

const boardInput = z.strictObject({
  portal: portalName,
  groupId: idSchema.describe(pathIdDescription('groupId')),
  completed: z.boolean().default(false).describe('Whether completed sprints and their tasks are on the board.'),
  scrumFields: z
    .boolean()
    .default(false)
    .describe('Whether tasks have story points, epic and position, which takes one more request for 50 tasks.'),
});

const getBoard: McpTool = {
  name: 'getBoard',
  operation: 'getBoard',
  description:
    "Get a scrum's board: backlog, epics, sprints, stages and tasks. It is complete; `changedMeanwhile` says what changed while it was read.",
  annotations: { readOnlyHint: true },
  access: { scope: 'scrum:read', method: 'tasks.task.list' },
  input: boardInput,
  says: 'The board.',
  writes: () => false,
  ids: ({ groupId }) => ({ group: groupId as number }),
  run: async ({ line, portals }, caller, input) => {
    const { portal, ...request } = input as z.infer<typeof boardInput>;
    const found = await findPortal(portals, portal, caller.signal);
    return readBoard(request, (command) => line.call(caller, 'scrum:read', found, command));
  },
};

/** All tools, for every client. */
export const tools: readonly McpTool[] = [listPortals, ...declaredMethods.map(declaredTool), getBoard, callMethod];
