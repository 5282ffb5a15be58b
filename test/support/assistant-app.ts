import type { OAuthClientProvider } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { PersonAtConsent } from './person-at-consent';

/** An app that connects to /mcp as the SDK of the protocol does: discovery, registration, PKCE and refresh are the SDK's. */
export class AssistantApp implements OAuthClientProvider {
  readonly redirectUrl = 'https://assistant.example/callback';
  /** Everything that the SDK wants stored. */
  registration: OAuthClientInformationMixed | undefined;
  current: OAuthTokens | undefined;
  authorizationUrl: URL | undefined;
  /** What was sent to the gateway, and the status of each answer. */
  readonly exchanges: string[] = [];
  private verifier = '';
  private connected: Client | undefined;

  constructor(
    private readonly gatewayUrl: string,
    readonly name = 'Assistant of the test',
  ) {}

  get clientMetadata() {
    return { client_name: this.name, redirect_uris: [this.redirectUrl], token_endpoint_auth_method: 'none' };
  }

  state = () => 'the state of the app';
  clientInformation = () => this.registration;
  saveClientInformation = (registration: OAuthClientInformationMixed) => void (this.registration = registration);
  tokens = () => this.current;
  saveTokens = (tokens: OAuthTokens) => void (this.current = tokens);
  redirectToAuthorization = (url: URL) => void (this.authorizationUrl = url);
  saveCodeVerifier = (verifier: string) => void (this.verifier = verifier);
  codeVerifier = () => this.verifier;

  invalidateCredentials(which: string): void {
    if (which !== 'verifier') this.current = undefined;
    if (which === 'all') this.registration = undefined;
  }

  /** Connects, with the consent of a person who enters this key. */
  async connect(key: string, person = new PersonAtConsent()): Promise<Client> {
    const begun = this.transport();
    await this.client()
      .connect(begun)
      .then(
        () => Promise.reject(new Error('The gateway did not ask for an authorization.')),
        () => undefined,
      );
    const back = await person.allow(this.authorizationUrl ?? '', key);
    await begun.finishAuth(back.searchParams.get('code') ?? '');
    return this.reconnect();
  }

  /** Connects with the tokens that are stored. */
  async reconnect(): Promise<Client> {
    await this.close();
    const client = (this.connected = this.client());
    await client.connect(this.transport());
    return client;
  }

  async close(): Promise<void> {
    await this.connected?.close();
    this.connected = undefined;
  }

  private client(): Client {
    return new Client({ name: this.name, version: '1' });
  }

  private transport(): StreamableHTTPClientTransport {
    return new StreamableHTTPClientTransport(new URL(`${this.gatewayUrl}/mcp`), {
      authProvider: this,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        this.exchanges.push(`${init?.method ?? 'GET'} ${new URL(url).pathname} ${response.status}`);
        return response;
      },
    });
  }
}
