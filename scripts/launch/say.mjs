import { spawn } from 'node:child_process';

/** An error that the user at the terminal can fix, described in one sentence. */
export class Stop extends Error {}

export function say(text = '') {
  process.stdout.write(`${text}\n`);
}

/** Runs a command as a named step. Shows progress, and the command's output only if it fails. */
export async function step(name, command, args, options = {}) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const live = process.stdout.isTTY;
  if (!live) say(`… ${name}`);
  const ticking = setInterval(() => (live ? process.stdout.write(`\r… ${name} (${seconds()} s) `) : undefined), 500);
  const { code, output } = await run(command, args, options);
  clearInterval(ticking);
  if (live) process.stdout.write('\r\x1b[K');
  if (code !== 0) {
    say(output.split('\n').slice(-25).join('\n'));
    throw new Stop(`${name} failed: \`${command} ${args.join(' ')}\` ended with ${code}. Its last lines are above.`);
  }
  say(`✓ ${name} (${seconds()} s)`);
}

function run(command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-20_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => resolve({ code: error.code, output: error.message }));
    child.on('close', (code, signal) => resolve({ code: code ?? signal, output }));
  });
}

/** Runs a script's main function. Prints a Stop as one sentence and exits with code 1. */
export function main(work, tidyUp = async () => undefined) {
  work().catch(async (error) => {
    await tidyUp();
    process.stderr.write(error instanceof Stop ? `\n${error.message}\n` : `\n${error.stack}\n`);
    process.exit(1);
  });
}
