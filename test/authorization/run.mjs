import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/*
 * npm run fuzz:access -- --requests 20000 --seed 7
 * Requests of every kind by keys of random rights; what reaches the portals is held against an independent oracle.
 */
const { values } = parseArgs({ options: { requests: { type: 'string', default: '20000' }, seed: { type: 'string' } } });
const env = { ...process.env, ACCESS_REQUESTS: values.requests, ...(values.seed && { ACCESS_SEED: values.seed }) };
const run = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'fuzz', '--testPathPatterns', 'authorization'];
process.exitCode = run('scripts/build.mjs') || run(...jest);
