import type { TokenLedger } from './token-ledger';
import type { SimulatorClock } from './clock';
import type { Exchange } from './exchange';
import { type PhpInput, isMap } from './php-input';
import { injectWireFault } from './inject-wire-fault';
import type { WireAnswer } from './wire-answer';
import { type MemberDirectory, TokenEndpoint, type TokenEndpointOptions } from './token-endpoint';
import { type OauthErrorCode, type OauthFaultKind, oauthErrors } from './fault-kinds';
import { type InjectedFault, FaultInjector } from './fault-injector';

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
  /** `ok`, the error code, or `fault:<kind>`. */
  outcome: string;
  /** The family was rotated (or started), whatever the caller got to see. */
  rotated: boolean;
  /** The access token that came of it, and whose family it is. */
  issued?: { readonly accessToken: string; readonly family: string };
  /** Of `app.info`: whose family the token is. */
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
  readonly faults = new FaultInjector<OauthFaultKind>();
  readonly tokenRequests: TokenRequestLog[] = [];
  private readonly tokens: TokenEndpoint;

  constructor(
    readonly options: TokenEndpointOptions,
    private readonly ledger: TokenLedger,
    private readonly directory: MemberDirectory,
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

  private async token(exchange: Exchange, params: PhpInput): Promise<void> {
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

  private async appInfo(exchange: Exchange, params: PhpInput): Promise<void> {
    const token = params['auth'] ?? params['access_token'];
    const family = typeof token === 'string' ? this.ledger.familyOf(token) : undefined;
    const log = this.open(
      exchange,
      { grantType: 'app.info', memberId: family?.memberId, clientId: undefined },
      'auth' in exchange.query,
    );
    if (family) log.about = family.id;
    await this.answer(exchange, log, () => this.appInfoOf(typeof token === 'string' ? token : ''));
  }

  private async answer(exchange: Exchange, log: TokenRequestLog, serve: () => WireAnswer): Promise<void> {
    const fault = this.faults.take({ method: log.grantType, place: 'single', memberId: log.memberId });
    const answer = fault === undefined || rotatesFirst(fault) ? serve() : undefined;
    const given = fault === undefined ? answer : await this.strike(exchange, fault, answer, log, serve);
    if (given === undefined) return;
    const error = isMap(given.body) ? given.body['error'] : undefined;
    log.httpStatus = given.status;
    log.outcome = fault === undefined ? (typeof error === 'string' ? error : 'ok') : `fault:${fault.kind}`;
    if (!exchange.isGone) log.answeredAt = this.clock.now();
    exchange.json(given.status, given.body);
  }

  private noteRotation(log: TokenRequestLog, { status, body }: WireAnswer): void {
    const accessToken = isMap(body) ? body['access_token'] : undefined;
    log.rotated = status === 200 && typeof accessToken === 'string';
    if (typeof accessToken !== 'string' || !log.rotated) return;
    log.issued = { accessToken, family: this.ledger.familyOf(accessToken)?.id ?? '' };
    this.changed();
  }

  /** What is still to be sent; undefined when the fault has spoilt the answer. */
  private async strike(
    exchange: Exchange,
    fault: InjectedFault<OauthFaultKind>,
    answer: WireAnswer | undefined,
    log: TokenRequestLog,
    serve: () => WireAnswer,
  ): Promise<WireAnswer | undefined> {
    const wire = fault.kind === 'answer-lost' ? { ...fault, kind: 'cut-after' as const } : fault;
    const spoilt = await injectWireFault(exchange, wire, answer ?? { status: 200, body: {} });
    log.outcome = `fault:${fault.kind}`;
    if (spoilt) return undefined;
    if (isOauthError(fault.kind)) return this.tokens.refusal(fault.kind, fault.status, fault.description);
    return lieOf(fault.kind, answer ?? serve());
  }

  private appInfoOf(token: string): WireAnswer {
    const family = this.ledger.verdict(token);
    if (family === 'expired') return { status: 401, body: { error: 'expired_token' } };
    const portal = family === 'unknown' ? undefined : this.directory.byMemberId(family.memberId);
    if (family === 'unknown' || portal === undefined) return { status: 401, body: { error: 'invalid_token' } };
    const app = portal.appOf(family.clientId);
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
      body: { result: { client_id: family.clientId, scope, expires, install, user_id: family.userId } },
    };
  }

  private open(
    exchange: Exchange,
    requested: Pick<TokenRequestLog, 'grantType' | 'memberId' | 'clientId'>,
    secretInUrl: boolean,
  ): TokenRequestLog {
    const { httpMethod } = exchange;
    const at = this.clock.now();
    const log: TokenRequestLog = {
      ...{ at, ...requested, httpMethod, secretInUrl },
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

const lateKinds = new Set<OauthFaultKind>(['answer-lost', 'cut-after', 'truncated', 'stall']);

function rotatesFirst(fault: InjectedFault<OauthFaultKind>): boolean {
  return fault.afterExecution ?? lateKinds.has(fault.kind);
}

function isOauthError(kind: string): kind is OauthErrorCode {
  return Object.hasOwn(oauthErrors, kind);
}

/** A well-formed answer with one thing wrong in it, whether the token endpoint or `app.info` gave it. */
function lieOf(kind: OauthFaultKind, { status, body }: WireAnswer): WireAnswer {
  const answer = isMap(body) && isMap(body['result']) ? body['result'] : undefined;
  if (answer === undefined) return { status, body: isMap(body) ? bent(kind, body) : body };
  const install = isMap(answer['install']) ? bent(kind, answer['install']) : answer['install'];
  return { status, body: { result: { ...bent(kind, answer), install } } };
}

function bent(kind: OauthFaultKind, fields: PhpInput): PhpInput {
  const lie = { ...fields };
  if (kind === 'other-member' && 'member_id' in lie) lie['member_id'] = 'f'.repeat(32);
  if (kind === 'foreign-endpoint' && 'client_endpoint' in lie) lie['client_endpoint'] = 'http://127.0.0.2:9/rest/';
  if (kind === 'other-client' && 'client_id' in lie) lie['client_id'] = 'app.of.someone.else';
  if (kind === 'no-refresh-token') delete lie['refresh_token'];
  return lie;
}
