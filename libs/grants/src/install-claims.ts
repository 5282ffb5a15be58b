import { createHash } from 'node:crypto';
import { Fault, Secret } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import type { Cluster, Redis } from 'ioredis';
import { defaultApp } from './app';
import type { ClaimedInstall } from './installer';

/** Of a few kilobytes each. */
const maxClaims = 2000;
const claimsKey = 'b24:{inbox}:claims';
const dueKey = 'b24:{inbox}:due';
const sourcesKey = 'b24:{inbox}:sources';
const turnsKey = 'b24:{inbox}:turns';

/** How a claim came. */
export interface ClaimReceipt {
  /** Where from: sources take turns, so that none can fill the inbox for the others. */
  readonly source: string;
  readonly requestId: string;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
}

/** One that was kept by an older version has no source. */
export interface InstallClaim extends Omit<ClaimReceipt, 'source'>, Partial<Pick<ClaimReceipt, 'source'>> {
  readonly id: string;
  readonly claim: ClaimedInstall;
}

interface Told {
  /** The default one when absent. */
  readonly app?: string;
  readonly memberId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly applicationToken?: string;
  readonly oauthServer?: string;
}

interface Sealed extends Omit<ClaimReceipt, 'source'>, Partial<Pick<ClaimReceipt, 'source'>> {
  /** JSON of what it tells. */
  readonly text: string;
}

interface ClaimReplies {
  keepClaim: 0 | 1 | 2 | 3;
  takeClaim: [id: string, sealed: string] | [];
  renewClaim: 0 | 1;
}

/**
 * What unsigned installs claimed, until the authorization server was asked: sealed, bounded, used for nothing else.
 * Every method throws Fault `store_unavailable` when the store can't be asked.
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
   * Keeps a claim until it is dropped. When there is no room, the source that has most in it loses its newest.
   * @throws Fault too_many_attempts when that is the claim's own source
   */
  add(claim: ClaimedInstall, receipt: ClaimReceipt): Promise<{ id: string; room: 'free' | 'made' | 'had' }> {
    return orStoreUnavailable(async () => {
      const { source, requestId, receivedAtMs } = receipt;
      const text = JSON.stringify(told(claim));
      const id = digest(text);
      const sealed = this.sealed(id, { receivedAtMs, requestId, source, text });
      const from = digest(source).slice(0, 16);
      const keys = [claimsKey, dueKey, sourcesKey];
      const kept = await this.scripts.keepClaim(...keys, id, sealed, receivedAtMs, maxClaims, from);
      if (kept === 0)
        throw new Fault('too_many_attempts', { detail: 'Too many installs of this source wait to be verified.' });
      return { id, room: kept === 1 ? 'free' : kept === 2 ? 'had' : 'made' };
    });
  }

  /** A claim that nobody holds, held until then. */
  acquireDue(nowMs: number, heldUntilMs: number): Promise<InstallClaim | undefined> {
    return orStoreUnavailable(async () => {
      const keys = [claimsKey, dueKey, sourcesKey, turnsKey];
      const [id, sealed] = await this.scripts.takeClaim(...keys, nowMs, heldUntilMs);
      const kept = id && sealed ? this.opened(id, sealed) : undefined;
      // One that nobody can read any more must not be taken up for ever.
      if (id && !kept) await this.remove(id);
      return kept;
    });
  }

  /** The claim is made with another pair from now on: the refresh token of the one before is spent. */
  replaceTokens({ id, receivedAtMs, requestId }: InstallClaim, claim: ClaimedInstall): Promise<void> {
    return orStoreUnavailable(async () => {
      const sealed = this.sealed(id, { receivedAtMs, requestId, text: JSON.stringify(told(claim)) });
      await this.scripts.renewClaim(claimsKey, id, sealed);
    });
  }

  /** It is not taken by anyone before then. */
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

  private sealed(id: string, kept: Sealed): string {
    return this.seal.seal(new Secret(JSON.stringify(kept)), place(id));
  }

  private opened(id: string, sealed: string): InstallClaim | undefined {
    try {
      const { text, ...receipt } = JSON.parse(this.seal.open(sealed, place(id)).reveal()) as Sealed;
      return { id, claim: claimed(JSON.parse(text) as Told), ...receipt };
    } catch {
      return undefined;
    }
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function place(id: string): string {
  return `inbox|${id}`;
}

function told({ app, memberId, accessToken, refreshToken, applicationToken, oauthServer }: ClaimedInstall): Told {
  return {
    ...(app !== defaultApp && { app }),
    memberId,
    accessToken: accessToken.reveal(),
    refreshToken: refreshToken.reveal(),
    ...(applicationToken && { applicationToken: applicationToken.reveal() }),
    ...(oauthServer && { oauthServer }),
  };
}

function claimed({
  app = defaultApp,
  memberId,
  accessToken,
  refreshToken,
  applicationToken,
  oauthServer,
}: Told): ClaimedInstall {
  return {
    app,
    memberId,
    accessToken: new Secret(accessToken),
    refreshToken: new Secret(refreshToken),
    ...(applicationToken && { applicationToken: new Secret(applicationToken) }),
    ...(oauthServer && { oauthServer }),
  };
}
