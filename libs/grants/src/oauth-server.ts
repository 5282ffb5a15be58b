import {
  type Clock,
  ExchangeFailure,
  Fault,
  type HttpAnswer,
  isPortalId,
  type Post,
  type PortalId,
  Scrubber,
  Secret,
  sleep,
} from '@b24/portal';
import { z } from 'zod';
import type { Apps } from './apps';
import { sameSecret } from './same-secret';
import { errorCode, type GrantedTokens, judgeTokenAnswer, parseJson, type TokenVerdict } from './token-answer';

export interface OAuthServerOptions {
  /** Allowed origins; the first is used unless an install names another of them. */
  readonly servers: readonly [string, ...string[]];
  readonly apps: Pick<Apps, 'get'>;
  readonly post: Post;
  readonly clock: Clock;
}

/** Longer than the server ever takes: an abandoned answer is a lost token pair. */
const tokenTimeoutMs = 20_000;
/** While an app's secret is rotated, the new one, the old one and then the new one again are tried. */
const maxSecretTries = 3;
const pausesMs = [300, 1500];

/** What the authorization server knows about an access token. */
export interface TokenInfo {
  readonly clientId: string;
  readonly portal: PortalId;
  readonly endpoint: string;
  readonly scope: string;
  readonly userId?: number;
}

const tokenInfoBody = z.object({
  result: z.object({
    client_id: z.string(),
    scope: z.string().default(''),
    user_id: z.coerce.number().optional(),
    install: z.object({
      client_endpoint: z.string().max(512),
      member_id: z.string().toLowerCase().refine(isPortalId),
    }),
  }),
});

/** Client of the authorization server. It retries transient failures and returns a verdict or throws a Fault. */
export class OAuthServer {
  constructor(private readonly options: OAuthServerOptions) {}

  /** Returns the named server if it is allowed, else the first: no other host ever receives an app's secret. */
  server(claimed?: string): string {
    return this.options.servers.find((it) => claimed && sameHost(it, claimed)) ?? this.options.servers[0];
  }

  /** @throws Fault app_not_found */
  async clientId(app: string): Promise<string> {
    return (await this.options.apps.get(app)).clientId;
  }

  /** @throws Fault app_not_found, authorization_server_error when the server gave no verdict after all retries */
  refresh(app: string, refreshToken: Secret, server: string): Promise<TokenVerdict> {
    return this.tokens(app, server, { grant_type: 'refresh_token', refresh_token: refreshToken.reveal() });
  }

  /** @throws Fault app_not_found, authorization_server_error */
  exchange(app: string, code: Secret, server: string): Promise<TokenVerdict> {
    return this.tokens(app, server, { grant_type: 'authorization_code', code: code.reveal() });
  }

  /**
   * Returns whose token this is; undefined when the server does not know it. Whether the app counts as installed is not
   * checked, because its install page opens before that.
   * @throws Fault authorization_server_error when the server gave no verdict
   */
  tokenInfo(accessToken: Secret, server: string): Promise<TokenInfo | 'expired' | undefined> {
    return this.retryTransient<TokenInfo | 'expired' | undefined>(async () => {
      const answer = await this.form(`${server}/rest/app.info`, { auth: accessToken.reveal() });
      const body = parseJson(answer.body);
      const info = tokenInfoBody.safeParse(body);
      if (info.success) return { verdict: toTokenInfo(info.data.result, accessToken) };
      if (errorCode(body) === 'expired_token') return { verdict: 'expired' };
      if (answer.status >= 400 && answer.status < 500) return { verdict: undefined };
      return { transient: `status ${answer.status}` };
    });
  }

  /** Reads the app before each request, so that a secret rotated meanwhile is tried next. */
  private tokens(app: string, server: string, postForm: Record<string, string>): Promise<TokenVerdict> {
    const { apps, clock } = this.options;
    const refused: { secret: Secret; verdict: TokenVerdict }[] = [];
    return this.retryTransient<TokenVerdict>(async () => {
      for (;;) {
        const { clientId, clientSecret, previousSecret } = await apps.get(app);
        const last = refused.at(-1);
        const untried = [clientSecret, previousSecret].find(
          (it) => it && !refused.some(({ secret }) => sameSecret(secret, it)),
        );
        // The vendor may have switched between rejecting the new secret and rejecting the old one.
        const secret = untried ?? clientSecret;
        if (last && (refused.length >= maxSecretTries || sameSecret(secret, last.secret)))
          return { verdict: last.verdict };
        const requestedAtMs = clock.now();
        const secrets = { client_id: clientId, client_secret: secret.reveal() };
        const verdict = judgeTokenAnswer(
          await this.form(`${server}/oauth/token/`, { ...postForm, ...secrets }),
          requestedAtMs,
        );
        if (verdict.kind === 'transient') return { transient: verdict.reason };
        if (verdict.kind === 'granted') {
          const sent = [
            secret,
            ...[postForm['refresh_token'], postForm['code']].flatMap((it) => (it ? [new Secret(it)] : [])),
          ];
          return { verdict: { ...verdict, granted: withoutSecrets(verdict.granted, sent) } };
        }
        if (!verdict.secretRefused) return { verdict };
        refused.push({ secret, verdict });
      }
    });
  }

  private async retryTransient<T>(ask: () => Promise<{ verdict: T } | { transient: string }>): Promise<T> {
    let reason = '';
    for (const pauseMs of [...pausesMs, undefined]) {
      const outcome = await ask().catch((error: unknown) => ({ transient: failureReason(error) }));
      if ('verdict' in outcome) return outcome.verdict;
      reason = outcome.transient;
      if (pauseMs !== undefined) await sleep(this.options.clock, pauseMs);
    }
    throw new Fault('authorization_server_error', {
      detail: `The authorization server gave no usable answer (${reason}); the call was not sent.`,
      retryAfterMs: 5000,
    });
  }

  private form(url: string, fields: Record<string, string>): Promise<HttpAnswer> {
    const text = new URLSearchParams(fields).toString();
    return this.options.post(url, { type: 'application/x-www-form-urlencoded', text }, { timeoutMs: tokenTimeoutMs });
  }
}

/** Removes secrets from the fields that are shown to operators; the pair itself is stored sealed. */
function withoutSecrets(granted: GrantedTokens, sent: readonly Secret[]): GrantedTokens {
  const { pair, endpoint, scope, licence } = granted;
  const scrubber = Scrubber.of([pair.accessToken, pair.refreshToken, ...sent]);
  return {
    ...granted,
    endpoint: scrubber.text(endpoint),
    scope: scope.map((it) => scrubber.text(it)),
    ...(licence && { licence: scrubber.text(licence) }),
  };
}

function toTokenInfo(result: z.infer<typeof tokenInfoBody>['result'], accessToken: Secret): TokenInfo {
  const scrubber = Scrubber.of([accessToken]);
  return {
    clientId: result.client_id,
    portal: result.install.member_id,
    endpoint: scrubber.text(result.install.client_endpoint),
    scope: scrubber.text(result.scope),
    ...(result.user_id !== undefined && { userId: result.user_id }),
  };
}

function failureReason(error: unknown): string {
  if (error instanceof ExchangeFailure) return error.reason;
  throw error;
}

function sameHost(server: string, claimed: string): boolean {
  try {
    return new URL(server).host === new URL(claimed.includes('://') ? claimed : `https://${claimed}`).host;
  } catch {
    return false;
  }
}
