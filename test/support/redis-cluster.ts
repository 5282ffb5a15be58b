import { Cluster } from 'ioredis';
import { freePort, RedisServer, type Store } from './redis-server';

const slotCount = 16_384;

/** A real Redis Cluster of three masters on loopback, each with a third of the slots. */
export class RedisCluster implements Store {
  private constructor(readonly nodes: readonly RedisServer[]) {}

  static async start(): Promise<RedisCluster> {
    const nodes = await Promise.all([0, 1, 2].map(startNode));
    await Promise.all(nodes.map((node, i) => giveSlots(node, i, nodes.length)));
    await introduce(nodes);
    const cluster = new RedisCluster(nodes);
    await cluster.isWhole();
    return cluster;
  }

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join()}`;
  }

  client(): Cluster {
    return new Cluster(this.nodes.map(({ port }) => ({ host: '127.0.0.1', port })));
  }

  /** The node that holds this key's slot. */
  async nodeOf(key: string): Promise<RedisServer> {
    const redis = this.nodes[0]!.client();
    const slot = await redis.cluster('KEYSLOT', key);
    redis.disconnect();
    return this.nodes[Math.min(this.nodes.length - 1, Math.floor(slot / share(this.nodes.length)))]!;
  }

  /** Every node says that every slot is served. */
  async isWhole(): Promise<void> {
    for (const node of this.nodes) {
      const redis = node.client();
      while (!(await redis.cluster('INFO')).includes('cluster_state:ok')) await moment();
      redis.disconnect();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}

const moment = () => new Promise((resolve) => setTimeout(resolve, 50));
const share = (count: number) => Math.ceil(slotCount / count);

async function startNode(): Promise<RedisServer> {
  // The bus's own port would be the port plus 10000, which may lie beyond the last.
  const bus = await freePort();
  const more = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1500', '--cluster-port', `${bus}`];
  return RedisServer.start({ more });
}

async function giveSlots(node: RedisServer, index: number, count: number): Promise<void> {
  const redis = node.client();
  const from = index * share(count);
  await redis.call('CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${Math.min(slotCount, from + share(count)) - 1}`);
  await redis.cluster('SET-CONFIG-EPOCH', index + 1);
  redis.disconnect();
}

async function introduce([first, ...others]: readonly RedisServer[]): Promise<void> {
  const redis = first!.client();
  for (const { port, more } of others) {
    await redis.call('CLUSTER', 'MEET', '127.0.0.1', `${port}`, more.at(-1)!);
  }
  redis.disconnect();
}
