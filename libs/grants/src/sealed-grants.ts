import { scanPages, type StoreConnection } from '@b24/redis';
import type { SealedStore, SealedText } from '@b24/seal';

const portalsKey = 'b24:portals';
const pageSize = 500;

/** Reads the secrets of every grant: one hash per portal, each sealed field bound to `<member id>|<field>`. */
export class SealedGrants implements SealedStore {
  readonly records = 'portals';

  constructor(private readonly redis: StoreConnection) {}

  async *pages(): AsyncGenerator<SealedText[][], void, undefined> {
    for await (const page of scanPages((cursor) => this.redis.zscan(portalsKey, cursor, 'COUNT', pageSize)))
      yield await Promise.all(page.map(([portal]) => this.textsOf(portal)));
  }

  private async textsOf(portal: string): Promise<SealedText[]> {
    const key = `b24:{${portal}}:grant`;
    const hash = await this.redis.hgetall(key);
    return Object.entries(hash).map(([field, value]) => {
      return { key, field, value, sealed: value, purpose: 'grants', aad: `${portal}|${field}` };
    });
  }
}
