import type { AppRegistration, PortalState } from './portal-state';
import type { TokenLedger, IssuedPair } from './token-ledger';
import type { SimulatorClock } from './clock';
import type { PhpInput } from './php-input';
import { type OauthErrorCode, oauthErrors } from './fault-kinds';
import type { WireAnswer } from './wire-answer';

export interface TokenEndpointOptions {
  /** `expires` and `user_id`: documented as absent on a code exchange and present on a refresh. */
  optionalFields: 'documented' | 'always' | 'never';
  /** Whether errors carry `error_description`. */
  describeErrors: boolean;
}

export interface MemberDirectory {
  byMemberId(memberId: string): PortalState | undefined;
  appOf(clientId: string): AppRegistration | undefined;
}

class OauthRefusal extends Error {
  constructor(readonly code: OauthErrorCode) {
    super(code);
  }
}

/** Answers token requests (docs/bitrix24-rules.md#oauth); OauthServer does the I/O. */
export class TokenEndpoint {
  refreshes = 0;

  constructor(
    readonly options: TokenEndpointOptions,
    private readonly ledger: TokenLedger,
    private readonly directory: MemberDirectory,
    private readonly clock: SimulatorClock,
    private readonly oauthServer: () => string,
  ) {}

  /** Which portal a request is about, as far as its code or token tells. */
  memberOf(params: PhpInput): string | undefined {
    const { code, refresh_token: refreshToken } = params;
    if (typeof code === 'string') return this.ledger.memberOfCode(code);
    return typeof refreshToken === 'string' ? this.ledger.memberOfRefresh(refreshToken) : undefined;
  }

  answer(params: PhpInput): WireAnswer {
    try {
      return { status: 200, body: this.granted(params) };
    } catch (error) {
      if (error instanceof OauthRefusal) return this.refusal(error.code);
      throw error;
    }
  }

  refusal(code: OauthErrorCode, status: number = oauthErrors[code], description?: string | null): WireAnswer {
    const words = description === undefined ? code.replaceAll('_', ' ') : description;
    const described = this.options.describeErrors && words !== null ? { error_description: words } : {};
    return { status, body: { error: code, ...described } };
  }

  private granted(params: PhpInput): PhpInput {
    const app = this.client(params);
    if (params['grant_type'] === 'authorization_code') {
      const pair = this.ledger.redeemCode(required(params, 'code'), app.clientId);
      return this.shown(pair ?? refuse('invalid_grant'), false);
    }
    if (params['grant_type'] !== 'refresh_token') refuse('invalid_request');
    const token = required(params, 'refresh_token');
    this.requireInstalled(this.ledger.memberOfRefresh(token), app.clientId);
    const pair = this.ledger.refresh(token, app.clientId) ?? refuse('invalid_grant');
    this.refreshes += 1;
    return this.shown(pair, true);
  }

  /** An unknown id is answered with HTTP 200 and `wrong_client`, a wrong secret with 400 and `invalid_client`. */
  private client(params: PhpInput): AppRegistration {
    const app = this.directory.appOf(required(params, 'client_id')) ?? refuse('wrong_client');
    if (required(params, 'client_secret') !== app.clientSecret) refuse('invalid_client');
    return app;
  }

  /** Of an app that the portal does not have at all, the token itself is none. */
  private requireInstalled(memberId: string | undefined, clientId: string): void {
    if (memberId === undefined) return;
    const portal = this.directory.byMemberId(memberId);
    if (portal === undefined || portal.deleted) refuse('NOT_INSTALLED');
    const app = portal.appOf(clientId) ?? refuse('invalid_grant');
    if (!app.installed) refuse('NOT_INSTALLED');
  }

  private shown(pair: IssuedPair, isRefresh: boolean): PhpInput {
    const portal = this.directory.byMemberId(pair.family.memberId) ?? refuse('invalid_grant');
    const { optionalFields } = this.options;
    const full = optionalFields === 'always' || (optionalFields === 'documented' && isRefresh);
    return {
      access_token: pair.accessToken,
      ...(full ? { expires: Math.floor(pair.expiresAt / 1000) } : {}),
      expires_in: Math.round((pair.expiresAt - this.clock.now()) / 1000),
      scope: (portal.appOf(pair.family.clientId)?.scope ?? []).join(','),
      domain: this.oauthServer().replace(/^https?:\/\//, ''),
      server_endpoint: `${this.oauthServer()}/rest/`,
      status: portal.status,
      client_endpoint: portal.endpoint,
      member_id: portal.memberId,
      ...(full ? { user_id: pair.family.userId } : {}),
      refresh_token: pair.refreshToken,
    };
  }
}

function required(params: PhpInput, name: string): string {
  const value = params[name];
  return typeof value === 'string' && value !== '' ? value : refuse('invalid_request');
}

function refuse(code: OauthErrorCode): never {
  throw new OauthRefusal(code);
}
