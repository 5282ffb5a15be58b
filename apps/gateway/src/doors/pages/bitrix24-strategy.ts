import type { App, Installer, PortalRecord } from '@b24/grants';
import { asFault, Fault, Secret } from '@b24/portal';
import OAuth2Strategy from 'passport-oauth2';
import type { AuthorizationStates } from './authorization-states';

/** The parts of a request that passport-oauth2 and our state store read. */
export interface AuthorizationRequest {
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly app: Pick<App, 'id' | 'clientId'>;
  /** Identifies the browser: the value of its cookie. */
  readonly browser: string;
  /** The portal to which the browser is redirected at the start; absent when it returns. */
  readonly portal?: { readonly domain: string; readonly origin: string };
}

export type AuthorizationOutcome = { readonly redirectTo: string } | { readonly installed: PortalRecord };

type NodeCallback<T extends unknown[]> = (error: unknown, ...values: T) => void;

/** The methods of a passport strategy that a run of it sets; they are passport's contract with strategies. */
interface StrategyRun {
  redirect(url: string): void;
  success(record: PortalRecord): void;
  fail(challenge: unknown): void;
  error(error: unknown): void;
  authenticate(request: unknown, options: object): void;
  _oauth2: { _authorizeUrl: string; _clientId: string; getOAuthAccessToken: unknown };
}

/**
 * Adapts passport-oauth2 to Bitrix24: every portal has an authorization page and every app an id of its own, and the
 * return address is fixed in the app's card. Codes are exchanged through the gateway's own HTTP client, which limits
 * time and size and keeps secrets out of URLs.
 */
export class Bitrix24Strategy extends OAuth2Strategy {
  constructor(
    states: AuthorizationStates,
    private readonly installer: Installer,
  ) {
    super(
      {
        authorizationURL: 'https://portal.invalid/oauth/authorize/',
        tokenURL: 'https://server.invalid/oauth/token/',
        clientID: 'set for each run',
        clientSecret: 'never used: see getOAuthAccessToken below',
        store: stateStore(states) as unknown as OAuth2Strategy.StateStore,
        skipUserProfile: true,
      },
      // Five parameters: passport-oauth2 passes the token answer only to a function with this number of parameters.
      ((
        _access: string,
        _refresh: string,
        results: { record: PortalRecord },
        _profile: unknown,
        done: NodeCallback<[unknown]>,
      ) => {
        done(null, results.record);
      }) as unknown as OAuth2Strategy.VerifyFunction,
    );
  }

  /** Runs the strategy for one request, as passport does: on a new object, so that runs never mix. */
  run(request: AuthorizationRequest): Promise<AuthorizationOutcome> {
    return new Promise((resolve, reject) => {
      const run = Object.create(this) as StrategyRun;
      run._oauth2 = Object.create(run._oauth2) as StrategyRun['_oauth2'];
      run._oauth2._clientId = request.app.clientId;
      if (request.portal) run._oauth2._authorizeUrl = `${request.portal.origin}/oauth/authorize/`;
      run._oauth2.getOAuthAccessToken = (
        code: string,
        _params: unknown,
        done: NodeCallback<[string, string, object]>,
      ) => {
        this.installer.fromCode(request.app.id, new Secret(code), request.query['server_domain']).then(
          (record) => {
            done(null, record.portal, '', { record });
          },
          (error: unknown) => {
            reject(asFault(error));
          },
        );
      };
      run.redirect = (url) => {
        resolve({ redirectTo: withoutResponseType(url) });
      };
      run.success = (record) => {
        resolve({ installed: record });
      };
      run.fail = () => {
        reject(new Fault('state_invalid'));
      };
      run.error = (error) => {
        reject(asFault(error));
      };
      run.authenticate(request, {});
    });
  }
}

/** Bitrix24 accepts only client_id and state. */
function withoutResponseType(url: string): string {
  const page = new URL(url);
  page.searchParams.delete('response_type');
  return page.href;
}

/** passport-oauth2 distinguishes stores by the number of their parameters. */
function stateStore(states: AuthorizationStates) {
  return {
    store(request: AuthorizationRequest, done: NodeCallback<[string?]>): void {
      states.begin(request.app.id, request.portal?.domain ?? '', request.browser).then((state) => {
        done(null, state);
      }, done);
    },
    verify(request: AuthorizationRequest, state: string, done: NodeCallback<[boolean?, unknown?]>): void {
      states.finish(request.app.id, state, request.browser).then((domain) => {
        done(null, domain !== undefined, domain);
      }, done);
    },
  };
}
