import { scanPages, type StoreConnection } from '@b24/redis';
import type { SealedStore, SealedText } from '@b24/seal';

const allKey = 'b24:{jobs}:all';
const pageSize = 50;

/** Reads the payloads and results of jobs, each text bound to `job|<id>|<field or index>`. */
export class SealedJobs implements SealedStore {
  readonly records = 'jobs';

  constructor(private readonly redis: StoreConnection) {}

  async *pages(): AsyncGenerator<SealedText[][], void, undefined> {
    for await (const page of scanPages((cursor) => this.redis.zscan(allKey, cursor, 'COUNT', pageSize)))
      for (const [id] of page) yield [await this.textsOf(id)];
  }

  private async textsOf(id: string): Promise<SealedText[]> {
    const hashes = [
      { key: `b24:{${id}}:job`, purpose: 'jobs' },
      { key: `b24:{${id}}:results`, purpose: 'job results' },
    ] as const;
    const texts = hashes.map(async ({ key, purpose }) => {
      const fields = Object.entries(await this.redis.hgetall(key));
      return fields.map(([field, value]) => ({ key, field, value, sealed: value, purpose, aad: `job|${id}|${field}` }));
    });
    return (await Promise.all(texts)).flat();
  }
}
