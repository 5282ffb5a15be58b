import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const shown = (error: unknown) => {
  const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
  throw new Error(`${stdout}\n${stderr}`);
};

/** A project of its own that has the client as npm packs it, and nothing else but Node's types. */
export class PackedClient {
  private constructor(
    readonly folder: string,
    readonly tarball: string,
    /** What ships. */
    readonly files: readonly string[],
  ) {}

  static async install(): Promise<PackedClient> {
    const folder = await mkdtemp(join(tmpdir(), 'b24-packed-'));
    // Built aside: other tests may pack it at the same time.
    const source = join(folder, 'source');
    await mkdir(source);
    for (const name of ['package.json', 'README.md', 'LICENSE'])
      await copyFile(join('libs/client', name), join(source, name));
    await run(process.execPath, ['libs/client/build.mjs', join(source, 'dist')]).catch(shown);
    const packing = ['pack', source, '--pack-destination', folder, '--json', '--ignore-scripts'];
    const { stdout } = await run('npm', packing).catch(shown);
    const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    const tarball = join(folder, filename);
    await writeFile(join(folder, 'package.json'), '{"name":"of-a-team","private":true,"type":"commonjs"}');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: folder }).catch(shown);
    await mkdir(join(folder, 'node_modules/@types'));
    for (const name of ['@types/node', 'undici-types'])
      await symlink(resolve('node_modules', name), join(folder, 'node_modules', name));
    return new PackedClient(folder, tarball, files.map(({ path }) => path).sort());
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.folder, name), text);
  }

  /** Compiles these strictly, the types of the packages included. @throws Error with what the compiler says */
  async compile(
    names: readonly string[],
    options: readonly string[] = ['--types', 'node', '--lib', 'es2023'],
  ): Promise<void> {
    const strict = [
      '--strict',
      '--noUncheckedIndexedAccess',
      '--exactOptionalPropertyTypes',
      '--skipLibCheck',
      'false',
    ];
    const how = ['--module', 'node20', '--target', 'es2023', ...strict, ...options];
    await run(resolve('node_modules/.bin/tsc'), [...how, ...names], { cwd: this.folder }).catch(shown);
  }

  /** What it printed. @throws Error with what it printed when it fails */
  async node(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const options = { cwd: this.folder, env: { PATH: process.env['PATH'] ?? '', ...env } };
    const { stdout } = await run(process.execPath, [name, ...args], options).catch(shown);
    return stdout;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
