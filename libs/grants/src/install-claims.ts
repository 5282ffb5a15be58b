import { createHash } from 'node:crypto';
import { Fault, Secret } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import type { Cluster, Redis } from 'ioredis';
import { defaultApp } from './app';
import type { ClaimedInstall } from './installer';

/** A claim takes a few kilobytes. */
const maxClaims = 2000;
const claimsKey = 'b24:{inbox}:claims';
const dueKey = 'b24:{inbox}:due';
const sourcesKey = 'b24:{inbox}:sources';
const turnsKey = 'b24:{inbox}:turns';

/** Where and when a claim arrived. */
export interface ClaimReceipt {
  /** The sender: sources take turns, so that none can fill the inbox for the others. */
  readonly source: string;
  readonly requestId: string;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
}

/** A stored claim. One stored by an older version has no source. */
export interface InstallClaim extends Omit<ClaimReceipt, 'source'>, Partial<Pick<ClaimReceipt, 'source'>> {
  readonly id: string;
  readonly claim: ClaimedInstall;
}

interface ClaimPayload {
  /** The default app when absent. */
  readonly app?: string;
  readonly memberId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly applicationToken?: string;
  readonly oauthServer?: string;
}

interface SealedClaim extends Omit<ClaimReceipt, 'source'>, Partial<Pick<ClaimReceipt, 'source'>> {
  /** The claim as JSON. */
  readonly text: string;
}

interface ClaimReplies {
  keepClaim: 0 | 1 | 2 | 3;
  takeClaim: [id: string, sealed: string] | [];
  renewClaim: 0 | 1;
}

/**
 * Stores the claims of unsigned installs, sealed and bounded, until the authorization server has verified them.
 * Every method throws Fault `store_unavailable` when the store cannot be reached.
 */
export class InstallClaims {
  private readonly scripts;
  private readonly seal: Sealer;

  constructor(
    private readonly redis: Redis | Cluster,
    seals: Keyring,
  ) {
    this.scripts = loadScripts<ClaimReplies>(redis, __dirname, { keepClaim: 3, takeClaim: 4, renewClaim: 1 });
    this.seal = seals.for('install claims');
  }

  /**
   * Stores a claim until it is removed. When the inbox is full, the source with most claims loses its newest.
   * @throws Fault too_many_attempts when that is the claim's own source
   */
  add(claim: ClaimedInstall, receipt: ClaimReceipt): Promise<{ id: string; room: 'free' | 'made' | 'known' }> {
    return orStoreUnavailable(async () => {
      const { source, requestId, receivedAtMs } = receipt;
      const text = JSON.stringify(toPayload(claim));
      const id = digest(text);
      const sealed = this.sealed(id, { receivedAtMs, requestId, source, text });
      const from = digest(source).slice(0, 16);
      const keys = [claimsKey, dueKey, sourcesKey];
      const stored = await this.scripts.keepClaim(...keys, id, sealed, receivedAtMs, maxClaims, from);
      if (stored === 0)
        throw new Fault('too_many_attempts', { detail: 'Too many installs from this source wait for verification.' });
      return { id, room: stored === 1 ? 'free' : stored === 2 ? 'known' : 'made' };
    });
  }

  /** Returns a due claim that nobody holds, and holds it until `heldUntilMs`. */
  acquireDue(nowMs: number, heldUntilMs: number): Promise<InstallClaim | undefined> {
    return orStoreUnavailable(async () => {
      const keys = [claimsKey, dueKey, sourcesKey, turnsKey];
      const [id, sealed] = await this.scripts.takeClaim(...keys, nowMs, heldUntilMs);
      const stored = id && sealed ? this.opened(id, sealed) : undefined;
      // A claim that cannot be read any more must not be returned forever.
      if (id && !stored) await this.remove(id);
      return stored;
    });
  }

  /** Replaces the pair of a claim, whose refresh token was spent. */
  replaceTokens({ id, receivedAtMs, requestId }: InstallClaim, claim: ClaimedInstall): Promise<void> {
    return orStoreUnavailable(async () => {
      const sealed = this.sealed(id, { receivedAtMs, requestId, text: JSON.stringify(toPayload(claim)) });
      await this.scripts.renewClaim(claimsKey, id, sealed);
    });
  }

  /** Lets nobody acquire the claim before `untilMs`. */
  postpone(id: string, untilMs: number): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.redis.zadd(dueKey, 'XX', `${untilMs}`, id);
    });
  }

  remove(id: string): Promise<void> {
    return orStoreUnavailable(async () => {
      await this.redis.hdel(claimsKey, id);
      await this.redis.zrem(dueKey, id);
      await this.redis.hdel(sourcesKey, id);
    });
  }

  private sealed(id: string, stored: SealedClaim): string {
    return this.seal.seal(new Secret(JSON.stringify(stored)), sealContext(id));
  }

  private opened(id: string, sealed: string): InstallClaim | undefined {
    try {
      const { text, ...receipt } = JSON.parse(this.seal.open(sealed, sealContext(id)).reveal()) as SealedClaim;
      return { id, claim: fromPayload(JSON.parse(text) as ClaimPayload), ...receipt };
    } catch {
      return undefined;
    }
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function sealContext(id: string): string {
  return `inbox|${id}`;
}

function toPayload({
  app,
  memberId,
  accessToken,
  refreshToken,
  applicationToken,
  oauthServer,
}: ClaimedInstall): ClaimPayload {
  return {
    ...(app !== defaultApp && { app }),
    memberId,
    accessToken: accessToken.reveal(),
    refreshToken: refreshToken.reveal(),
    ...(applicationToken && { applicationToken: applicationToken.reveal() }),
    ...(oauthServer && { oauthServer }),
  };
}

function fromPayload({
  app = defaultApp,
  memberId,
  accessToken,
  refreshToken,
  applicationToken,
  oauthServer,
}: ClaimPayload): ClaimedInstall {
  return {
    app,
    memberId,
    accessToken: new Secret(accessToken),
    refreshToken: new Secret(refreshToken),
    ...(applicationToken && { applicationToken: new Secret(applicationToken) }),
    ...(oauthServer && { oauthServer }),
  };
}
