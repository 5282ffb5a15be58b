import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Stop, step } from './say.mjs';

const stamps = { installed: 'node_modules/.installed-lock', built: 'dist/.built-from' };
const sources = [
  'apps',
  'libs',
  'scripts/programs',
  'openapi.json',
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.json',
];

/** Prepares Node, dependencies and the build for this checkout; skips what is up to date. */
export async function prepare() {
  checkNode();
  await install();
  if (digestOf(sources) !== stampIn(stamps.built)) await build();
}

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Stop(`b24-gateway needs Node 20.19 or later; this is ${version}. Install a newer one from nodejs.org.`);
}

export async function install() {
  const lock = digestOf(['package-lock.json']);
  if (lock === stampIn(stamps.installed)) return;
  await step('Installing dependencies', npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], shell);
  writeFileSync(stamps.installed, lock);
}

/** Two parts at a time: the gateway's own compilation takes about as long as all others together. */
export async function build() {
  await Promise.all([compile('gateway'), buildOthers()]);
  const scripts = 'dist/apps/gateway/libs/grants/src/saveGrant-1.lua';
  if (!existsSync(scripts)) throw new Stop(`The build is not whole: ${scripts} is missing.`);
  writeFileSync(stamps.built, digestOf(sources));
}

async function buildOthers() {
  await step('Bundling the programs', process.execPath, ['scripts/programs/bundle.mjs']);
  await compile('portal-simulator');
  for (const site of ['console', 'reference']) {
    await step(`Building the ${site}`, process.execPath, ['node_modules/vite/bin/vite.js', 'build', `apps/${site}`]);
    pressAssets(`dist/apps/${site}/assets`);
  }
}

function compile(app) {
  return step(`Building ${app}`, process.execPath, ['node_modules/@nestjs/cli/bin/nest.js', 'build', app]);
}

/** Compresses the assets once instead of at every request; the server chooses the encoding that the browser accepts. */
function pressAssets(folder) {
  for (const file of filesIn(folder).filter((it) => /\.(js|css|svg)$/.test(it))) {
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const shell = process.platform === 'win32' ? { shell: true } : {};

function stampIn(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function digestOf(places) {
  const hash = createHash('sha256').update(process.version);
  for (const file of places.flatMap(filesIn).filter((it) => !it.endsWith('.spec.ts'))) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function filesIn(place) {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place)
    .filter((name) => name !== 'dist')
    .sort()
    .flatMap((name) => filesIn(join(place, name)));
}
