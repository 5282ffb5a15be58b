import { fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { runJest } from './launch/jest-run.mjs';
import { findOrInstallChromium } from './launch/chromium-binary.mjs';
import { prepare } from './launch/prepare.mjs';
import { findOrInstallRedis } from './launch/redis-binary.mjs';
import { main, say } from './launch/say.mjs';

/*
 * `npm run steady -- [--times 10] [--burners 2] [--pattern events]` runs the tests many times beside processes that use all
 * the processor that they get, and prints every test that ever failed, with how often, and its messages.
 */

const projects = ['unit', 'contract', 'fuzz', 'e2e', 'quiet', 'ship'];

if (process.argv[2] === 'burn') burn();
else main(steady);

async function steady() {
  process.chdir(new URL('..', import.meta.url).pathname);
  const { times, burners, pattern } = parseArgs({
    options: {
      times: { type: 'string', default: '10' },
      burners: { type: 'string', default: '2' },
      pattern: { type: 'string', default: '' },
    },
  }).values;
  await prepare();
  const env = { ...process.env, REDIS_SERVER: await findOrInstallRedis(), CHROMIUM: await findOrInstallChromium() };
  const burning = Array.from({ length: Number(burners) }, () => fork(import.meta.filename, ['burn']));
  const failures = [];
  let passed = 0;
  for (let run = 1; run <= Number(times); run++) {
    const result = await runJest(['--selectProjects', ...projects, '--testPathPatterns', pattern], env);
    passed += result.passed;
    if (!result.ok && result.files.length === 0) failures.push({ test: 'the run', message: 'Jest wrote no report.' });
    failures.push(...result.files.flatMap(({ path, failures: failed }) => failed.map((it) => ({ path, ...it }))));
    say(`Run ${run} of ${times}: ${result.passed} passed, ${result.failed} failed`);
  }
  for (const child of burning) child.kill();
  report(failures, Number(times));
  process.exit(failures.length === 0 && passed > 0 ? 0 : 1);
}

/** Uses a processor until it is killed, or its parent has ended. */
function burn() {
  process.on('disconnect', () => process.exit());
  const turn = () => {
    for (const until = Date.now() + 200; Date.now() < until;) Math.sqrt(until);
    setImmediate(turn);
  };
  turn();
}

/** Prints each test that failed, the most frequent first, with each of its messages once. */
function report(failures, times) {
  const tests = Object.entries(failuresByTest(failures));
  for (const [name, failed] of tests.sort(([, a], [, b]) => b.length - a.length)) {
    say(`\n${name}: failed ${failed.length} of ${times} times`);
    for (const message of new Set(failed.map((it) => shortened(it.message)))) say(message);
  }
  if (failures.length === 0) say(`No test failed in ${times} runs.`);
}

/** A message without the stack frames of jest, indented. */
function shortened(message) {
  const lines = message
    .trimEnd()
    .split('\n')
    .filter((line) => !/^\s+at .*(?:node_modules|node:)/.test(line));
  return lines.map((line) => `  ${line}`).join('\n');
}

function failuresByTest(failures) {
  const byTest = {};
  for (const it of failures) (byTest[`${it.path ?? ''} › ${it.test}`] ??= []).push(it);
  return byTest;
}
