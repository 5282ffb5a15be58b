import { parseArgs } from 'node:util';
import { reportChartRenderer } from './launch/chart-renderer.mjs';
import { checks, runChecks } from './launch/checks.mjs';
import { findOrInstallChromium } from './launch/chromium-binary.mjs';
import { runJest } from './launch/jest-run.mjs';
import { prepare } from './launch/prepare.mjs';
import { findOrInstallRedis } from './launch/redis-binary.mjs';
import { main, say, Stop } from './launch/say.mjs';

/*
 * `npm test -- [--part tests] [jest options]` prepares everything and runs one part after the other. With options of jest,
 * for example a part of a file name, it runs the tests that they choose, of any part but chaos, and no checks.
 */

/** Chaos kills what others would wait for. Its long form is `npm run chaos`. */
const chaosEnv = { CHAOS_SECONDS: '24', CHAOS_SEED: '1', CHAOS_TOLERANCE_MS: '10000' };
const parts = {
  /** Most of a test is waiting; checks take what is left of the processor. */
  tests: async () => {
    const [checked, tested] = await Promise.all([
      runChecks(checks),
      jest(['unit', 'contract', 'e2e'], ['--maxWorkers=3']),
    ]);
    return { ...tested, checked };
  },
  /** What measures, or floods a gateway, one file after the other. */
  quiet: () => jest(['fuzz', 'quiet'], ['--runInBand']),
  /** Packages, `npm start`, the Helm chart, the docs as they are read, clusters of Redis. */
  ship: () => {
    reportChartRenderer();
    return jest(['ship'], ['--maxWorkers=2']);
  },
  chaos: () => jest(['chaos'], ['--runInBand'], chaosEnv),
};

main(async () => {
  process.chdir(new URL('..', import.meta.url).pathname);
  const { chosen, options } = readArguments();
  const results = [await timed('setup', setUp)];
  if (options.length > 0) {
    results.push(await timed('tests', () => jest(['unit', 'contract', 'e2e', 'fuzz', 'quiet', 'ship'], options)));
  } else {
    for (const name of chosen) results.push(await timed(name, parts[name]));
  }
  report(results);
});

function readArguments() {
  const { tokens } = parseArgs({ options: { part: { type: 'string', multiple: true } }, strict: false, tokens: true });
  const named = tokens.filter((it) => it.name === 'part').map((it) => it.value);
  const unknown = named.find((it) => !parts[it]);
  if (unknown) throw new Stop(`There is no part "${unknown}"; the parts are ${Object.keys(parts).join(', ')}.`);
  const taken = new Set(
    tokens.filter((it) => it.name === 'part').flatMap((it) => [it.index, it.index + !it.inlineValue]),
  );
  const options = process.argv.slice(2).filter((_, i) => !taken.has(i));
  return { chosen: named.length > 0 ? named : Object.keys(parts), options };
}

async function setUp() {
  await prepare();
  process.env.REDIS_SERVER = await findOrInstallRedis();
  process.env.CHROMIUM = await findOrInstallChromium();
  return {};
}

function jest(projects, options, env = {}) {
  return runJest(['--selectProjects', ...projects, ...options], { ...process.env, ...env });
}

async function timed(name, work) {
  const startedAt = Date.now();
  const result = await work();
  return {
    ok: true,
    passed: 0,
    failed: 0,
    files: [],
    checked: [],
    ...result,
    name,
    seconds: (Date.now() - startedAt) / 1000,
  };
}

/** Prints how long what took, and ends the process. */
function report(results) {
  const checked = results.flatMap((it) => it.checked);
  const files = results.flatMap((it) => it.files).sort((a, b) => b.seconds - a.seconds);
  const failedChecks = checked.filter((it) => !it.ok);
  const passed = sum(results, 'passed');
  table('Part', results);
  if (checked.length > 0) table('Check', checked);
  table(
    'Slowest test files',
    files.slice(0, 10).map(({ path, seconds }) => ({ name: path, seconds })),
  );
  if (failedChecks.length > 0) say(`\nFailed checks: ${failedChecks.map((it) => it.name).join(', ')}`);
  say(`\n${passed} passed, ${sum(results, 'failed') + failedChecks.length} failed`);
  process.exit(results.every((it) => it.ok) && failedChecks.length === 0 && passed > 0 ? 0 : 1);
}

function table(title, rows) {
  say(`\n${title.padEnd(60)} seconds`);
  for (const { name, seconds } of rows) say(`${name.padEnd(60)} ${seconds.toFixed(1).padStart(7)}`);
}

function sum(results, field) {
  return results.reduce((total, it) => total + it[field], 0);
}
