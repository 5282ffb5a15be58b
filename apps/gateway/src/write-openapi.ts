import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { bareDocument } from './bare-document';
import { coveragePage } from './resources/coverage';
import { declaredMethods } from './resources/declarations';

/** `npm run openapi`: writes openapi.json and docs/coverage.md from what the controllers and declarations say. */
void bareDocument().then((document) => {
  writeFileSync('openapi.json', `${JSON.stringify(document, null, 2)}\n`);
  writeFileSync('docs/coverage.md', coveragePage(declaredMethods));
  process.exit(0);
});
