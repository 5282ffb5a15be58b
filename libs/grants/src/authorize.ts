import {
  asFault,
  type Authorization,
  type Clock,
  Fault,
  type FaultCode,
  Secret,
  type Send,
  type SendAuthorized,
} from '@b24/portal';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import type { Grant } from './install';

/** The portal's word that the app is gone is believed for so long before it is asked again. */
const believeMs = 60_000;

export interface AuthorizeOptions {
  readonly grants: FreshGrants;
  readonly store: GrantStore;
  readonly clock: Clock;
}

/**
 * The station that puts the token on. What the portal says about the token is remembered: a refused one is refreshed
 * before the next departure.
 */
export function authorize({ grants, store, clock }: AuthorizeOptions, next: SendAuthorized): Send {
  async function remember(grant: Grant, fault: Fault): Promise<Fault> {
    const { portal, version } = grant;
    if (fault.again === 'token_refused') {
      if (grant.webhook) return grants.reauthorization(grant);
      await store.refuse(portal, version);
    } else if (isGone(fault.code)) {
      const sinceMs = clock.now();
      await store.trouble(portal, version, {
        code: fault.code,
        detail: fault.message,
        sinceMs,
        untilMs: sinceMs + believeMs,
      });
    } else if (fault.code === 'reauthorization_required') {
      return fault.with({ authorizeUrl: grants.reauthorization(grant).authorizeUrl ?? '' });
    }
    return fault;
  }

  return async (portal, commands, signal) => {
    const grant = await grants.forTrip(portal);
    signal.throwIfAborted();
    try {
      return await next(authorization(grant), commands, signal);
    } catch (error) {
      throw await remember(grant, asFault(error));
    }
  };
}

function authorization({ endpoint, webhook, pair }: Grant): Authorization {
  if (webhook) return { endpoint: new Secret(`${endpoint}${webhook.reveal()}/`) };
  if (!pair) throw new Fault('internal_error', { detail: 'A grant without a right to call.' });
  return { endpoint: new Secret(endpoint), accessToken: pair.accessToken };
}

function isGone(code: FaultCode): code is 'portal_deleted' | 'portal_uninstalled' {
  return code === 'portal_deleted' || code === 'portal_uninstalled';
}
