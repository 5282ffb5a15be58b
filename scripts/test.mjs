import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOrInstallChromium } from './launch/chromium-binary.mjs';
import { prepare } from './launch/prepare.mjs';
import { findOrInstallRedis } from './launch/redis-binary.mjs';
import { main, say } from './launch/say.mjs';

const checks = ['format:check', 'lint', 'types', 'rooms', 'types:names', 'unused', 'openapi:lint', 'docker:lint'];

main(async () => {
  process.chdir(new URL('..', import.meta.url).pathname);
  await prepare();
  const [REDIS_SERVER, CHROMIUM] = [await findOrInstallRedis(), await findOrInstallChromium()];
  const env = { ...process.env, REDIS_SERVER, CHROMIUM };
  const failed = [];
  for (const check of checks) {
    if ((await shown('npm', ['run', '--silent', check], env)) !== 0) failed.push(check);
  }
  const { code, passed, failing } = await tests(env);
  if (failed.length > 0) say(`Failed checks: ${failed.join(', ')}`);
  say(`${passed} passed, ${failing + failed.length} failed`);
  process.exit(code === 0 && failed.length === 0 && passed > 0 ? 0 : 1);
});

async function tests(env) {
  const more = process.argv.slice(2);
  const rest = await jest(['unit', 'contract', 'fuzz', 'e2e'], more, env);
  // A run that is limited to some tests does not include this one.
  if (more.length > 0) return rest;
  // Runs separately, because other tests must not wait for what it kills. The long form is `npm run chaos`.
  const chaos = await jest(['chaos'], [], {
    CHAOS_SECONDS: '24',
    CHAOS_SEED: '1',
    CHAOS_TOLERANCE_MS: '10000',
    ...env,
  });
  return {
    code: rest.code || chaos.code,
    passed: rest.passed + chaos.passed,
    failing: rest.failing + chaos.failing,
  };
}

async function jest(projects, more, env) {
  const folder = mkdtempSync(join(tmpdir(), 'b24-tests-'));
  const report = join(folder, 'report.json');
  const args = ['node_modules/jest/bin/jest.js', '--ci', '--json', `--outputFile=${report}`];
  args.push('--selectProjects', ...projects, ...more);
  // The report is written to the file, so jest need not print it as well.
  const code = await shown(process.execPath, args, env, ['ignore', 'ignore', 'inherit']);
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    return { code, passed: numPassedTests, failing: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    return { code: 1, passed: 0, failing: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function shown(command, args, env, stdio = ['ignore', 'inherit', 'inherit']) {
  return new Promise((resolve) => {
    spawn(command, args, { env, stdio }).on('close', (code) => resolve(code ?? 1));
  });
}
