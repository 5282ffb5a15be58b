import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { findOrInstallRedis } from '../../scripts/launch/redis-binary.mjs';
import { main } from '../../scripts/launch/say.mjs';
import { brokenProgram, withoutDefence } from '../support/broken-build.mjs';
import { checks } from './defences.mjs';

/**
 * npm run fuzz:access:broken -- [--requests 4000] [--only words]
 * Takes one check after the other out of the build, and shows that the authorization fuzz finds it. What two checks hold
 * is taken out of both. The build is put back.
 */
main(async () => {
  process.chdir(new URL('../..', import.meta.url).pathname);
  const options = { requests: { type: 'string', default: '4000' }, only: { type: 'string', default: '' } };
  const { values } = parseArgs({ options });
  const env = {
    ...process.env,
    REDIS_SERVER: await findOrInstallRedis(),
    GATEWAY_PROGRAM: brokenProgram,
    ACCESS_SEED: '1',
    ACCESS_REQUESTS: values.requests,
  };
  const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'fuzz', '--testPathPatterns', 'authorization'];
  let unseen = 0;
  for (const { without, in: changes } of checks.filter((it) => it.without.includes(values.only))) {
    const { stdout } = withoutDefence(changes, () => spawnSync(process.execPath, jest, { env, encoding: 'utf8' }));
    const found = /(\d+) offences/.exec(stdout)?.[1] ?? 'no word of';
    if (!(Number(found) > 0)) unseen++;
    console.log(`without ${without}: ${found} offences`);
  }
  process.exit(unseen === 0 ? 0 : 1);
});
