import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { documentDoor } from './door';
import { buildFolders, serveSite } from './serve-site';
import { StaticDocument } from './static-document';

const meanwhile = 'The document that it shows is there: <a href="/openapi.json">/openapi.json</a>.';
/** openapi.json, which `npm run openapi` writes: at the same place beside the sources, the build and the bundle. */
const documentFile = join(__dirname, '../../../../openapi.json');

/** Serves the OpenAPI document at /openapi.json and a readable page at /docs. */
export async function serveReference(app: Pick<NestFastifyApplication, 'getHttpAdapter' | 'register'>): Promise<void> {
  const text = new StaticDocument(readDocument, 'application/json; charset=utf-8');
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/openapi.json', { config: { door: documentDoor } }, (request, reply) => text.show(request, reply));
  // The library that renders the texts does not support trusted types.
  const site = { name: 'reference', policy: [], meanwhile };
  await serveSite(app, { address: '/docs', folders: buildFolders('reference'), ...site });
}

/** Returns the document without the white space of the file. */
function readDocument(): string {
  return JSON.stringify(JSON.parse(readFileSync(documentFile, 'utf8')));
}
