import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

export const commandLineProgram = resolve('dist/programs/b24-gateway.js');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The build of the command line in processes of their own, in no folder of a gateway's; all they said is kept. */
export class CommandLine {
  /** What was printed so far, by every one of them. */
  said = '';

  constructor(readonly env: Record<string, string> = {}) {}

  async run(
    words: readonly string[],
    more: { env?: Record<string, string>; stdin?: string } = {},
  ): Promise<CommandResult> {
    const child = this.start(words, more.env);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.end(more.stdin ?? '');
    const [code] = (await once(child, 'close')) as [number | null];
    this.said += `${stdout}${stderr}`;
    return { code, stdout, stderr };
  }

  /** One that goes on until it is killed. */
  start(words: readonly string[], env: Record<string, string> = {}) {
    return spawn(process.execPath, [commandLineProgram, ...words], {
      cwd: tmpdir(),
      env: { PATH: process.env['PATH'] ?? '', ...this.env, ...env },
    });
  }

  /** The document that it printed with --json. @throws Error with what it printed instead */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever came
  async json<T = any>(words: readonly string[], more: Parameters<CommandLine['run']>[1] = {}): Promise<T> {
    const { code, stdout, stderr } = await this.run([...words, '--json'], more);
    if (code !== 0 || stderr !== '') throw new Error(`exit code ${code}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** The problem that it ended with, told as JSON. */
  async problem(words: readonly string[], more: Parameters<CommandLine['run']>[1] = {}) {
    const { code, stdout, stderr } = await this.run([...words, '--json'], more);
    if (stdout !== '') throw new Error(`It answered: ${stdout}`);
    return { exitCode: code, ...(JSON.parse(stderr) as Record<string, unknown>) };
  }
}
