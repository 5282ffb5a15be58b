import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/* npm run worst-key -- --seconds 60: one key does its worst, and another must not notice. */
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } });
const env = { ...process.env, WORST_SECONDS: values.seconds };
const run = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'fuzz', '--testPathPatterns', 'worst-key'];
process.exitCode = run('scripts/build.mjs') || run(...jest);
