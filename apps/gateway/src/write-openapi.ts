import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { bareDocument } from './bare-document';
import { coveragePage } from './resources/coverage';
import { declaredMethods } from './resources/declarations';

/** `npm run openapi`: writes openapi.json and docs/coverage.md from the controllers and declarations; prettier formats them. */
void bareDocument().then((document) => {
  writeFileSync('openapi.json', `${JSON.stringify(document)}\n`);
  writeFileSync('docs/coverage.md', coveragePage(declaredMethods));
  process.exit(0);
});
