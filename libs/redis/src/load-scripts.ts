import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreConnection } from './connect-store';

/** A Lua script as a function: its keys come first, then its arguments. The number of keys leads where it varies. */
export type RedisScript<Reply> = (...keysAndArguments: (string | number | Buffer)[]) => Promise<Reply>;

/** How many keys a script takes; `n` where that varies from call to call. */
export type KeyCount = number | 'n';

const include = /^--- @include "(\w+)"$/gm;

/**
 * Defines Lua scripts as commands of a connection and returns each as a typed function. A script is the file
 * `<name>-<keys>.lua` in the caller's folder; a line `--- @include "nowMs"` stands for a file of `libs/redis/src/includes`.
 * @throws Error when a file is missing
 */
export function loadScripts<Replies extends object>(
  redis: Pick<StoreConnection, 'defineCommand'>,
  folder: string,
  keyCounts: Readonly<Record<keyof Replies & string, KeyCount>>,
): { readonly [Name in keyof Replies]: RedisScript<Replies[Name]> } {
  const scripts = Object.entries<KeyCount>(keyCounts).map(([name, keys]) => {
    const lua = withIncludes(readFileSync(join(folder, `${name}-${keys}.lua`), 'utf8'));
    redis.defineCommand(name, { lua, ...(keys !== 'n' && { numberOfKeys: keys }) });
    const script: RedisScript<unknown> = (...sent) =>
      (Reflect.get(redis, name) as RedisScript<unknown>).apply(redis, sent);
    return [name, script];
  });
  return Object.fromEntries(scripts) as { [Name in keyof Replies]: RedisScript<Replies[Name]> };
}

function withIncludes(lua: string): string {
  return lua.replace(include, (_, name: string) =>
    readFileSync(join(__dirname, 'includes', `${name}.lua`), 'utf8').trimEnd(),
  );
}
