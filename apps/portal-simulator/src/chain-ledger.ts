import { randomBytes } from 'node:crypto';
import type { SimulatorClock } from './clock';

export interface Chain {
  readonly id: string;
  readonly memberId: string;
  readonly clientId: string;
  readonly userId: number;
  revoked: boolean;
}

interface AccessToken {
  readonly token: string;
  readonly chain: Chain;
  expiresAt: number;
  dead: boolean;
}

interface RefreshToken {
  readonly token: string;
  readonly chain: Chain;
  readonly accessToken: string;
  readonly expiresAt: number;
  usedAt: number | undefined;
}

export interface IssuedPair {
  readonly chain: Chain;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
}

export type Rotation = 'strict' | 'grace';

export interface LedgerOptions {
  /** `strict`: a refresh token dies at its first use, with its access token (docs/bitrix24-rules.md#oauth). */
  rotation: Rotation;
  accessTokenLifetimeMs: number;
  /** `grace`: how long a used refresh token still works. */
  graceMs: number;
}

export interface LedgerState {
  chains: Chain[];
  access: { token: string; chain: string; expiresAt: number }[];
  refresh: { token: string; chain: string; accessToken: string; expiresAt: number; usedAt?: number }[];
}

const codeLifetimeMs = 30_000;
const refreshLifetimeMs = 180 * 24 * 3600 * 1000;

/** All codes and token chains of the authorization server; several chains of one app and user live side by side. */
export class ChainLedger {
  /** Portals (member ids) whose chains rotate otherwise than `options` says. */
  readonly rotations = new Map<string, Rotation>();
  /** Every code and token that was ever issued. */
  readonly issued: string[] = [];
  private readonly codes = new Map<string, { memberId: string; clientId: string; userId: number; expiresAt: number }>();
  private readonly accessTokens = new Map<string, AccessToken>();
  private readonly refreshTokens = new Map<string, RefreshToken>();

  constructor(
    readonly options: LedgerOptions,
    private readonly clock: SimulatorClock,
  ) {}

  issueCode(memberId: string, clientId: string, userId: number): string {
    const code = randomBytes(35).toString('hex');
    this.issued.push(code);
    this.codes.set(code, { memberId, clientId, userId, expiresAt: this.clock.now() + codeLifetimeMs });
    return code;
  }

  memberOfCode(code: string): string | undefined {
    return this.codes.get(code)?.memberId;
  }

  memberOfRefresh(token: string): string | undefined {
    return this.refreshTokens.get(token)?.chain.memberId;
  }

  /** A code is good for 30 s and once, whoever presents it. */
  redeemCode(code: string, clientId: string): IssuedPair | undefined {
    const entry = this.codes.get(code);
    this.codes.delete(code);
    if (entry?.clientId !== clientId || entry.expiresAt <= this.clock.now()) return undefined;
    return this.startChain(entry.memberId, clientId, entry.userId);
  }

  startChain(memberId: string, clientId: string, userId: number): IssuedPair {
    return this.issue({ id: randomBytes(8).toString('hex'), memberId, clientId, userId, revoked: false });
  }

  refresh(token: string, clientId: string): IssuedPair | undefined {
    const entry = this.refreshTokens.get(token);
    if (entry === undefined || !this.isUsable(entry, clientId)) return undefined;
    entry.usedAt ??= this.clock.now();
    const old = this.accessTokens.get(entry.accessToken);
    if (this.rotationOf(entry.chain) === 'strict' && old !== undefined) old.dead = true;
    return this.issue(entry.chain);
  }

  /** The verdict on an access token: its chain, or why it is refused. */
  verdict(token: string): Chain | 'unknown' | 'expired' {
    const entry = this.accessTokens.get(token);
    if (entry === undefined || entry.dead || entry.chain.revoked) return 'unknown';
    return entry.expiresAt <= this.clock.now() ? 'expired' : entry.chain;
  }

  /** The chain a token ever belonged to, alive or not. */
  chainOf(token: string): Chain | undefined {
    return this.accessTokens.get(token)?.chain;
  }

  expiryOf(token: string): number | undefined {
    return this.accessTokens.get(token)?.expiresAt;
  }

  expireAccessTokens(memberId: string): void {
    for (const entry of this.accessTokens.values()) {
      if (entry.chain.memberId === memberId) entry.expiresAt = Math.min(entry.expiresAt, this.clock.now());
    }
  }

  /** Of one app, or of all. */
  revokeChains(memberId: string, clientId?: string): void {
    for (const { chain } of this.refreshTokens.values()) {
      if (chain.memberId === memberId && (clientId ?? chain.clientId) === chain.clientId) chain.revoked = true;
    }
  }

  toState(): LedgerState {
    const access = [...this.accessTokens.values()].filter((entry) => !entry.dead && !entry.chain.revoked);
    const refresh = [...this.refreshTokens.values()].filter(
      (entry) => !entry.chain.revoked && (entry.usedAt === undefined || this.rotationOf(entry.chain) === 'grace'),
    );
    return {
      chains: [...new Set([...access, ...refresh].map((entry) => entry.chain))],
      access: access.map(({ token, chain, expiresAt }) => ({ token, chain: chain.id, expiresAt })),
      refresh: refresh.map(({ chain, usedAt, ...rest }) => ({
        ...rest,
        chain: chain.id,
        ...(usedAt === undefined ? {} : { usedAt }),
      })),
    };
  }

  restore(state: LedgerState): void {
    const chains = new Map(state.chains.map((chain) => [chain.id, chain]));
    for (const { token, chain: id, expiresAt } of state.access) {
      const chain = chains.get(id);
      if (chain !== undefined) this.accessTokens.set(token, { token, chain, expiresAt, dead: false });
    }
    for (const { chain: id, ...rest } of state.refresh) {
      const chain = chains.get(id);
      if (chain !== undefined) this.refreshTokens.set(rest.token, { ...rest, chain, usedAt: rest.usedAt });
    }
  }

  private isUsable(entry: RefreshToken, clientId: string): boolean {
    const now = this.clock.now();
    if (entry.chain.clientId !== clientId || entry.chain.revoked || entry.expiresAt <= now) return false;
    if (entry.usedAt === undefined) return true;
    return this.rotationOf(entry.chain) === 'grace' && now - entry.usedAt < this.options.graceMs;
  }

  private rotationOf({ memberId }: Chain): Rotation {
    return this.rotations.get(memberId) ?? this.options.rotation;
  }

  private issue(chain: Chain): IssuedPair {
    const now = this.clock.now();
    const accessToken = randomBytes(35).toString('hex');
    const refreshToken = randomBytes(35).toString('hex');
    const expiresAt = now + this.options.accessTokenLifetimeMs;
    this.issued.push(accessToken, refreshToken);
    this.accessTokens.set(accessToken, { token: accessToken, chain, expiresAt, dead: false });
    this.refreshTokens.set(refreshToken, {
      token: refreshToken,
      chain,
      accessToken,
      expiresAt: now + refreshLifetimeMs,
      usedAt: undefined,
    });
    return { chain, accessToken, refreshToken, expiresAt };
  }
}
