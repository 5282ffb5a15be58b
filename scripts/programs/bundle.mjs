import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { besideBundle, foundResources, visibleRequires, withoutDocument, withoutFetch } from './bundle-plugins.mjs';
import { compileProgram } from './compile-program.mjs';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'dist/programs');
/** The main module of each program. */
const programs = {
  gateway: 'apps/gateway/src/main.ts',
  reseal: 'apps/gateway/src/reseal.ts',
  'b24-gateway': 'apps/cli/src/main.ts',
};
/** Optional packages of our packages. They are not installed. */
const optional =
  /^(?:@nestjs\/(?:microservices|websockets|platform-express)|@fastify\/(?:multipart|view)|class-(?:validator|transformer))(?:\/|$)/;
/** Packages of which the ES modules are bundled, and of those only what is used. */
const esModules = {
  bullmq: 'bullmq/dist/esm/index.js',
  'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
  '@opentelemetry/exporter-trace-otlp-http': '@opentelemetry/exporter-trace-otlp-http/build/esm/index.js',
  '@opentelemetry/resources': '@opentelemetry/resources/build/esm/index.js',
  '@opentelemetry/sdk-trace': '@opentelemetry/sdk-trace/build/esm/index.js',
};
const withoutSideEffects = { test: /node_modules\/(?:bullmq|luxon|cron-parser)\//, sideEffects: false };

/** Writes each program into one file in dist/programs, beside the files that it reads, and compiles it. */
for (const [name, main] of Object.entries(programs)) {
  rmSync(join(folder, `${name}.bundle.js.compiled`), { force: true });
  await bundle(name, join(root, main));
  cpSync(join(import.meta.dirname, 'start-program.cjs'), join(folder, `${name}.js`));
  // npx runs the file as it is, but makes it executable only the first time.
  chmodSync(join(folder, `${name}.js`), 0o755);
}
cpSync(join(root, 'openapi.json'), join(folder, 'openapi.json'));
const readBeside = /\.lua$|^catalog\/src\/methods\.json$/;
for (const file of readdirSync(join(root, 'libs'), { recursive: true }).filter((it) => readBeside.test(it)))
  cpSync(join(root, 'libs', file), join(folder, 'libs', file));
for (const name of Object.keys(programs)) await compileProgram(join(folder, `${name}.js`));
await writeMethodDocuments();

/** Runs a program that is needed for the build only. */
async function writeMethodDocuments() {
  const name = 'method-documents';
  await bundle(name, join(root, 'apps/gateway/src/write-method-documents.ts'));
  cpSync(join(import.meta.dirname, 'start-program.cjs'), join(folder, `${name}.js`));
  execFileSync(process.execPath, [join(folder, `${name}.js`)], { stdio: ['ignore', 'inherit', 'inherit'] });
  for (const end of ['js', 'bundle.js', 'bundle.js.map']) rmSync(join(folder, `${name}.${end}`));
}

async function bundle(name, main) {
  const bundled = await rolldown({
    input: main,
    platform: 'node',
    tsconfig: join(root, 'tsconfig.json'),
    external: optional,
    plugins: [besideBundle, foundResources, withoutDocument, withoutFetch, visibleRequires],
    resolve: {
      alias: Object.fromEntries(Object.entries(esModules).map(([id, file]) => [id, join(root, 'node_modules', file)])),
    },
    treeshake: { moduleSideEffects: [withoutSideEffects] },
    checks: { eval: false },
    onLog(level, { message }) {
      if (level === 'warn') throw new Error(message);
    },
  });
  const file = join(folder, `${name}.bundle.js`);
  const { output } = await bundled.write({
    file,
    format: 'cjs',
    codeSplitting: false,
    // V8's compiled code has no loader for import().
    dynamicImportInCjs: false,
    comments: false,
    keepNames: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await bundled.close();
  const outside = output[0].imports.filter((it) => !isBuiltin(it) && !optional.test(it));
  if (outside.length > 0) throw new Error(`${name} would load ${outside.join(', ')} from outside the bundle.`);
  writeFileSync(file, asciiFunction(readFileSync(file, 'utf8')));
}

/**
 * Makes a bundle the function that a CommonJS module is, and every other character an escape, so that Node holds the text
 * once and in one byte a character. No line moves.
 */
function asciiFunction(code) {
  const body = code.replace(/^#!.*/, '').replace(/[^\0-\x7f]/g, (it) => `\\u${hex(it)}`);
  const end = body.lastIndexOf('//# sourceMappingURL=');
  return `(function (exports, require, module, __filename, __dirname) { ${body.slice(0, end)}})\n${body.slice(end)}`;
}

function hex(character) {
  return character.charCodeAt(0).toString(16).padStart(4, '0');
}
