import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const clientId = 'b24-gateway';
const clientSecret = 'a secret of the test, with : and % in it';

interface ProviderState {
  /** The claims of the person who signs in next. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Claims of the ID token that are replaced before it is signed. */
  readonly replaced?: Readonly<Record<string, unknown>>;
  /** Whether another key signs. */
  readonly signedByOther?: boolean;
  /** Whether every request is answered with 503. */
  readonly isDown?: boolean;
}

/** A real OpenID Connect provider (oidc-provider) in a process of its own, since it is an ES module. */
export class TestIdentityProvider {
  private constructor(
    private readonly child: ChildProcess,
    readonly issuer: string,
  ) {}

  /** @param publicUrl the PUBLIC_URL of the gateway */
  static async start(publicUrl: string): Promise<TestIdentityProvider> {
    const program = join(__dirname, 'identity-provider-process.mjs');
    const urls = [`${publicUrl}/console/sign-in/callback`, `${publicUrl}/console`];
    const child = fork(program, [clientId, clientSecret, ...urls], { silent: true, execArgv: [] });
    const [{ issuer }] = (await once(child, 'message')) as [{ issuer: string }];
    return new TestIdentityProvider(child, issuer);
  }

  /** The settings of a gateway that signs people in here. */
  get environment(): Record<string, string> {
    return {
      OIDC_ISSUER: this.issuer,
      OIDC_CLIENT_ID: clientId,
      OIDC_CLIENT_SECRET: clientSecret,
      OIDC_NAME: 'Example SSO',
      OIDC_SCOPE: 'openid email profile groups',
      OIDC_ADMINS: 'gw-admins,ada@example.com',
      OIDC_OPERATORS: 'gw-operators',
      OIDC_VIEWERS: 'gw-viewers',
    };
  }

  async set(state: ProviderState): Promise<void> {
    this.child.send(state);
    await once(this.child, 'message');
  }

  async stop(): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}
