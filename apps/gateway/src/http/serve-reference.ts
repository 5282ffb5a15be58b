import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { documentDoor } from './door';
import { buildFolders, serveSite } from './serve-site';
import { StaticDocument } from './static-document';

const meanwhile = 'The document that it shows is there: <a href="/openapi.json">/openapi.json</a>.';

/** Serves the OpenAPI document at /openapi.json and a readable page at /docs. */
export async function serveReference(
  app: NestFastifyApplication & INestApplication,
  document: OpenAPIObject,
): Promise<void> {
  const text = new StaticDocument(JSON.stringify(document), 'application/json; charset=utf-8');
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/openapi.json', { config: { door: documentDoor } }, (request, reply) => text.show(request, reply));
  // The library that renders the texts does not support trusted types.
  const site = { name: 'reference', policy: [], meanwhile };
  await serveSite(app, { address: '/docs', folders: buildFolders('reference'), ...site });
}
