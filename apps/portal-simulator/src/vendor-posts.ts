import { encodeForm } from './php-query';

/** What an app gets of a chain, in the words of the install event and the token endpoint. */
export interface TokenChain {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
  readonly expires: number;
  readonly scope: string;
  readonly domain: string;
  readonly server_endpoint: string;
  readonly client_endpoint: string;
  readonly status: string;
  readonly member_id: string;
  readonly user_id: number;
  readonly application_token: string;
}

/** A POST as the vendor makes it. */
export interface VendorPost {
  readonly contentType: string;
  readonly body: string;
}

type Overrides = Readonly<Record<string, string | undefined>>;

/** Changed values replace the vendor's; undefined removes a field: for forged, old and damaged events. */
export interface EventOverrides {
  readonly event?: string;
  readonly ts?: string;
  readonly data?: Overrides;
  readonly auth?: Overrides;
  /** Further pairs, written as they are. */
  readonly extra?: readonly (readonly [string, string])[];
}

export interface FrameOverrides {
  readonly query?: Overrides;
  readonly body?: Overrides;
}

const formType = 'application/x-www-form-urlencoded';

/** `ONAPPINSTALL`: PHP brackets, every value a string (docs/bitrix24-rules.md#install). */
export function installPost(chain: TokenChain, nowMs: number, overrides: EventOverrides = {}): VendorPost {
  const data = { VERSION: '1', ACTIVE: 'Y', INSTALLED: 'Y', LANGUAGE_ID: 'en' };
  const auth = {
    access_token: chain.access_token,
    expires: String(chain.expires),
    expires_in: String(chain.expires_in),
    scope: chain.scope,
    domain: chain.domain,
    server_endpoint: chain.server_endpoint,
    status: chain.status,
    client_endpoint: chain.client_endpoint,
    member_id: chain.member_id,
    user_id: String(chain.user_id),
    refresh_token: chain.refresh_token,
    application_token: chain.application_token,
  };
  return eventPost('ONAPPINSTALL', nowMs, data, auth, overrides);
}

/** `ONAPPUNINSTALL`: no tokens, only the portal's identity (docs/bitrix24-rules.md#install). */
export function uninstallPost(
  portal: { domain: string; memberId: string; applicationToken: string },
  nowMs: number,
  overrides: EventOverrides = {},
): VendorPost {
  const auth = { domain: portal.domain, member_id: portal.memberId, application_token: portal.applicationToken };
  return eventPost('ONAPPUNINSTALL', nowMs, { CLEAN: '1', LANGUAGE_ID: 'en' }, auth, overrides);
}

/**
 * An event that the app bound: who it was about in `data`, and in `auth` a fresh access token of whoever caused it, but
 * no refresh token (docs/bitrix24-rules.md#events).
 */
export function ordinaryPost(
  event: string,
  data: Readonly<Record<string, string>>,
  chain: TokenChain,
  nowMs: number,
  overrides: EventOverrides = {},
): VendorPost {
  const auth = {
    access_token: chain.access_token,
    expires: String(chain.expires),
    expires_in: String(chain.expires_in),
    scope: chain.scope,
    domain: chain.domain,
    server_endpoint: chain.server_endpoint,
    status: chain.status,
    client_endpoint: chain.client_endpoint,
    member_id: chain.member_id,
    user_id: String(chain.user_id),
    application_token: chain.application_token,
  };
  return eventPost(event, nowMs, data, auth, overrides);
}

/** The page of an app inside the portal's frame (docs/bitrix24-rules.md#install). */
export function framePostOf(chain: TokenChain, overrides: FrameOverrides = {}): VendorPost & { query: string } {
  const query = { DOMAIN: chain.domain, PROTOCOL: '0', LANG: 'en', APP_SID: chain.member_id.slice(0, 16).repeat(2) };
  const body = {
    AUTH_ID: chain.access_token,
    AUTH_EXPIRES: String(chain.expires_in),
    REFRESH_ID: chain.refresh_token,
    SERVER_ENDPOINT: chain.server_endpoint,
    APPLICATION_TOKEN: chain.application_token,
    APPLICATION_SCOPE: chain.scope,
    member_id: chain.member_id,
    status: chain.status,
    PLACEMENT: 'DEFAULT',
    PLACEMENT_OPTIONS: '{"any":"6\\/"}',
  };
  return {
    query: encodeForm(pairs({ ...query, ...overrides.query })),
    contentType: formType,
    body: encodeForm(pairs({ ...body, ...overrides.body })),
  };
}

function eventPost(
  event: string,
  nowMs: number,
  data: Overrides,
  auth: Overrides,
  overrides: EventOverrides,
): VendorPost {
  const body = encodeForm([
    ['event', overrides.event ?? event],
    ...bracketed('data', { ...data, ...overrides.data }),
    ['ts', overrides.ts ?? String(Math.floor(nowMs / 1000))],
    ...bracketed('auth', { ...auth, ...overrides.auth }),
    ...(overrides.extra ?? []),
  ]);
  return { contentType: formType, body };
}

function bracketed(name: string, values: Overrides): [string, string][] {
  return pairs(values).map(([key, value]) => [`${name}[${key}]`, value]);
}

function pairs(values: Overrides): [string, string][] {
  return Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined);
}
