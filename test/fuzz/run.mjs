import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/*
 * npm run fuzz -- --requests 20000 --seed 42
 * Sends generated and hostile requests of every operation of openapi.json to a gateway of the present build. The same
 * seed makes the same requests. The answers may still differ, so a failure also prints the request itself.
 */
const { values } = parseArgs({
  options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string' } },
});
for (const [name, value] of Object.entries(values)) {
  if (!/^\d{1,9}$/.test(value)) {
    console.error(`--${name} must be a whole number.`);
    process.exit(1);
  }
}
const env = {
  ...process.env,
  FUZZ_REQUESTS: values.requests,
  ...(values.seed && { FUZZ_SEED: values.seed }),
};
const run = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
process.exitCode = run('scripts/build.mjs') || run('node_modules/jest/bin/jest.js', '--selectProjects', 'fuzz');
