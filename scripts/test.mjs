import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOrInstallChromium } from './launch/chromium-binary.mjs';
import { prepare } from './launch/prepare.mjs';
import { findOrInstallRedis } from './launch/redis-binary.mjs';
import { main, say } from './launch/say.mjs';

const checks = ['format:check', 'lint', 'types', 'rooms', 'openapi:lint', 'docker:lint'];

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
  const folder = mkdtempSync(join(tmpdir(), 'b24-tests-'));
  const report = join(folder, 'report.json');
  const more = process.argv.slice(2);
  // Chaos takes minutes and is a command of its own: `npm run chaos`.
  const projects = ['--selectProjects', 'unit', 'contract', 'fuzz', 'e2e'];
  const args = ['node_modules/jest/bin/jest.js', '--ci', '--json', `--outputFile=${report}`, ...projects, ...more];
  // The report goes to the file; what jest would print of it is not wanted twice.
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
