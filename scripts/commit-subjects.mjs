import { spawnSync } from 'node:child_process';
import { main, say, Stop } from './launch/say.mjs';

/** Checks the subjects of the commits in a range, `origin/main..HEAD` by default. Merges do not count. */
main(async () => {
  const range = process.argv[2] ?? 'origin/main..HEAD';
  const { status, stdout, stderr } = spawnSync('git', ['log', '--no-merges', '--format=%s', range], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Stop(`git log ${range} failed: ${stderr.trim()}`);
  const subjects = stdout.split('\n').filter((it) => it !== '');
  const wrong = subjects.filter((it) => it.length > 72 || !/^[a-z][\w., /-]*: \S.*[^.]$/.test(it));
  for (const subject of wrong) say(subject);
  if (wrong.length > 0) {
    throw new Stop(`${wrong.length} of ${subjects.length} commit subjects are not "area: summary" in 72 characters.`);
  }
});
