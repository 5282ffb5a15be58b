import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port for a launcher, which keeps it, and those of its portals behind it, from one start to the next. It is below
 * those that the system gives to whoever asks for any, as every other test does.
 */
export async function lastingPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 500) * 20;
    const server = createServer();
    const free = new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (await free) return port;
  }
}

/** `npm start` as a person sees it: what it prints, and how it ends. */
export class Launcher {
  output = '';
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown[]>;

  constructor(env: Record<string, string>) {
    const { PATH = '', HOME = '', REDIS_SERVER } = process.env;
    this.child = spawn(process.execPath, ['scripts/start.mjs'], {
      env: { PATH, HOME, ...(REDIS_SERVER && { REDIS_SERVER }), ...env },
    });
    this.exited = once(this.child, 'exit');
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  /** Waits until it has printed this; what it printed instead when it ended. */
  async says(words: string): Promise<string> {
    while (!this.output.includes(words) && this.child.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return this.output;
  }

  async ends(): Promise<number | null> {
    await this.exited;
    return this.child.exitCode;
  }

  /** Ctrl-C. */
  async interrupt(): Promise<number | null> {
    this.child.kill('SIGINT');
    return this.ends();
  }

  async kill9(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}
