import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The gateway of which `withoutDefence` replaces texts, for GATEWAY_PROGRAM. */
export const brokenProgram = 'dist/apps/gateway/apps/gateway/src/main.js';

/**
 * Runs the work with texts of the build replaced, and restores the build.
 * @param changes see `brokenFiles`
 * @throws Error when the build does not contain each text exactly once
 */
export function withoutDefence(changes, work) {
  const files = brokenFiles(changes);
  try {
    for (const { file, broken } of files) writeFileSync(file, broken);
    return work();
  } finally {
    for (const { file, text } of files) writeFileSync(file, text);
  }
}

/**
 * Returns the files of the build with their texts replaced, and writes nothing.
 * @param changes by file of the gateway's build: a text that occurs exactly once, and its replacement; any number of pairs
 * @throws Error when the build does not contain each text exactly once
 */
export function brokenFiles(changes) {
  return Object.entries(changes).map(([path, texts]) => {
    const file = join('dist/apps/gateway', path);
    const text = readFileSync(file, 'utf8');
    let broken = text;
    for (let i = 0; i < texts.length; i += 2) {
      if (broken.split(texts[i]).length !== 2) throw new Error(`${file} does not contain this text once: ${texts[i]}`);
      broken = broken.replace(texts[i], () => texts[i + 1]);
    }
    return { file, text, broken };
  });
}
