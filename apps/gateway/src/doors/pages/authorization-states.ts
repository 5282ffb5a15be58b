import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { orStoreUnavailable, type StoreConnection } from '@b24/redis';

const lifetimeMs = 10 * 60_000;
const stateKey = (nonce: string) => `b24:state:${createHash('sha256').update(nonce).digest('hex')}`;

/**
 * The `state` of an authorization: signed, bound to app and browser, valid once and for ten minutes. Stored in Redis, so
 * that any replica can finish it. Methods throw Fault store_unavailable if Redis does not answer.
 */
export class AuthorizationStates {
  constructor(
    private readonly redis: StoreConnection,
    /** The first key signs, all keys verify. */
    private readonly signingKeys: readonly Buffer[],
  ) {}

  async begin(app: string, domain: string, browser: string): Promise<string> {
    const nonce = randomBytes(24).toString('base64url');
    await orStoreUnavailable(() => this.redis.set(stateKey(nonce), domain, 'PX', lifetimeMs));
    return `${nonce}.${signature(this.signingKeys[0] ?? Buffer.alloc(0), [nonce, browser, app]).toString('base64url')}`;
  }

  /**
   * Returns the domain of the authorization; undefined unless it was started here, for this app and in this browser,
   * and has not expired.
   */
  async finish(app: string, state: string, browser: string): Promise<string | undefined> {
    const [nonce, signed, ...more] = state.split('.');
    if (!nonce || !signed || more.length > 0 || !browser) return undefined;
    const given = Buffer.from(signed, 'base64url');
    const genuine = this.signingKeys.some((key) => same(signature(key, [nonce, browser, app]), given));
    // A forged state must not use up the real one.
    if (!genuine) return undefined;
    return (await orStoreUnavailable(() => this.redis.getdel(stateKey(nonce)))) ?? undefined;
  }
}

function signature(key: Buffer, bound: readonly [nonce: string, browser: string, app: string]): Buffer {
  return createHmac('sha256', key).update(bound.join('|')).digest();
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
