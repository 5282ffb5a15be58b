import { readdirSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const documentDecorators = ['BearerAuth', 'ExcludeController', 'Header', 'Operation', 'Query', 'Response', 'Tags'];
const swagger = '\0@nestjs/swagger';

/** Lets our sources find beside the bundle what they find beside themselves: scripts, openapi.json and sites. */
export const besideBundle = {
  name: 'beside-bundle',
  transform(code, id) {
    if (!isOurs(id) || !code.includes('__dirname')) return undefined;
    const folder = relative(root, dirname(id)).replaceAll(sep, '/');
    return { code: code.replaceAll('__dirname', `(__dirname + '/${folder}')`), map: null };
  },
};

/** Replaces the search for resources by imports of those that are there, in the same order. */
export const foundResources = {
  name: 'found-resources',
  load(id) {
    if (!id.endsWith('/resources/load-resources.ts')) return undefined;
    const files = readdirSync(dirname(id), { recursive: true, encoding: 'utf8' })
      .filter((file) => dirname(file) !== '.' && file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .sort();
    const imports = files.map((file, i) => `import * as module${i} from './${file.replace(/\.ts$/, '')}';`);
    const modules = files.map((_, i) => `module${i}`).join(', ');
    const load = `export const loadResources = () => [${modules}].flatMap((it) => ('resource' in it ? [it.resource] : []));`;
    return [...imports, load].join('\n');
  },
};

/** Omits what only openapi.json is made of: programs serve the file. */
export const withoutDocument = {
  name: 'without-document',
  resolveId: (id) => (id === '@nestjs/swagger' ? swagger : undefined),
  load(id) {
    if (id !== swagger) return undefined;
    const decorators = documentDecorators.map((name) => `export const Api${name} = () => () => undefined;`);
    return decorators.join('\n');
  },
};

/**
 * Omits the browser's interfaces of undici and axios. No program uses them, and looking whether Node has them loads Node's
 * own undici, which takes 25 ms and 10 MB.
 */
export const withoutFetch = {
  name: 'without-fetch',
  transform(code, id) {
    if (id.endsWith('node_modules/undici/index.js'))
      return {
        code: code.replace(/require\('\.\/lib\/(?:web|mock)\/[^']+'\)/g, '({ CacheStorage: Object })'),
        map: null,
      };
    if (id.endsWith('node_modules/axios/lib/utils.js'))
      return {
        code: code.replace("typeof G.FormData !== 'undefined' ? G.FormData : undefined", 'undefined'),
        map: null,
      };
    return undefined;
  },
  load(id) {
    return id.endsWith('node_modules/axios/lib/adapters/fetch.js') ? 'export const getFetch = () => false;' : undefined;
  },
};

/** Bottleneck hides its requests for Redis clients from bundlers, and would load a second copy of ioredis. */
export const visibleRequires = {
  name: 'visible-requires',
  transform(code, id) {
    if (!id.includes('node_modules/bottleneck/')) return undefined;
    return { code: code.replaceAll('eval("require")("ioredis")', 'require("ioredis")'), map: null };
  },
};

function isOurs(id) {
  return ['apps', 'libs'].some((it) => id.startsWith(join(root, it) + sep));
}
