import { createHash, randomBytes } from 'node:crypto';
import { PersonAtConsent } from './person-at-consent';

export interface OauthAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, string>;
}

type OauthFields = Readonly<Record<string, string | undefined>>;

/** An app that speaks OAuth by hand, so that it can send what no SDK would. */
export class OauthByHand {
  readonly verifier = randomBytes(32).toString('base64url');
  clientId = '';

  constructor(
    readonly url: string,
    readonly redirectUri = 'https://assistant.example/callback',
  ) {}

  async register(metadata: object = {}): Promise<OauthAnswer> {
    const wanted = { client_name: 'By hand', redirect_uris: [this.redirectUri], ...metadata };
    const headers = { 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(wanted) };
    const answer = await answerOf(await fetch(`${this.url}/assistants/register`, init));
    this.clientId = answer.body['client_id'] ?? '';
    return answer;
  }

  /** The address of the consent; a field that is undefined is left out. */
  consentUrl(changed: OauthFields = {}): string {
    const fields = {
      response_type: 'code',
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      resource: `${this.url}/mcp`,
      state: 'x y&z',
      ...changed,
    };
    return `${this.url}/assistants/authorize?${query(fields)}`;
  }

  /** Returns a code, with the consent of a person who has this key. */
  async code(key: string, person = new PersonAtConsent()): Promise<string> {
    return (await person.allow(this.consentUrl(), key)).searchParams.get('code') ?? '';
  }

  exchange(code: string, changed: OauthFields = {}): Promise<OauthAnswer> {
    return this.ask({
      grant_type: 'authorization_code',
      client_id: this.clientId,
      redirect_uri: this.redirectUri,
      code_verifier: this.verifier,
      code,
      ...changed,
    });
  }

  refresh(token: string, changed: OauthFields = {}): Promise<OauthAnswer> {
    return this.ask({ grant_type: 'refresh_token', client_id: this.clientId, refresh_token: token, ...changed });
  }

  /** Registers, gets a consent and the first tokens. */
  async tokens(key: string): Promise<{ access: string; refresh: string }> {
    await this.register();
    const { body } = await this.exchange(await this.code(key));
    return { access: body['access_token'] ?? '', refresh: body['refresh_token'] ?? '' };
  }

  /** The status of a message to /mcp with this token, and the code of its problem. */
  async enters(token: string, url = this.url): Promise<string> {
    const response = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: {
        ...{ 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
        Authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    });
    const { code } = (await response.json()) as { code?: string };
    return code ?? `${response.status}`;
  }

  async ask(fields: OauthFields, path = '/assistants/token'): Promise<OauthAnswer> {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return answerOf(await fetch(`${this.url}${path}`, { method: 'POST', headers, body: query(fields) }));
  }
}

function query(fields: OauthFields): string {
  const given = Object.entries(fields).filter((it): it is [string, string] => it[1] !== undefined);
  return new URLSearchParams(given).toString();
}

async function answerOf(response: Response): Promise<OauthAnswer> {
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as Record<string, string> };
}
