import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the TypeScript files below the folders, sorted, without packages and build output. */
export function sourceFiles(folders, extension = /\.tsx?$/) {
  return folders
    .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
    .filter((path) => extension.test(path) && !/(?:^|\/)(?:node_modules|dist)\//.test(path))
    .sort();
}

export const isGenerated = (path) => path.endsWith('.gen.ts');
export const isTest = (path) => /\.spec\.tsx?$/.test(path) || path.startsWith('test/');
