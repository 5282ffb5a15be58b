import { ExchangeFailure, Fault } from '@b24/portal';
import type { BoundedFetch } from '@b24/upstream';
import * as openid from 'openid-client';
import type { OidcSettings } from '../../oidc-settings';
import type { IdentityClaims } from './person-claims';

/** How long metadata of the provider are current: a sign-in notices that it is down, and a flood of them asks rarely. */
const metadataLifeMs = 10_000;

export interface IdentityProviderOptions {
  readonly settings: OidcSettings;
  readonly wire: BoundedFetch;
  readonly now: () => number;
  /** The address to which the provider sends the browser back. */
  readonly callbackUrl: string;
}

/** The values that bind an answer of the provider to the browser that asked. */
export interface SignInChecks {
  readonly state: string;
  readonly nonce: string;
  /** The PKCE code verifier (RFC 7636). */
  readonly verifier: string;
}

/** The OpenID Connect provider of the settings: authorization code flow with PKCE, state and nonce. */
export class IdentityProvider {
  private found: { readonly config: Promise<openid.Configuration>; readonly untilMs: number } | undefined;

  constructor(private readonly parts: IdentityProviderOptions) {}

  /** Returns the page of the provider to which the browser goes. @throws Fault identity_provider_error */
  async authorizationUrl({ state, nonce, verifier }: SignInChecks): Promise<URL> {
    const config = await this.config();
    return openid.buildAuthorizationUrl(config, {
      redirect_uri: this.parts.callbackUrl,
      scope: this.parts.settings.scope,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state, nonce },
    });
  }

  /**
   * Exchanges the code in the query of a callback, and returns the claims of the ID token, whose signature, issuer,
   * audience, times and nonce are checked; claims that it lacks are read at the userinfo endpoint.
   * @throws Fault identity_provider_error when the provider does not answer, sign_in_refused
   */
  async claimsFor(query: string, { state, nonce, verifier }: SignInChecks): Promise<IdentityClaims> {
    const config = await this.config();
    const url = new URL(`${this.parts.callbackUrl}?${query}`);
    try {
      const tokens = await openid.authorizationCodeGrant(config, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      return await this.complete(config, tokens.access_token, tokens.claims() as IdentityClaims);
    } catch (error) {
      throw faultOf(error);
    }
  }

  /** Returns the page at which a person signs out of the provider; undefined if there is none. */
  async logoutUrl(): Promise<string | undefined> {
    const config = await this.config().catch(() => undefined);
    if (!config?.serverMetadata().end_session_endpoint) return undefined;
    const { origin } = new URL(this.parts.callbackUrl);
    return openid.buildEndSessionUrl(config, { post_logout_redirect_uri: `${origin}/console` }).href;
  }

  close(): Promise<void> {
    return this.parts.wire.close();
  }

  private async complete(
    config: openid.Configuration,
    accessToken: string,
    claims: IdentityClaims,
  ): Promise<IdentityClaims> {
    const { rolesClaim } = this.parts.settings;
    const isComplete = claims['email'] !== undefined && claims[rolesClaim.split('.')[0] ?? ''] !== undefined;
    if (isComplete || !config.serverMetadata().userinfo_endpoint) return claims;
    const more = await openid.fetchUserInfo(config, accessToken, String(claims['sub']));
    return { ...more, ...claims };
  }

  private async config(): Promise<openid.Configuration> {
    const now = this.parts.now();
    if (!this.found || this.found.untilMs <= now) {
      const config = this.discover();
      this.found = { config, untilMs: now + metadataLifeMs };
      config.catch(() => (this.found = undefined));
    }
    try {
      return await this.found.config;
    } catch (error) {
      throw new Fault('identity_provider_error', { cause: error });
    }
  }

  private discover(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret } = this.parts.settings;
    const isHttp = issuer.startsWith('http:');
    return openid.discovery(new URL(issuer), clientId, undefined, clientAuth(clientSecret.reveal()), {
      // Without it the library trusts the connection to the provider instead of the signature of the ID token.
      execute: [openid.enableNonRepudiationChecks, ...(isHttp ? [openid.allowInsecureRequests] : [])],
      [openid.customFetch]: (url, { method, headers, body }) =>
        this.parts.wire.fetch(new URL(url), {
          ...{ method, headers },
          ...((typeof body === 'string' || body instanceof URLSearchParams) && { body: body.toString() }),
        }),
    });
  }
}

/** `client_secret_basic` is the default of OpenID Connect Discovery 1.0; a provider may list others only. */
function clientAuth(secret: string): openid.ClientAuth {
  const [basic, post] = [openid.ClientSecretBasic(secret), openid.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const takesBasic = server.token_endpoint_auth_methods_supported?.includes('client_secret_basic') ?? true;
    (takesBasic ? basic : post)(server, ...rest);
  };
}

/** The cause is for the log; the detail says nothing that came from outside. */
function faultOf(error: unknown): Fault {
  if (isUnanswered(error)) return new Fault('identity_provider_error', { cause: error });
  const code = error instanceof openid.ClientError ? error.code : undefined;
  const detail =
    code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED' ? 'The ID token has expired, or a clock is wrong.' : undefined;
  return new Fault('sign_in_refused', { cause: error, ...(detail && { detail }) });
}

function isUnanswered(error: unknown): boolean {
  if (error instanceof ExchangeFailure) return true;
  return error instanceof Error && error.cause !== undefined && isUnanswered(error.cause);
}
