import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, Redis } from 'ioredis';

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** What holds a world's data: one server, a cluster, or a master with its sentinels. */
export interface Store {
  readonly url: string;
  client(): Redis | Cluster;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Options of redis-server, as `--appendonly no`; the last word counts. */
  readonly more?: readonly string[];
  /** A folder to start in, with whatever it holds. */
  readonly folder?: string;
}

/** A real Redis of the test's own, append-only, on loopback; it can be killed and started again. */
export class RedisServer implements Store {
  private constructor(
    readonly port: number,
    readonly folder: string,
    readonly more: readonly string[],
    private child: ChildProcess,
  ) {}

  static async start({ more = [], folder }: ServerOptions = {}): Promise<RedisServer> {
    const port = await freePort();
    const home = folder ?? (await newFolder());
    const server = new RedisServer(port, home, more, launch(port, home, more));
    await server.answers();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  client(): Redis {
    return new Redis(this.url, { maxRetriesPerRequest: null });
  }

  /** Resolves once the append-only file holds everything: Redis may write up to two seconds late while its disk is busy. */
  async written(): Promise<void> {
    const redis = this.client();
    const isPending = (info: string) =>
      !/^aof_buffer_length:0\r?$/m.test(info) || !/^aof_pending_bio_fsync:0\r?$/m.test(info);
    while (isPending(await redis.info('persistence'))) await new Promise(setImmediate);
    redis.disconnect();
  }

  /** kill -9: nothing is saved that the append-only file does not hold already. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }

  async startAgain({ withData }: { withData: boolean }): Promise<void> {
    if (!withData) await rm(join(this.folder, 'appendonlydir'), { recursive: true, force: true });
    this.child = launch(this.port, this.folder, this.more);
    await this.answers();
  }

  /** It keeps its connections and says nothing, as a host does that hangs. */
  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async answers(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const probe = new Redis(this.url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
      probe.on('error', () => undefined);
      try {
        await probe.connect();
        await probe.ping();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 25));
      } finally {
        probe.disconnect();
      }
    }
    throw new Error(`redis-server did not answer on port ${this.port}`);
  }
}

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'b24-redis-'));
}

function launch(port: number, folder: string, more: readonly string[]): ChildProcess {
  const binary = process.env['REDIS_SERVER'] ?? 'redis-server';
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''];
  return spawn(binary, [...settings, '--maxmemory-policy', 'noeviction', ...more], { stdio: 'ignore' });
}
