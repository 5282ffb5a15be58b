import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

/* Builds dist: one file for import, one for require, and the types of both. `npm pack` runs it before it packs. */
process.chdir(new URL('.', import.meta.url).pathname);
rmSync('dist', { recursive: true, force: true });

await bundle({}, [
  { file: 'dist/index.mjs', format: 'esm' },
  { file: 'dist/index.cjs', format: 'cjs' },
]);
await bundle({ plugins: [dts({ emitDtsOnly: true, tsconfig: 'tsconfig.json' })] }, [{ dir: 'dist', format: 'esm' }]);
// It exports names only, so that the types are the same for both.
copyFileSync('dist/index.d.mts', 'dist/index.d.cts');

async function bundle(how, outputs) {
  const entryFileNames = { entryFileNames: '[name].mjs' };
  const bundled = await rolldown({
    input: 'src/index.ts',
    platform: 'neutral',
    checks: { pluginTimings: false },
    ...how,
  });
  for (const output of outputs) await bundled.write(output.dir ? { ...output, ...entryFileNames } : output);
  await bundled.close();
}
console.log(
  readdirSync('dist')
    .map((name) => join('libs/client/dist', name))
    .join('\n'),
);
