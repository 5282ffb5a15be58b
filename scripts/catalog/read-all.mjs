import { readdirSync } from 'node:fs';
import { readMethod } from './read-page.mjs';

const reference = 'api-reference';
/** Pages of methods that stand outside the reference. */
const others = [/^settings\/how-to-call-rest-api\/batch\.md$/, /^settings\/interactivity\//];
/** Parts of pages, overviews and examples: they describe no method of their own. */
const noPages = /(?:^|\/)_?includes?\/|(?:^|\/)index\.md$|(?:^|\/)examples\/|\/send-command\.md$/;

/** Returns the methods of a checkout by name in lower case, and the pages that describe one a second time. */
export function readAll(folder, effects) {
  const methods = new Map();
  const repeated = [];
  for (const path of pagesIn(folder)) {
    const method = readMethod(folder, path, effects);
    if (!method) continue;
    const key = method.name.toLowerCase();
    if (methods.has(key)) repeated.push({ name: method.name, page: method.page });
    else methods.set(key, method);
  }
  return { methods, repeated };
}

function pagesIn(folder) {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((it) => it.replaceAll('\\', '/'));
  const inReference = (path) => path.startsWith(`${reference}/`) || others.some((it) => it.test(path));
  return files.filter((it) => it.endsWith('.md') && inReference(it) && !noPages.test(it)).sort();
}
