import { type ClaimedInstall, type EndpointRules } from '@b24/grants';
import { Fault, Secret } from '@b24/portal';
import { z } from 'zod';
import type { IncomingEvent } from './event-inbox';

const memberId = z.string().regex(/^[0-9a-fA-F]{32}$/);
const token = z.string().min(8).max(2048);
const host = z.string().min(1).max(253);

const installEvent = z.object({
  event: z.literal('ONAPPINSTALL'),
  auth: z.object({
    access_token: token,
    refresh_token: token,
    member_id: memberId,
    domain: host,
    server_endpoint: z.string().max(512).optional(),
    client_endpoint: z.string().max(512).optional(),
    application_token: token.optional(),
  }),
});
const otherEvent = z.object({
  event: z.string().regex(/^[A-Za-z0-9_.]{1,64}$/),
  ts: z.unknown().optional(),
  data: z.record(z.string(), z.unknown()).catch({}),
  auth: z.object({ member_id: memberId, application_token: token, access_token: token.optional().catch(undefined) }),
});
const frameBody = z.object({
  AUTH_ID: token,
  REFRESH_ID: token,
  member_id: memberId,
  SERVER_ENDPOINT: z.string().max(512).optional(),
  APPLICATION_TOKEN: token.optional(),
});

/** The app is known only from the URL. */
type UnaddressedClaim = Omit<ClaimedInstall, 'app'>;

export type VendorEvent =
  | { readonly kind: 'install'; readonly claim: UnaddressedClaim }
  | { readonly kind: 'other'; readonly event: Omit<IncomingEvent, 'app' | 'receivedAtMs'> };

/** Parses an event that has the right shape and names an allowed host. Nothing of it is verified yet. */
export function readEvent(form: Record<string, unknown>, { hosts }: EndpointRules): VendorEvent {
  const install = installEvent.safeParse(form);
  if (install.success) {
    const { auth } = install.data;
    if (!hosts.allows(auth.domain, 'https:'))
      throw new Fault('event_refused', { detail: "The portal's host is not among B24_PORTAL_HOSTS." });
    return {
      kind: 'install',
      claim: claim(auth.member_id, auth.access_token, auth.refresh_token, auth.application_token, auth.server_endpoint),
    };
  }
  const other = otherEvent.safeParse(form);
  if (!other.success || other.data.event === 'ONAPPINSTALL') {
    throw new Fault('invalid_request', { detail: 'This is not an event as Bitrix24 sends it.' });
  }
  const { event, ts, data, auth } = other.data;
  return {
    kind: 'other',
    event: {
      event: event.toUpperCase(),
      memberId: auth.member_id,
      applicationToken: new Secret(auth.application_token),
      ...(auth.access_token && { accessToken: new Secret(auth.access_token) }),
      ...(typeof ts === 'string' && /^\d{1,12}$/.test(ts) && { ts: Number(ts) }),
      data,
    },
  };
}

/** Parses what Bitrix24 posts into the frame of the install page. */
export function readFrame(form: Record<string, unknown>): UnaddressedClaim {
  const body = frameBody.safeParse(form);
  if (!body.success)
    throw new Fault('invalid_request', {
      detail: 'Open this page from Bitrix24: it needs what the portal sends with it.',
    });
  const { AUTH_ID, REFRESH_ID, member_id, SERVER_ENDPOINT, APPLICATION_TOKEN } = body.data;
  return claim(member_id, AUTH_ID, REFRESH_ID, APPLICATION_TOKEN, SERVER_ENDPOINT);
}

function claim(id: string, access: string, refresh: string, application?: string, server?: string): UnaddressedClaim {
  return {
    memberId: id,
    accessToken: new Secret(access),
    refreshToken: new Secret(refresh),
    ...(application && { applicationToken: new Secret(application) }),
    ...(server && { oauthServer: server }),
  };
}
