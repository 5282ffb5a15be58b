import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const tsconfig = {
  compilerOptions: {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2023',
    module: 'esnext',
    moduleResolution: 'bundler',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: [],
  },
  include: ['*.ts', 'hey'],
};

/** Compiles a program with the clients that generators have written into a folder. @throws Error with what tsc reports */
export async function compileStrictly(folder: string, program: string): Promise<void> {
  await writeFile(join(folder, 'caller.ts'), program);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  await run(resolve('node_modules/.bin/tsc'), ['-p', folder]).catch((error: unknown) => {
    throw new Error((error as { stdout: string }).stdout.slice(0, 5000));
  });
}
