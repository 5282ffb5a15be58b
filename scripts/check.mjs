import { spawnSync } from 'node:child_process';
import { checks, runChecks } from './launch/checks.mjs';
import { runJest } from './launch/jest-run.mjs';
import { main, say } from './launch/say.mjs';

/** `npm run check`: what needs no build, no Redis and no browser. */
main(async () => {
  process.chdir(new URL('..', import.meta.url).pathname);
  const [checked, { ok, passed, failed }] = await Promise.all([
    runChecks(checks),
    runJest(['--selectProjects', 'unit', '--maxWorkers=2', '--silent']),
  ]);
  const failedChecks = checked.filter((it) => !it.ok).map((it) => it.name);
  say(failedChecks.length > 0 ? `Failed checks: ${failedChecks.join(', ')}` : 'All checks passed.');
  say(`${passed} passed, ${failed} failed`);
  const audit = spawnSync(process.execPath, ['scripts/audit.mjs'], { stdio: 'inherit' });
  process.exit(ok && failedChecks.length === 0 && audit.status === 0 ? 0 : 1);
});
