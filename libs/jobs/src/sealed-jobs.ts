import { scanPages, type StoreConnection } from '@b24/redis';
import type { SealedStore, SealedText } from '@b24/seal';

const allKey = 'b24:{jobs}:all';
const pageSize = 50;
/** The sealed fields of a job. Others hold text of callers, which may look like a sealed one. */
const sealedFields: ReadonlySet<string> = new Set(['payload', 'callback']);

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
      { key: `b24:{${id}}:job`, purpose: 'jobs', only: sealedFields },
      { key: `b24:{${id}}:results`, purpose: 'job results', only: undefined },
    ] as const;
    const texts = hashes.map(async ({ key, purpose, only }) => {
      const all = Object.entries(await this.redis.hgetall(key));
      const fields = all.filter(([field]) => only?.has(field) ?? true);
      return fields.map(([field, value]) => ({ key, field, value, sealed: value, purpose, aad: `job|${id}|${field}` }));
    });
    return (await Promise.all(texts)).flat();
  }
}
