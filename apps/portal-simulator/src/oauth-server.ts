import type { ChainLedger } from './chain-ledger';
import type { SimulatorClock } from './clock';
import type { Exchange } from './exchange';
import { type Params, isMap } from './php-query';
import { type WireAnswer, strikeWire } from './strike-wire';
import { type PortalDirectory, TokenEndpoint, type TokenEndpointOptions } from './token-endpoint';
import { type OauthErrorCode, type OauthTroubleKind, oauthErrors } from './trouble-kinds';
import { type Trouble, TroubleQueue } from './trouble-queue';

export interface TokenRequestLog {
  readonly at: number;
  /** `authorization_code`, `refresh_token`, another word, or `app.info`. */
  readonly grantType: string;
  readonly memberId: string | undefined;
  /** The app that asked, as it says; of `app.info` none. */
  readonly clientId: string | undefined;
  readonly httpMethod: string;
  /** The client secret (or for `app.info` the token) came in the URL. */
  readonly secretInUrl: boolean;
  httpStatus: number;
  /** `ok`, the error code, or `trouble:<kind>`. */
  outcome: string;
  /** The chain was rotated (or started), whatever the caller got to see. */
  rotated: boolean;
  /** The access token that came of it, and whose chain it is. */
  issued?: { readonly accessToken: string; readonly chain: string };
  /** Of `app.info`: whose chain the token is. */
  about?: string;
  /** When the answer was handed to the wire, and when its connection came to an end. */
  answeredAt?: number;
  closedAt?: number;
}

/**
 * The authorization server: `/oauth/token/` (docs/bitrix24-rules.md#oauth) and `/rest/app.info`
 * (docs/bitrix24-rules.md#install).
 */
export class OauthServer {
  readonly trouble = new TroubleQueue<OauthTroubleKind>();
  readonly tokenRequests: TokenRequestLog[] = [];
  private readonly tokens: TokenEndpoint;

  constructor(
    readonly options: TokenEndpointOptions,
    private readonly ledger: ChainLedger,
    private readonly directory: PortalDirectory,
    private readonly clock: SimulatorClock,
    private readonly changed: () => void,
    oauthServer: () => string,
  ) {
    this.tokens = new TokenEndpoint(options, ledger, directory, clock, oauthServer);
  }

  /** Successful refreshes. */
  get refreshes(): number {
    return this.tokens.refreshes;
  }

  async handle(exchange: Exchange): Promise<void> {
    const path = exchange.path.replace(/\/$/, '');
    const params = { ...exchange.query, ...exchange.body() };
    if (path === '/oauth/token') return this.token(exchange, params);
    if (/^\/rest\/app\.info(\.json)?$/.test(path)) return this.appInfo(exchange, params);
    exchange.html(404, '<html><body>404 Not Found</body></html>');
  }

  private async token(exchange: Exchange, params: Params): Promise<void> {
    const grantType = textOf(params['grant_type']) ?? '';
    const memberId = this.tokens.memberOf(params);
    const log = this.open(
      exchange,
      { grantType, memberId, clientId: textOf(params['client_id']) },
      'client_secret' in exchange.query,
    );
    await this.answer(exchange, log, () => {
      const answer = this.tokens.answer(params);
      this.noteRotation(log, answer);
      return answer;
    });
  }

  private async appInfo(exchange: Exchange, params: Params): Promise<void> {
    const token = params['auth'] ?? params['access_token'];
    const chain = typeof token === 'string' ? this.ledger.chainOf(token) : undefined;
    const log = this.open(
      exchange,
      { grantType: 'app.info', memberId: chain?.memberId, clientId: undefined },
      'auth' in exchange.query,
    );
    if (chain) log.about = chain.id;
    await this.answer(exchange, log, () => this.appInfoOf(typeof token === 'string' ? token : ''));
  }

  private async answer(exchange: Exchange, log: TokenRequestLog, serve: () => WireAnswer): Promise<void> {
    const trouble = this.trouble.take({ method: log.grantType, place: 'single', memberId: log.memberId });
    const answer = trouble === undefined || rotatesFirst(trouble) ? serve() : undefined;
    const given = trouble === undefined ? answer : await this.strike(exchange, trouble, answer, log, serve);
    if (given === undefined) return;
    const error = isMap(given.body) ? given.body['error'] : undefined;
    log.httpStatus = given.status;
    log.outcome = trouble === undefined ? (typeof error === 'string' ? error : 'ok') : `trouble:${trouble.kind}`;
    if (!exchange.isGone) log.answeredAt = this.clock.now();
    exchange.json(given.status, given.body);
  }

