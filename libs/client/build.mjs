import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';

/*
 * Builds dist, or the folder that is named: one file for import, one for require, and the types of both. `npm pack` runs
 * it before it packs.
 */
const here = new URL('.', import.meta.url).pathname;
const target = process.argv[2] ? resolve(process.argv[2]) : join(here, 'dist');
process.chdir(here);
rmSync(target, { recursive: true, force: true });

await bundle({}, [
  { file: join(target, 'index.mjs'), format: 'esm' },
  { file: join(target, 'index.cjs'), format: 'cjs' },
]);
await bundle({ plugins: [dts({ emitDtsOnly: true, tsconfig: 'tsconfig.json' })] }, [
  { dir: target, format: 'esm', entryFileNames: '[name].mjs' },
]);
// It exports names only, so that the types are the same for both.
copyFileSync(join(target, 'index.d.mts'), join(target, 'index.d.cts'));
console.log(`Built ${readdirSync(target).join(', ')}`);

async function bundle(how, outputs) {
  const bundled = await rolldown({
    input: 'src/index.ts',
    platform: 'neutral',
    checks: { pluginTimings: false },
    ...how,
  });
  for (const output of outputs) await bundled.write(output);
  await bundled.close();
}
