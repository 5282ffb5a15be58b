import { readdirSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import type { Resource } from './resource';

/** Loads every module in a subdirectory of `directory` that exports a `resource`, in the order of their paths. */
export function loadResources(directory: string): readonly Resource[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => dirname(file) !== '.' && isModule(file))
    .sort()
    .flatMap((file) => {
      const { resource } = module.require(join(directory, file)) as { readonly resource?: Resource };
      return resource ? [resource] : [];
    });
}

/** TypeScript in tests, JavaScript in a build. */
function isModule(file: string): boolean {
  return ['.ts', '.js'].includes(extname(file)) && !/\.(?:d|spec)\.ts$/.test(file);
}
