import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { auditFieldsOf } from '../../http/audit-fields';
import { idsOf } from '../../http/audit-context';
import { portalName } from '../../http/shapes';
import { type Declaration, inputSchema, pathIdNames } from '../../resources/declaration';
import type { DeclaredMethod } from '../../resources/declarations';
import { runDeclared } from '../../resources/run-declared';
import type { McpTool } from './tool';

/** Makes the tool of a declared method. */
export function declaredTool(declaration: DeclaredMethod): McpTool {
  const { id, summary, description, scope, method, answerDescription: says, lost } = declaration;
  const input = inputSchema(declaration, { portal: portalName });
  const fields = auditFieldsOf(declaration.body);
  return {
    name: toolName(id),
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

/** Returns the name of the tool of an operation: `get_backlog` for `getBacklog`. */
export function toolName(operation: string): string {
  return operation.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Returns the hints of a tool. A write is idempotent unless Bitrix24 creates a new entity each time. */
function annotationsOf({ verb, lost }: Declaration): ToolAnnotations {
  if (!lost) return { readOnlyHint: true };
  const onlyAdds = verb === 'post' && lost.kind !== 'state';
  return { readOnlyHint: false, destructiveHint: !onlyAdds, idempotentHint: lost.kind !== 'unsettled' };
}
