import { spawn } from 'node:child_process';
import { once } from 'node:events';

const program = 'dist/programs/reseal.js';

/** `npm run reseal` of the build, from the environment alone. */
export async function reseal(env: Record<string, string>): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [program], { env: { PATH: process.env['PATH'] ?? '', ...env } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}
