import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CommandFailure } from './command-failure';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the gateway is, and the key that opens it. */
export interface Target {
  readonly url: string;
  readonly key?: string;
}

export interface TargetOptions {
  readonly url?: string;
  readonly keyFile?: string;
}

/** A key goes into a header, and is never told, so it is looked at before anything else could repeat it. */
const sound = /^[\x21-\x7e]{1,512}$/;

/** @throws Failure wrong_usage, unusable_input; never with what was given, which may hold a secret */
export async function targetOf({ url, keyFile }: TargetOptions, env: Environment): Promise<Target> {
  const named = url ?? env['B24_GATEWAY_URL'];
  const key = (await givenKey(keyFile, env)) ?? (named ? undefined : await keyOfThisMachine(env));
  if (key !== undefined && !sound.test(key))
    throw CommandFailure.of('unusable_input', 'The key is no single word of ASCII letters. Give it as it was shown.');
  return { url: named ? soundUrl(named) : urlOfThisMachine(env), ...(key !== undefined && { key }) };
}

/** Read whole; `-` is standard input. @throws Failure unusable_input */
export async function readInput(file: string, what: string): Promise<string> {
  try {
    return await (file === '-' ? text(process.stdin) : readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw CommandFailure.of('unusable_input', `The file of ${what} can't be read (${code}). Name one that can.`);
  }
}

async function givenKey(keyFile: string | undefined, env: Environment): Promise<string | undefined> {
  if (keyFile !== undefined) return (await readInput(keyFile, 'the key')).trim();
  return env['B24_GATEWAY_KEY']?.trim();
}

/** The operator's key of the gateway on this machine: it never leaves for another. */
async function keyOfThisMachine(env: Environment): Promise<string | undefined> {
  const file = join(env['DATA_DIR'] ?? 'data', 'admin-key');
  if (env['ADMIN_KEY']) return env['ADMIN_KEY'];
  return existsSync(file) ? (await readInput(file, 'the key')).trim() : undefined;
}

function urlOfThisMachine({ HOST, PORT }: Environment): string {
  const host = !HOST || HOST === '0.0.0.0' || HOST === '::' ? '127.0.0.1' : HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT ?? 3000}`;
}

function soundUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw CommandFailure.of('wrong_usage', 'The URL of the gateway must look like https://gw.example.com.');
  return `${url.origin}${url.pathname}`.replace(/(?<!\/)\/+$/, '');
}
