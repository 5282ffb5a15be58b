import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { findOrInstallRedis } from '../../scripts/launch/redis-binary.mjs';
import { main } from '../../scripts/launch/say.mjs';

/**
 * npm run chaos -- [--seconds 300] [--seed 1] [--scenario usual|harsh] [--logs folder]
 * Without an option, CHAOS_SECONDS, CHAOS_SEED and CHAOS_SCENARIO count.
 */
main(async () => {
  process.chdir(new URL('../..', import.meta.url).pathname);
  const options = {
    seconds: { type: 'string', default: process.env.CHAOS_SECONDS ?? '300' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    logs: { type: 'string' },
  };
  const { values } = parseArgs({ options });
  const env = {
    ...process.env,
    REDIS_SERVER: await findOrInstallRedis(),
    CHAOS_SECONDS: values.seconds,
    ...(values.seed && { CHAOS_SEED: values.seed }),
    ...(values.scenario && { CHAOS_SCENARIO: values.scenario }),
    ...(values.logs && { CHAOS_LOGS: values.logs }),
  };
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const child = spawn(process.execPath, [jest, '--selectProjects', 'chaos'], { env, stdio: 'inherit' });
  child.on('close', (code) => process.exit(code ?? 1));
});
