import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

const saving = ['--require', `${import.meta.dirname}/save-compiled.cjs`];
/** Enough for the gateway to listen: it waits for a Redis that does not answer. */
const environment = {
  HOST: '127.0.0.1',
  PORT: '0',
  REDIS_URL: 'redis://127.0.0.1:1',
  ADMIN_KEY: 'b24admin_of_the_build_that_is_used_for_nothing',
  ENCRYPTION_KEYS: `build:${Buffer.alloc(32, 7).toString('base64')}`,
};

/** Runs a program as far as it gets without Redis, and saves beside it what V8 compiled of it. */
export async function compileProgram(file) {
  const args = [...saving, file, '--help'];
  const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  createInterface(child.stdout).on('line', (line) => {
    if (line.includes('"msg":"listening"')) child.send('end');
  });
  await once(child, 'close');
  const compiled = file.replace(/\.js$/, '.bundle.js.compiled');
  if (!existsSync(compiled)) throw new Error(`${file} does not start. ${errors}`);
}