  private noteRotation(log: TokenRequestLog, { status, body }: WireAnswer): void {
    const accessToken = isMap(body) ? body['access_token'] : undefined;
    log.rotated = status === 200 && typeof accessToken === 'string';
    if (typeof accessToken !== 'string' || !log.rotated) return;
    log.issued = { accessToken, chain: this.ledger.chainOf(accessToken)?.id ?? '' };
    this.changed();
  }

  /** What is still to be sent; undefined when the trouble has spoilt the answer. */
  private async strike(
    exchange: Exchange,
    trouble: Trouble<OauthTroubleKind>,
    answer: WireAnswer | undefined,
    log: TokenRequestLog,
    serve: () => WireAnswer,
  ): Promise<WireAnswer | undefined> {
    const wire = trouble.kind === 'answer-lost' ? { ...trouble, kind: 'cut-after' as const } : trouble;
    const spoilt = await strikeWire(exchange, wire, answer ?? { status: 200, body: {} });
    log.outcome = `trouble:${trouble.kind}`;
    if (spoilt) return undefined;
    if (isOauthError(trouble.kind)) return this.tokens.refusal(trouble.kind, trouble.status, trouble.description);
    return lieOf(trouble.kind, answer ?? serve());
  }

  private appInfoOf(token: string): WireAnswer {
    const chain = this.ledger.verdict(token);
    if (chain === 'expired') return { status: 401, body: { error: 'expired_token' } };
    const portal = chain === 'unknown' ? undefined : this.directory.byMemberId(chain.memberId);
    if (chain === 'unknown' || portal === undefined) return { status: 401, body: { error: 'invalid_token' } };
    const app = portal.appOf(chain.clientId);
    const scope = (app?.scope ?? []).join(',');
    const install = {
      installed: app?.installed === true,
      version: '1',
      status: portal.status,
      scope,
      domain: portal.domain,
      client_endpoint: portal.endpoint,
      member_id: portal.memberId,
    };
    const expires = Math.floor((this.ledger.expiryOf(token) ?? 0) / 1000);
    return {
      status: 200,
      body: { result: { client_id: chain.clientId, scope, expires, install, user_id: chain.userId } },
    };
  }

  private open(
    exchange: Exchange,
    asked: Pick<TokenRequestLog, 'grantType' | 'memberId' | 'clientId'>,
    secretInUrl: boolean,
  ): TokenRequestLog {
    const { httpMethod } = exchange;
    const at = this.clock.now();
    const log: TokenRequestLog = {
      ...{ at, ...asked, httpMethod, secretInUrl },
      ...{ httpStatus: 0, outcome: 'pending', rotated: false },
    };
    exchange.onceClosed(() => (log.closedAt = this.clock.now()));
    this.tokenRequests.push(log);
    return log;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const lateKinds = new Set<OauthTroubleKind>(['answer-lost', 'cut-after', 'truncated', 'stall']);

function rotatesFirst(trouble: Trouble<OauthTroubleKind>): boolean {
  return trouble.afterExecution ?? lateKinds.has(trouble.kind);
}

function isOauthError(kind: string): kind is OauthErrorCode {
  return Object.hasOwn(oauthErrors, kind);
}

/** A well-formed answer with one thing wrong in it, whether the token endpoint or `app.info` gave it. */
function lieOf(kind: OauthTroubleKind, { status, body }: WireAnswer): WireAnswer {
  const told = isMap(body) && isMap(body['result']) ? body['result'] : undefined;
  if (told === undefined) return { status, body: isMap(body) ? bent(kind, body) : body };
  const install = isMap(told['install']) ? bent(kind, told['install']) : told['install'];
  return { status, body: { result: { ...bent(kind, told), install } } };
}

function bent(kind: OauthTroubleKind, fields: Params): Params {
  const lie = { ...fields };
  if (kind === 'other-member' && 'member_id' in lie) lie['member_id'] = 'f'.repeat(32);
  if (kind === 'foreign-endpoint' && 'client_endpoint' in lie) lie['client_endpoint'] = 'http://127.0.0.2:9/rest/';
  if (kind === 'other-client' && 'client_id' in lie) lie['client_id'] = 'app.of.someone.else';
  if (kind === 'no-refresh-token') delete lie['refresh_token'];
  return lie;
}
