import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { bareDocument } from './http/bare-document';

/** `npm run openapi`: writes openapi.json at the root from what the controllers say. */
void bareDocument().then((document) => {
  writeFileSync('openapi.json', `${JSON.stringify(document, null, 2)}\n`);
  process.exit(0);
});
