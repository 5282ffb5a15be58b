import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';

/** @throws Fault store_unavailable when the store can't be asked */
export async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
  }
}

type Arguments = (string | number)[];
type Scripts<Name extends string> = Record<Name, (...args: Arguments) => Promise<unknown>>;

/** The scripts beside this file as commands of the connection; a number of keys comes first when none is given. */
export function withScripts<Name extends string>(
  redis: Redis | Cluster,
  numbersOfKeys: Record<Name, number | undefined>,
): Scripts<Name> {
  for (const [name, numberOfKeys] of Object.entries<number | undefined>(numbersOfKeys)) {
    const lua = readFileSync(join(__dirname, `${name}.lua`), 'utf8');
    redis.defineCommand(name, { lua, ...(numberOfKeys !== undefined && { numberOfKeys }) });
  }
  return redis as unknown as Scripts<Name>;
}
