import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { freePort, newFolder, RedisServer, type Store } from './redis-server';

const masterName = 'b24';

/** A real master with a replica of it, and a sentinel that makes the replica master when the master is gone. */
export class RedisSentinel implements Store {
  private constructor(
    readonly servers: readonly [RedisServer, RedisServer],
    private readonly port: number,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<RedisSentinel> {
    const master = await RedisServer.start();
    const replica = await RedisServer.start({ more: ['--replicaof', `127.0.0.1 ${master.port}`] });
    const port = await freePort();
    const sentinel = new RedisSentinel([master, replica], port, await watchOver(master, port));
    await sentinel.knowsReplica();
    return sentinel;
  }

  get url(): string {
    return `redis+sentinel://127.0.0.1:${this.port}/${masterName}`;
  }

  client(): Redis {
    return new Redis({
      sentinels: [{ host: '127.0.0.1', port: this.port }],
      name: masterName,
      maxRetriesPerRequest: null,
    });
  }

  async masterPort(): Promise<number> {
    const [, port] = (await this.asked('get-master-addr-by-name', masterName)) as [string, string];
    return Number(port);
  }

  /** Orderly, as before maintenance; resolves when the sentinel names the new master. */
  async failOver(): Promise<void> {
    const before = await this.masterPort();
    await this.asked('failover', masterName);
    while ((await this.masterPort()) === before) await moment();
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  /** The replica is in step with the master, and the sentinel would choose it. */
  private async knowsReplica(): Promise<void> {
    const linked = async () => {
      const replicas = (await this.asked('replicas', masterName)) as string[][];
      return replicas.some((fields) => fields[fields.indexOf('master-link-status') + 1] === 'ok');
    };
    while (!(await linked().catch(() => false))) await moment();
  }

  private async asked(...words: [string, ...string[]]): Promise<unknown> {
    const redis = new Redis(this.port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => undefined);
    try {
      return await redis.call('SENTINEL', ...words);
    } finally {
      redis.disconnect();
    }
  }
}

const moment = () => new Promise((resolve) => setTimeout(resolve, 50));

async function watchOver(master: RedisServer, port: number): Promise<ChildProcess> {
  const config = join(await newFolder(), 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
    `sentinel down-after-milliseconds ${masterName} 1000`,
    `sentinel failover-timeout ${masterName} 5000`,
  ];
  await writeFile(config, lines.join('\n'));
  return spawn(process.env['REDIS_SERVER'] ?? 'redis-server', [config, '--sentinel'], { stdio: 'ignore' });
}
