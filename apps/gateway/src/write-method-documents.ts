import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BaseDocument, Catalog, methodDocumentNames, methodIndex, methodsDocument } from '@b24/catalog';

/**
 * Writes an OpenAPI document for each permission, one for all methods, and an index of their operations, beside openapi.json.
 * Part of every build.
 */
const root = join(__dirname, '../../..');
const folder = join(root, 'openapi');
const base = JSON.parse(readFileSync(join(root, 'openapi.json'), 'utf8')) as BaseDocument;
const catalog = new Catalog();

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
writeFileSync(join(folder, 'index.json'), JSON.stringify(methodIndex(catalog)));
for (const name of methodDocumentNames(catalog))
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(methodsDocument(catalog, base, name)));
