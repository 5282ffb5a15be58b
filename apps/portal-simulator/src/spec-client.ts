import type { Bitrix24Simulator } from './simulator';
import type { SimulatedPortal } from './simulated-portal';

export interface SpecAnswer {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
}

/** How the tests beside this code talk to a portal: the plainest client there is. */
export class SpecClient {
  constructor(
    private readonly portal: SimulatedPortal,
    readonly token: string = portal.grantTokens().access_token,
  ) {}

  call(method: string, params: object = {}): Promise<SpecAnswer> {
    return this.send(method, JSON.stringify({ auth: this.token, ...params }));
  }

  /** The `error_description` of a refused call. */
  async refusal(method: string, params: object = {}): Promise<unknown> {
    return (await this.call(method, params)).body.error_description;
  }

  batch(cmd: object, halt: unknown = 0): Promise<SpecAnswer> {
    return this.call('batch', { halt, cmd });
  }

  send(method: string, body: string, contentType = 'application/json'): Promise<SpecAnswer> {
    return answerOf(fetch(this.portal.endpoint + method, post(body, contentType)));
  }
}

export function post(body: string, contentType: string): RequestInit {
  return { method: 'POST', headers: { 'content-type': contentType }, body, redirect: 'manual' };
}

export async function answerOf(sent: Promise<Response>): Promise<SpecAnswer> {
  const response = await sent;
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

/** A POST to the token endpoint with the app's own credentials, unless changed. */
export function askToken(simulator: Bitrix24Simulator, fields: Record<string, string>): Promise<SpecAnswer> {
  const { clientId: client_id, clientSecret: client_secret } = simulator;
  const body = new URLSearchParams({ client_id, client_secret, ...fields }).toString();
  return answerOf(fetch(`${simulator.oauthServer}/oauth/token/`, post(body, 'application/x-www-form-urlencoded')));
}

export function refresh(simulator: Bitrix24Simulator, refresh_token: string): Promise<SpecAnswer> {
  return askToken(simulator, { grant_type: 'refresh_token', refresh_token });
}
