import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@b24/portal';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { documentDoor } from './door';
import { buildFolders, serveSite } from './serve-site';
import { StaticDocument } from './static-document';

const meanwhile = 'The document that it shows is there: <a href="/openapi.json">/openapi.json</a>.';
/** openapi.json, which `npm run openapi` writes: at the same place beside the sources, the build and the bundle. */
const documentFile = join(__dirname, '../../../../openapi.json');

/** Where the build writes the documents of the vendor's methods: beside the bundle, and for the sources and their build. */
const methodFolders = ['openapi', 'dist/programs/openapi', '../../programs/openapi'].map((it) =>
  join(__dirname, '../../../..', it),
);
const json = 'application/json; charset=utf-8';

/**
 * Serves the OpenAPI document at /openapi.json, those of the vendor's methods at /openapi/<permission>.json, and a readable
 * page at /docs.
 */
export async function serveReference(app: Pick<NestFastifyApplication, 'getHttpAdapter' | 'register'>): Promise<void> {
  const text = new StaticDocument(readDocument, json);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/openapi.json', { config: { door: documentDoor } }, (request, reply) => text.show(request, reply));
  const documents = methodDocuments();
  fastify.get<NamedDocument>('/openapi/:name', { config: { door: documentDoor } }, (request, reply) => {
    const document = documents.get(request.params.name);
    if (!document) throw new Fault('route_not_found');
    return document.show(request, reply);
  });
  // The library that renders the texts does not support trusted types.
  const site = { name: 'reference', policy: [], meanwhile };
  await serveSite(app, { address: '/docs', folders: buildFolders('reference'), ...site });
}

/** Returns the document without the white space of the file. */
function readDocument(): string {
  return JSON.stringify(JSON.parse(readFileSync(documentFile, 'utf8')));
}

interface NamedDocument {
  readonly Params: { readonly name: string };
}

/** By the names of their files; none if nothing is built. */
function methodDocuments(): ReadonlyMap<string, StaticDocument> {
  const folder = methodFolders.find((it) => existsSync(it));
  const names = folder === undefined ? [] : readdirSync(folder);
  return new Map(
    names.map((name) => [name, new StaticDocument(() => readFileSync(join(folder ?? '', name), 'utf8'), json)]),
  );
}
