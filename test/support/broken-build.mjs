import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Runs the work with words of the build replaced, and puts the build back.
 * @param changes by file of the gateway's build: what stands there, exactly once, and what takes its place; any number of such pairs
 * @throws Error when the build does not hold the words exactly once
 */
export function withoutDefence(changes, work) {
  const files = Object.entries(changes).map(([path, words]) => {
    const file = join('dist/apps/gateway', path);
    const text = readFileSync(file, 'utf8');
    let broken = text;
    for (let i = 0; i < words.length; i += 2) {
      if (broken.split(words[i]).length !== 2) throw new Error(`${file} does not hold these words once: ${words[i]}`);
      broken = broken.replace(words[i], () => words[i + 1]);
    }
    return { file, text, broken };
  });
  try {
    for (const { file, broken } of files) writeFileSync(file, broken);
    return work();
  } finally {
    for (const { file, text } of files) writeFileSync(file, text);
  }
}
