import { type Client, denialReason } from '@b24/access';
import type { Tool as ListedTool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { portalName } from '../../http/shapes';
import type { McpTool } from './tool';
import { tools } from './tools';

const listed = new Map(tools.map((tool) => [tool, listedTool(tool)]));

/** Returns the tools that this key may use, in the form of the protocol. */
export function toolsFor(client: Client): ListedTool[] {
  return [...listed].flatMap(([{ access }, shown]) =>
    access === undefined || denialReason(client, access) === undefined ? [shown] : [],
  );
}

function listedTool({ name, description, annotations, input, output }: McpTool): ListedTool {
  const inputSchema = schemaOf(input);
  return {
    name,
    title: titleOf(name),
    description,
    annotations,
    inputSchema,
    ...(output && { outputSchema: schemaOf(output) }),
  };
}

/** `get_backlog` is `Get backlog`. */
function titleOf(name: string): string {
  const words = name.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Returns a schema of few tokens: without what a description says better, or what every schema of the protocol has. */
function schemaOf(schema: z.ZodObject): ListedTool['inputSchema'] {
  const short = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: shorten });
  delete short.$schema;
  return short as ListedTool['inputSchema'];
}

type Shortened = Parameters<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override'] & object>[0];

/** The gateway validates by its own schemas, so a listed schema need not repeat long patterns and bounds of numbers. */
function shorten({ zodSchema, jsonSchema }: Shortened): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.additionalProperties !== false) delete jsonSchema.additionalProperties;
  if (zodSchema !== portalName) return;
  for (const name of ['minLength', 'maxLength', 'pattern', 'examples'] as const) delete jsonSchema[name];
}
