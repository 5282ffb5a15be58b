import { createHmac } from 'node:crypto';
import { Fault } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import type { AuthorizationStates } from '../pages/authorization-states';
import type { BrowserCookie } from '../pages/browser-cookie';
import type { IdentityProvider, SignInChecks } from './identity-provider';
import type { People } from './people';
import type { StoredPerson } from './person-claims';
import { returnPath } from './return-path';

/** In place of an app's id, so that no state of an install passes here. */
const purpose = 'console sign-in';

export interface PersonSignInOptions {
  readonly name: string;
  readonly provider: Pick<IdentityProvider, 'authorizationUrl' | 'claimsFor' | 'logoutUrl'>;
  readonly states: AuthorizationStates;
  readonly cookie: BrowserCookie;
  readonly people: People;
}

interface ReturnedPerson {
  readonly person: StoredPerson;
  /** The page of the console to open. */
  readonly path: string;
}

/**
 * Signs people in through the identity provider. A sign-in belongs to the browser that began it: nonce and code verifier
 * are derived from its cookie, and its state is signed for it and valid once.
 */
export class PersonSignIn {
  /** The provider's name on the sign-in page; undefined where people can't sign in. */
  readonly name: string | undefined;

  constructor(private readonly parts: PersonSignInOptions | undefined) {
    this.name = parts?.name;
  }

  /** Returns the provider's page and the cookie that binds the sign-in to the browser. @throws Fault route_not_found, identity_provider_error */
  async begin(request: FastifyRequest, wanted: string | undefined): Promise<{ url: string; setCookie: string }> {
    const { provider, states, cookie } = this.configured();
    const browser = cookie.of(request) ?? cookie.made();
    const state = await states.begin(purpose, returnPath(wanted), browser);
    const url = await provider.authorizationUrl(checksOf(state, browser));
    return { url: url.href, setCookie: cookie.header(browser) };
  }

  /** Returns the person of a callback. @throws Fault state_invalid, sign_in_refused, identity_provider_error */
  async finish(request: FastifyRequest): Promise<ReturnedPerson> {
    const { provider, states, cookie, people } = this.configured();
    const query = request.url.split('?')[1] ?? '';
    const state = new URLSearchParams(query).get('state') ?? '';
    const browser = cookie.of(request);
    const path = browser && (await states.finish(purpose, state, browser));
    if (!browser || !path) throw new Fault('state_invalid', { detail: 'Start again at /console in the same browser.' });
    const person = people.read(await provider.claimsFor(query, checksOf(state, browser)));
    if (!person) throw new Fault('sign_in_refused');
    return { person, path };
  }

  /** Returns the cookie that deletes the one of a sign-in. @throws Fault route_not_found */
  clearedCookie(): string {
    return this.configured().cookie.cleared();
  }

  /** Returns the page at which a person signs out of the provider; undefined if there is none. */
  async logoutUrl(): Promise<string | undefined> {
    return this.parts?.provider.logoutUrl();
  }

  private configured(): PersonSignInOptions {
    if (!this.parts) throw new Fault('route_not_found');
    return this.parts;
  }
}

function checksOf(state: string, browser: string): SignInChecks {
  const derived = (use: string) => createHmac('sha256', browser).update(`${use} ${state}`).digest('base64url');
  return { state, nonce: derived('nonce'), verifier: derived('verifier') };
}
