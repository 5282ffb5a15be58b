import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { openDoor } from './door';
import { buildFolders, serveSite } from './serve-site';
import { StaticDocument } from './static-document';

const meanwhile = 'The document that it shows is there: <a href="/openapi.json">/openapi.json</a>.';

/** The document at /openapi.json, and /docs, which shows it to people. */
export async function serveReference(
  app: NestFastifyApplication & INestApplication,
  document: OpenAPIObject,
): Promise<void> {
  const text = new StaticDocument(JSON.stringify(document), 'application/json; charset=utf-8');
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/openapi.json', { config: { door: openDoor } }, (request, reply) => text.show(request, reply));
  // Trusted types are not known to what renders its texts.
  const site = { name: 'reference', policy: [], meanwhile };
  await serveSite(app, { address: '/docs', folders: buildFolders('reference'), ...site });
}
