import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { INestApplication } from '@nestjs/common';
import { z } from 'zod';
import { auditPageSchema } from './api/audit/audit-view';
import { boardEndSchema, boardLineSchema, boardSchema } from './api/boards/board-schemas';
import { loggedCallSchema } from './api/call-log/logged-call-view';
import { batchItemSchema } from './api/calls/batch-item';
import { batchPartSchema } from './api/calls/batch-work';
import { listBrokenOffSchema, listEndSchema, listRecordSchema } from './api/calls/list-stream-schemas';
import { fanOutLineSchema, fanOutSummarySchema } from './api/calls/fan-out-line';
import { problemSchema } from './http/problem';
import { resources } from './resources/declarations';
import { problemExamples, sharedHeaders } from './http/problem-responses';
import { shareComponents } from './http/share-components';

/** Schemas that operations reference by name only. */
const referenced = [
  ...[problemSchema, fanOutLineSchema, fanOutSummarySchema, batchItemSchema, batchPartSchema],
  ...[listRecordSchema, listEndSchema, listBrokenOffSchema, boardSchema, boardLineSchema, boardEndSchema],
  ...[auditPageSchema, loggedCallSchema],
];

/** The introduction of the document, in Markdown. */
const introduction = `
One service between your software and every Bitrix24 portal it works with. Name a portal and a resource; the gateway
takes care of tokens, limits and batches, and returns an answer or a problem.

## The first call

Send your key with every request. An operator creates keys with \`POST /v1/clients\` or in the console.

\`\`\`
curl -H "Authorization: Bearer $KEY" https://gateway.example/v1/portals
\`\`\`

In paths, \`{portal}\` is the member id, alias or domain of a portal. Ids are those of Bitrix24.

## Errors

Every failure is a problem (RFC 9457, \`application/problem+json\`) with a stable \`code\`. \`detail\` says what to do, and
\`retryable\` whether you may send the same call again. If there is a \`Retry-After\` header, wait that long first.

## Writes

Send an \`Idempotency-Key\` with each write, for example a UUID. A retry with the same key gets the answer to the first
attempt, and nothing is written twice. Without a key, after \`outcome_unknown\`, check the portal before you write again.

## Time

A call waits while the limit of the portal is used up, for at most \`X-Deadline-Ms\`. \`Server-Timing\` shows where the
time went.
`.trim();

type JsonSchema = Record<string, unknown>;

/** Builds the OpenAPI document from the controllers and their schemas. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder();
  for (const { tag, about } of resources) builder.addTag(tag, about);
  const config = builder
    .setOpenAPIVersion('3.1.1')
    .setTitle('b24-gateway')
    .setVersion('1')
    .setDescription(introduction)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This gateway')
    .addTag('boards', 'The board of a scrum in one answer.')
    .addTag('calls', 'Any REST method of a portal, by its name.')
    .addTag('portals', 'Installed portals.')
    .addTag('apps', 'Apps registered in Bitrix24; each portal belongs to one.')
    .addTag('clients', 'Internal services and their keys.')
    .addTag('subscriptions', 'Events of portals, forwarded to internal services.')
    .addTag('fan-out', 'One call to many portals.')
    .addTag('jobs', 'Long work that runs in the background.')
    .addTag('audit', 'The audit log of writes.')
    .addTag('call-log', 'The calls of the last day.')
    .addTag('operations', 'Health and metrics.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A client key or the admin key.' }, 'key')
    .addSecurityRequirements('key')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => convert(schema as z.ZodType, schemaType),
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...namedSchemas() },
    headers: { ...sharedHeaders },
    examples: problemExamples(document.paths),
  };
  shareComponents(document);
  return withSharedSecurity(document);
}

/** Converts a schema to JSON Schema; every schema in it that has an id becomes a component and a reference to it. */
function convert(
  schema: z.ZodType,
  io: 'input' | 'output',
): { schema: JsonSchema; components: Record<string, JsonSchema> } {
  const { $defs, ...converted } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      adapt(zodSchema, jsonSchema, io);
    },
  });
  // The document names the dialect once, for all schemas.
  delete converted.$schema;
  return { schema: converted, components: $defs ?? {} };
}

function adapt(zodSchema: z.core.$ZodType, jsonSchema: z.core.JSONSchema.BaseSchema, io: 'input' | 'output'): void {
  // Zod omits the examples of a schema that transforms; ours show what is sent.
  const examples = z.globalRegistry.get(zodSchema as z.ZodType)?.['examples'];
  if (Array.isArray(examples)) jsonSchema.examples = examples;
  // A number in a path or a query is parsed from text; its pattern is not the number's.
  if (jsonSchema.type === 'integer') delete jsonSchema.pattern;
  // The format says as much as this long pattern.
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  // Answers may gain fields; a client must not fail on them.
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}

/** The schemas that are referenced by name only. */
function namedSchemas(): Record<string, JsonSchema> {
  const components = Object.assign({}, ...referenced.map((it) => convert(it, 'output').components)) as object;
  return JSON.parse(JSON.stringify(components).replaceAll('#/$defs/', '#/components/schemas/')) as Record<
    string,
    JsonSchema
  >;
}

/** An operation names its security only where it differs from the document's: where it needs no key. */
function withSharedSecurity(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.patch, path.put, path.delete]) {
      if (operation?.security) delete operation.security;
      else if (operation) operation.security = [];
    }
  }
  return document;
}
