import { spawnSync } from 'node:child_process';
import { findOrInstallChromium } from './launch/chromium-binary.mjs';
import { checkNode, prepare } from './launch/prepare.mjs';
import { findOrInstallRedis } from './launch/redis-binary.mjs';
import { main, say, Stop } from './launch/say.mjs';

/*
 * `npm run t -- <part of a file name> [jest options]` runs the test files that match, whichever project they are in, and
 * builds first only if one of them needs the build.
 */

/** Projects whose tests start the built programs. */
const projectsOnBuild = /\/test\/(?:e2e|fuzz|authorization|worst-key|chaos)\//;

main(async () => {
  process.chdir(new URL('..', import.meta.url).pathname);
  checkNode();
  const [pattern, ...options] = process.argv.slice(2);
  if (!pattern) throw new Stop('Name a test file, or a part of its name: npm run t -- backlogs');
  const files = filesMatching(pattern);
  if (files.length === 0) throw new Stop(`No test file has "${pattern}" in its path.`);
  say(files.map((file) => file.slice(process.cwd().length + 1)).join('\n'));
  if (files.some((file) => projectsOnBuild.test(file))) await prepare();
  const env = { ...process.env };
  if (files.some((file) => file.includes('/test/'))) env.REDIS_SERVER = await findOrInstallRedis();
  if (files.some((file) => file.includes('/test/e2e/'))) env.CHROMIUM = await findOrInstallChromium();
  process.exit(jest(['--runTestsByPath', ...files, ...options], { env, stdio: 'inherit' }).status ?? 1);
});

/** Absolute paths of the test files of any project. */
function filesMatching(pattern) {
  const { stdout } = jest(['--listTests', '--testPathPatterns', pattern], { encoding: 'utf8' });
  return stdout.split('\n').filter(Boolean).sort();
}

function jest(args, options) {
  return spawnSync(process.execPath, ['node_modules/jest/bin/jest.js', ...args], options);
}
