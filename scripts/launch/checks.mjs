import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { say } from './say.mjs';

export const checks = [
  'lint',
  'types',
  'format:check',
  'rooms',
  'types:names',
  'unused',
  'openapi:lint',
  'docker:lint',
];

/**
 * Runs npm scripts, this many at a time, and prints the output of those that fail. They yield the processor to what
 * runs beside them.
 * @returns name, seconds and success of each
 */
export async function runChecks(names, atOnce = 1) {
  const waiting = [...names];
  const results = [];
  const runNext = async () => {
    for (let name = waiting.shift(); name; name = waiting.shift()) results.push(await runCheck(name));
  };
  await Promise.all(Array.from({ length: atOnce }, runNext));
  return results;
}

async function runCheck(name) {
  const startedAt = Date.now();
  const { code, output } = await runScript(name);
  const ok = code === 0;
  if (!ok) say(`${output.trimEnd()}\nFAIL check ${name}`);
  return { name, ok, seconds: (Date.now() - startedAt) / 1000 };
}

function runScript(name) {
  return new Promise((resolve) => {
    const options = { stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' };
    const child = spawn('npm', ['run', '--silent', name], options);
    if (child.pid) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
