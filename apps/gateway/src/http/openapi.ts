import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { INestApplication } from '@nestjs/common';
import { z } from 'zod';
import { batchItemSchema } from '../api/calls/batch-item';
import { batchPartSchema } from '../api/calls/batch-work';
import { listBrokenOffSchema, listEndSchema, listRecordSchema } from '../api/calls/list-line';
import { fanOutLineSchema, fanOutSummarySchema } from '../api/calls/fan-out-line';
import { explain } from './glossary';
import { problemSchema } from './problem';
import { resources } from '../resources/declarations';

/** What is referred to by its name alone. */
const shared = [
  ...[problemSchema, fanOutLineSchema, fanOutSummarySchema, batchItemSchema, batchPartSchema],
  ...[listRecordSchema, listEndSchema, listBrokenOffSchema],
];

/** What a stranger must know before the first call; Markdown. */
const introduction = `
One service between your software and every Bitrix24 portal it works with. Name a portal and a resource, and get an answer
or an honest problem; tokens, limits and batches are the gateway’s affair.

## The first call

Send your key with every request. An operator makes keys with \`POST /v1/clients\` or in the console.

\`\`\`
curl -H "Authorization: Bearer $KEY" https://gateway.example/v1/portals
\`\`\`

In paths \`{portal}\` is a portal’s member id, its alias or its domain. Ids are Bitrix24’s own.

## When it does not work

Every failure is a problem (RFC 9457, \`application/problem+json\`) with a stable \`code\`; \`detail\` says what to do, and
\`retryable\` whether the same call may be made again as it is. Wait for \`Retry-After\` where there is one.

## Writes

Give each write an \`Idempotency-Key\` of your own, as a UUID: a retry with the same key is told what the first was told,
and nothing is written twice. Without one, \`outcome_unknown\` means: look before you write again.

## Time

A call waits while the portal’s limit is used up, at most as long as \`X-Deadline-Ms\` says. \`Server-Timing\` tells where
the time went.
`.trim();

type JsonSchema = Record<string, unknown>;

/** The OpenAPI document, made from the controllers and their schemas. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder();
  for (const { tag, about } of resources) builder.addTag(tag, about);
  const config = builder
    .setOpenAPIVersion('3.0.3')
    .setTitle('b24-gateway')
    .setVersion('1')
    .setDescription(introduction)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This gateway')
    .addTag('calls', 'Any method of a portal, by its name.')
    .addTag('portals', 'The installed portals.')
    .addTag('apps', 'Registrations in Bitrix24; each portal belongs to one.')
    .addTag('clients', 'Keys of internal services.')
    .addTag('subscriptions', 'Events of portals, sent on to internal services.')
    .addTag('fan-out', 'One call to many portals.')
    .addTag('jobs', 'Work that goes on without its caller.')
    .addTag('audit', 'Who wrote what.')
    .addTag('operations', 'Health and metrics.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A client key, or the admin key.' }, 'key')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => convert(schema as z.ZodType, schemaType),
  });
  const named = Object.assign({}, ...shared.map((it) => convert(it, 'output').components)) as Record<
    string,
    JsonSchema
  >;
  document.components = { ...document.components, schemas: { ...document.components?.schemas, ...named } };
  explain(document);
  return withoutKeylessSecurity(document);
}

/** A schema with an id becomes a component and a reference to it. */
function convert(
  schema: z.ZodType,
  io: 'input' | 'output',
): { schema: JsonSchema; components: Record<string, JsonSchema> } {
  const json = z.toJSONSchema(schema, { target: 'openapi-3.0', io, unrepresentable: 'any', override }) as JsonSchema;
  const { definitions = {}, ...rest } = tidy(json, io) as JsonSchema & { definitions?: Record<string, JsonSchema> };
  delete rest['$schema'];
  return { schema: rest, components: definitions };
}

/** Zod leaves out the examples of what it transforms, for they might be of its outcome; ours are of what is sent. */
function override({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: z.core.JSONSchema.BaseSchema }) {
  const meta = z.globalRegistry.get(zodSchema as z.ZodType);
  if (Array.isArray(meta?.['examples'])) jsonSchema.examples ??= meta['examples'];
}

/** OpenAPI 3.0 has `example` where JSON Schema has `examples`, and its own place for shared schemas. */
function tidy(value: unknown, io: 'input' | 'output'): unknown {
  if (Array.isArray(value)) return value.map((it) => tidy(it, io));
  if (typeof value !== 'object' || value === null) return value;
  const object = value as JsonSchema;
  const { allOf } = object;
  // A reference in a wrapping of its own says no more than the reference.
  if (Array.isArray(allOf) && allOf.length === 1 && Object.keys(object).length === 1) return tidy(allOf[0], io);
  const entries = Object.entries(object).flatMap(([key, inner]): [string, unknown][] => {
    if (key === 'examples' && Array.isArray(inner)) return [['example', inner[0]]];
    if (key === '$ref' && typeof inner === 'string')
      return [[key, inner.replace('#/definitions/', '#/components/schemas/')]];
    // A number in a path is read from text by a pattern.
    if (key === 'pattern' && object['type'] === 'integer') return [];
    // Answers may gain fields; a client must not fail on them.
    if (key === 'additionalProperties' && inner === false && io === 'output') return [];
    return [[key, tidy(inner, io)]];
  });
  return Object.fromEntries(entries);
}

/** What needs no key says so. */
function withoutKeylessSecurity(document: OpenAPIObject): OpenAPIObject {
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.patch, path.put, path.delete]) {
      if (operation && !operation.security) operation.security = [];
    }
  }
  return document;
}
