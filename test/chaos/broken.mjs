import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { findOrInstallRedis } from '../../scripts/launch/redis-binary.mjs';
import { main } from '../../scripts/launch/say.mjs';
import { brokenProgram, withoutDefence } from '../support/broken-build.mjs';
import { defences } from './defences.mjs';

/**
 * npm run chaos:broken -- [--seconds 45] [--only words]
 * Removes one defence after another from the build and checks that the chaos suite notices. Restores the build
 * afterwards. A defence that only occasional events need gets `times` as long; one that is hardly ever needed has tests
 * of its own.
 */
main(async () => {
  process.chdir(new URL('../..', import.meta.url).pathname);
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '45' }, only: { type: 'string', default: '' } },
  });
  const env = {
    ...process.env,
    REDIS_SERVER: await findOrInstallRedis(),
    GATEWAY_PROGRAM: brokenProgram,
    CHAOS_SEED: '1',
  };
  let unseen = 0;
  for (const { without, seen, times = 1, in: changes } of defences.filter((it) => it.without.includes(values.only))) {
    const seconds = Number(values.seconds) * times;
    const flaws = withoutDefence(changes, () => flawsOf({ ...env, CHAOS_SECONDS: `${seconds}` }));
    const isSeen = flaws.some(({ question }) => question === seen);
    if (!isSeen) unseen++;
    console.log(`without ${without}: ${isSeen ? `seen as ${seen}` : `not seen as ${seen}`}`);
    for (const { question, flaw } of flaws) console.log(`  ${question}: ${flaw}`);
  }
  process.exit(unseen === 0 ? 0 : 1);
});

/** Returns the claims that failed, and the first flaw of each. */
function flawsOf(env) {
  const folder = mkdtempSync(join(tmpdir(), 'b24-chaos-'));
  const report = join(folder, 'report.json');
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const args = [jest, '--selectProjects', 'chaos', '--json', `--outputFile=${report}`];
  spawnSync(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'ignore'] });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  const failed = testResults.flatMap((it) => it.assertionResults).filter(({ status }) => status === 'failed');
  return failed.map(({ title, failureMessages }) => ({
    question: title.split(':')[0],
    flaw: /^\S*\+\s+"(.*)",?$/m.exec(stripVTControlCharacters(failureMessages.join('\n')))?.[1] ?? '',
  }));
}
