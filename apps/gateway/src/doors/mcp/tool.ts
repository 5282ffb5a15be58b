import type { AccessRequest } from '@b24/access';
import type { GrantStore } from '@b24/grants';
import type { ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import type { z } from 'zod';
import type { AnyCalls } from '../../api/calls/any-calls';
import type { AuditContext } from '../../http/request-scope';
import type { CallerContext } from '../../request-line';
import type { DeclaredMethodDependencies } from '../../resources/run-declared';
import type { Settings } from '../../settings';
import type { Live } from '../console/live';

/** The dependencies of tools. */
export interface ToolDependencies extends DeclaredMethodDependencies {
  readonly calls: AnyCalls;
  readonly store: GrantStore;
  readonly live: Pick<Live, 'watch'>;
  /** `plan` is that of portals whose plan is unknown. */
  readonly settings: Pick<Settings, 'plan' | 'publicUrl'>;
}

/** The arguments of a tool call, not validated. */
export type ToolArguments = Readonly<Record<string, unknown>>;

/** A tool of the Model Context Protocol. */
export interface McpTool {
  /** In snake_case. */
  readonly name: string;
  /** The id of its operation in openapi.json, which the audit log records for a write. */
  readonly operation: string;
  readonly description: string;
  readonly annotations: ToolAnnotations;
  /** The access that a key needs, apart from the portal. Absent: every key may use the tool. */
  readonly access?: Omit<AccessRequest, 'portal'>;
  readonly input: z.ZodObject;
  /** The shape of the answer, for clients that check it. */
  readonly output?: z.ZodObject;
  /** The text that replaces an answer without content. */
  readonly says: string;
  writes(args: ToolArguments): boolean;
  /** Returns the fields for the audit log. */
  ids(input: ToolArguments): AuditContext['ids'];
  /** Returns an object or undefined. @param input validated by `input`. @throws Fault */
  run(dependencies: ToolDependencies, caller: CallerContext, input: ToolArguments): Promise<object | undefined>;
}

/** The parts that all tools share that read and have no operation of their own in openapi.json. */
export const readingTool = {
  annotations: { readOnlyHint: true },
  writes: () => false,
  ids: (): AuditContext['ids'] => ({}),
} satisfies Partial<McpTool>;
