import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, Secret } from '@b24/portal';
import type { Redis } from 'ioredis';
import type { ClaimedInstall } from './installer';
import type { Seal } from './seal';

/** Of a few kilobytes each. */
const mostClaims = 1000;
const claimsKey = 'b24:{inbox}:claims';
const dueKey = 'b24:{inbox}:due';

export interface KeptClaim {
  readonly id: string;
  readonly claim: ClaimedInstall;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
}

interface Told {
  readonly memberId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly applicationToken?: string;
  readonly oauthServer?: string;
}

interface Scripts {
  keepClaim(claims: string, due: string, ...args: (string | number)[]): Promise<0 | 1 | 2>;
  takeClaim(claims: string, due: string, ...args: (string | number)[]): Promise<[id: string, sealed: string] | []>;
}

/**
 * What unsigned installs claimed, until the authorization server was asked: sealed, bounded, used for nothing else.
 * Every method throws Fault `store_unavailable` when the store can't be asked.
 */
export class KeptClaims {
  private readonly scripts: Scripts;

  constructor(
    private readonly redis: Redis,
    private readonly seal: Seal,
  ) {
    for (const name of ['keepClaim', 'takeClaim']) {
      redis.defineCommand(name, { numberOfKeys: 2, lua: readFileSync(join(__dirname, `${name}.lua`), 'utf8') });
    }
    this.scripts = redis as unknown as Scripts;
  }

  /**
   * The claim, held until then; undefined when it is kept already.
   * @throws Fault authorization_server_error when too many wait
   */
  keep(claim: ClaimedInstall, receivedAtMs: number, heldUntilMs: number): Promise<KeptClaim | undefined> {
    return asking(async () => {
      const text = JSON.stringify(told(claim));
      const id = createHash('sha256').update(text).digest('hex');
      const sealed = this.seal.close(new Secret(`${receivedAtMs} ${text}`), place(id));
      const kept = await this.scripts.keepClaim(claimsKey, dueKey, id, sealed, heldUntilMs, mostClaims);
      if (kept === 0)
        throw new Fault('authorization_server_error', { detail: 'Too many installs wait to be verified.' });
      return kept === 1 ? { id, claim, receivedAtMs } : undefined;
    });
  }

  /** A claim that nobody holds, held until then. */
  take(nowMs: number, heldUntilMs: number): Promise<KeptClaim | undefined> {
    return asking(async () => {
      const [id, sealed] = await this.scripts.takeClaim(claimsKey, dueKey, nowMs, heldUntilMs);
      const kept = id && sealed ? this.opened(id, sealed) : undefined;
      // One that nobody can read any more must not be taken up for ever.
      if (id && !kept) await this.drop(id);
      return kept;
    });
  }

  /** It is not taken by anyone before then. */
  hold(id: string, untilMs: number): Promise<void> {
    return asking(async () => {
      await this.redis.zadd(dueKey, 'XX', `${untilMs}`, id);
    });
  }

  drop(id: string): Promise<void> {
    return asking(async () => {
      await this.redis.hdel(claimsKey, id);
      await this.redis.zrem(dueKey, id);
    });
  }

  private opened(id: string, sealed: string): KeptClaim | undefined {
    try {
      const text = this.seal.open(sealed, place(id)).reveal();
      const mark = text.indexOf(' ');
      return { id, claim: claimed(JSON.parse(text.slice(mark)) as Told), receivedAtMs: Number(text.slice(0, mark)) };
    } catch {
      return undefined;
    }
  }
}

function place(id: string): string {
  return `inbox|${id}`;
}

function told({ memberId, accessToken, refreshToken, applicationToken, oauthServer }: ClaimedInstall): Told {
  return {
    memberId,
    accessToken: accessToken.reveal(),
    refreshToken: refreshToken.reveal(),
    ...(applicationToken && { applicationToken: applicationToken.reveal() }),
    ...(oauthServer && { oauthServer }),
  };
}

function claimed({ memberId, accessToken, refreshToken, applicationToken, oauthServer }: Told): ClaimedInstall {
  return {
    memberId,
    accessToken: new Secret(accessToken),
    refreshToken: new Secret(refreshToken),
    ...(applicationToken && { applicationToken: new Secret(applicationToken) }),
    ...(oauthServer && { oauthServer }),
  };
}

async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
  }
}
