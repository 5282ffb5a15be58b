import { randomBytes } from 'node:crypto';
import type { SimulatorClock } from './clock';

export interface IssuedFamily {
  readonly id: string;
  readonly memberId: string;
  readonly clientId: string;
  readonly userId: number;
  revoked: boolean;
}

interface AccessToken {
  readonly token: string;
  readonly family: IssuedFamily;
  expiresAt: number;
  dead: boolean;
}

interface RefreshToken {
  readonly token: string;
  readonly family: IssuedFamily;
  readonly accessToken: string;
  readonly expiresAt: number;
  usedAt: number | undefined;
}

export interface IssuedPair {
  readonly family: IssuedFamily;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
}

export type RefreshRotation = 'strict' | 'grace';

export interface LedgerOptions {
  /** `strict`: a refresh token dies at its first use, with its access token (docs/bitrix24-rules.md#oauth). */
  rotation: RefreshRotation;
  accessTokenLifetimeMs: number;
  /** `grace`: how long a used refresh token still works. */
  graceMs: number;
}

export interface LedgerState {
  families: IssuedFamily[];
  access: { token: string; family: string; expiresAt: number }[];
  refresh: { token: string; family: string; accessToken: string; expiresAt: number; usedAt?: number }[];
}

const codeLifetimeMs = 30_000;
const refreshLifetimeMs = 180 * 24 * 3600 * 1000;

/** All codes and token chains of the authorization server; several chains of one app and user live side by side. */
export class TokenLedger {
  /** Portals (member ids) whose chains rotate otherwise than `options` says. */
  readonly rotations = new Map<string, RefreshRotation>();
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
    return this.refreshTokens.get(token)?.family.memberId;
  }

  /** A code is good for 30 s and once, whoever presents it. */
  redeemCode(code: string, clientId: string): IssuedPair | undefined {
    const entry = this.codes.get(code);
    this.codes.delete(code);
    if (entry?.clientId !== clientId || entry.expiresAt <= this.clock.now()) return undefined;
    return this.startFamily(entry.memberId, clientId, entry.userId);
  }

  startFamily(memberId: string, clientId: string, userId: number): IssuedPair {
    return this.issue({ id: randomBytes(8).toString('hex'), memberId, clientId, userId, revoked: false });
  }

  refresh(token: string, clientId: string): IssuedPair | undefined {
    const entry = this.refreshTokens.get(token);
    if (entry === undefined || !this.isUsable(entry, clientId)) return undefined;
    entry.usedAt ??= this.clock.now();
    const old = this.accessTokens.get(entry.accessToken);
    if (this.rotationOf(entry.family) === 'strict' && old !== undefined) old.dead = true;
    return this.issue(entry.family);
  }

  /** The verdict on an access token: its chain, or why it is refused. */
  verdict(token: string): IssuedFamily | 'unknown' | 'expired' {
    const entry = this.accessTokens.get(token);
    if (entry === undefined || entry.dead || entry.family.revoked) return 'unknown';
    return entry.expiresAt <= this.clock.now() ? 'expired' : entry.family;
  }

  /** The chain a token ever belonged to, alive or not. */
  familyOf(token: string): IssuedFamily | undefined {
    return this.accessTokens.get(token)?.family;
  }

  expiryOf(token: string): number | undefined {
    return this.accessTokens.get(token)?.expiresAt;
  }

  expireAccessTokens(memberId: string): void {
    for (const entry of this.accessTokens.values()) {
      if (entry.family.memberId === memberId) entry.expiresAt = Math.min(entry.expiresAt, this.clock.now());
    }
  }

  /** Of one app, or of all. */
  revokeFamilies(memberId: string, clientId?: string): void {
    for (const { family } of this.refreshTokens.values()) {
      if (family.memberId === memberId && (clientId ?? family.clientId) === family.clientId) family.revoked = true;
    }
  }

  toState(): LedgerState {
    const access = [...this.accessTokens.values()].filter((entry) => !entry.dead && !entry.family.revoked);
    const refresh = [...this.refreshTokens.values()].filter(
      (entry) => !entry.family.revoked && (entry.usedAt === undefined || this.rotationOf(entry.family) === 'grace'),
    );
    return {
      families: [...new Set([...access, ...refresh].map((entry) => entry.family))],
      access: access.map(({ token, family, expiresAt }) => ({ token, family: family.id, expiresAt })),
      refresh: refresh.map(({ family, usedAt, ...rest }) => ({
        ...rest,
        family: family.id,
        ...(usedAt === undefined ? {} : { usedAt }),
      })),
    };
  }

  restore(state: LedgerState): void {
    const families = new Map(state.families.map((family) => [family.id, family]));
    for (const { token, family: id, expiresAt } of state.access) {
      const family = families.get(id);
      if (family !== undefined) this.accessTokens.set(token, { token, family, expiresAt, dead: false });
    }
    for (const { family: id, ...rest } of state.refresh) {
      const family = families.get(id);
      if (family !== undefined) this.refreshTokens.set(rest.token, { ...rest, family, usedAt: rest.usedAt });
    }
  }

  private isUsable(entry: RefreshToken, clientId: string): boolean {
    const now = this.clock.now();
    if (entry.family.clientId !== clientId || entry.family.revoked || entry.expiresAt <= now) return false;
    if (entry.usedAt === undefined) return true;
    return this.rotationOf(entry.family) === 'grace' && now - entry.usedAt < this.options.graceMs;
  }

  private rotationOf({ memberId }: IssuedFamily): RefreshRotation {
    return this.rotations.get(memberId) ?? this.options.rotation;
  }

  private issue(family: IssuedFamily): IssuedPair {
    const now = this.clock.now();
    const accessToken = randomBytes(35).toString('hex');
    const refreshToken = randomBytes(35).toString('hex');
    const expiresAt = now + this.options.accessTokenLifetimeMs;
    this.issued.push(accessToken, refreshToken);
    this.accessTokens.set(accessToken, { token: accessToken, family, expiresAt, dead: false });
    this.refreshTokens.set(refreshToken, {
      token: refreshToken,
      family,
      accessToken,
      expiresAt: now + refreshLifetimeMs,
      usedAt: undefined,
    });
    return { family, accessToken, refreshToken, expiresAt };
  }
}
