import { encodeForm } from './php-query';

/** What an app gets of a family, in the words of the install event and the token endpoint. */
export interface PostedTokens {
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

type PostOverrides = Readonly<Record<string, string | undefined>>;

/** Changed values replace the vendor's; undefined removes a field: for forged, old and damaged events. */
export interface EventOverrides {
  readonly event?: string;
  readonly ts?: string;
  readonly data?: PostOverrides;
  readonly auth?: PostOverrides;
  /** Further pairs, written as they are. */
  readonly extra?: readonly (readonly [string, string])[];
}

export interface FrameOverrides {
  readonly query?: PostOverrides;
  readonly body?: PostOverrides;
}

const formType = 'application/x-www-form-urlencoded';

/** `ONAPPINSTALL`: PHP brackets, every value a string (docs/bitrix24-rules.md#install). */
export function installPost(family: PostedTokens, nowMs: number, overrides: EventOverrides = {}): VendorPost {
  const data = { VERSION: '1', ACTIVE: 'Y', INSTALLED: 'Y', LANGUAGE_ID: 'en' };
  const { application_token, ...access } = eventAuthOf(family);
  const auth = { ...access, refresh_token: family.refresh_token, application_token };
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
  family: PostedTokens,
  nowMs: number,
  overrides: EventOverrides = {},
): VendorPost {
  return eventPost(event, nowMs, data, eventAuthOf(family), overrides);
}

/** The `auth` of an event: every value a string (docs/bitrix24-rules.md#events). */
function eventAuthOf(family: PostedTokens) {
  return {
    access_token: family.access_token,
    expires: String(family.expires),
    expires_in: String(family.expires_in),
    scope: family.scope,
    domain: family.domain,
    server_endpoint: family.server_endpoint,
    status: family.status,
    client_endpoint: family.client_endpoint,
    member_id: family.member_id,
    user_id: String(family.user_id),
    application_token: family.application_token,
  };
}

/** The page of an app inside the portal's frame (docs/bitrix24-rules.md#install). */
export function framePostOf(family: PostedTokens, overrides: FrameOverrides = {}): VendorPost & { query: string } {
  const query = { DOMAIN: family.domain, PROTOCOL: '0', LANG: 'en', APP_SID: family.member_id.slice(0, 16).repeat(2) };
  const body = {
    AUTH_ID: family.access_token,
    AUTH_EXPIRES: String(family.expires_in),
    REFRESH_ID: family.refresh_token,
    SERVER_ENDPOINT: family.server_endpoint,
    APPLICATION_TOKEN: family.application_token,
    APPLICATION_SCOPE: family.scope,
    member_id: family.member_id,
    status: family.status,
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
  data: PostOverrides,
  auth: PostOverrides,
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

function bracketed(name: string, values: PostOverrides): [string, string][] {
  return pairs(values).map(([key, value]) => [`${name}[${key}]`, value]);
}

function pairs(values: PostOverrides): [string, string][] {
  return Object.entries(values).filter((pair): pair is [string, string] => pair[1] !== undefined);
}
