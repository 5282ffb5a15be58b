import { asFault, type Authorization, type Clock, Fault, Secret, type Send, type SendAuthorized } from '@b24/portal';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import type { Grant, Trouble } from './install';
import type { Relocation } from './relocation';
import { secretsOf } from './secrets-of';
import { refusalAfter, restAfter, troubleAfter } from './trouble';

/** The portal's word is believed for so long before it is asked again, twice as long each time. */
const believeMs = 60_000;
const refusedAgain =
  'The portal refuses even tokens that were just made; if that goes on, open `authorizeUrl` as an administrator of it.';
const renamedWebhook =
  'The portal answered with a redirect, so it was probably renamed. Nobody vouches for the new address of an incoming webhook: POST its new URL to /v1/portals.';

export interface AuthorizeOptions {
  readonly grants: FreshGrants;
  readonly relocation: Pick<Relocation, 'find'>;
  readonly store: GrantStore;
  readonly clock: Clock;
}

/**
 * The station that puts the token on. What the portal says about the token, the user, the app or itself is remembered:
 * the next departure refreshes, takes another user's chain, goes to the new host, or does not leave.
 */
export function authorize({ grants, relocation, store, clock }: AuthorizeOptions, next: SendAuthorized): Send {
  const rest = (grant: Grant, code: Trouble['code'], detail: string, restMs = believeMs) => {
    const trouble = troubleAfter(grant.trouble, { code, detail, restMs }, clock.now());
    return store.trouble(grant.portal, grant.version, trouble);
  };

  async function refused(grant: Grant, fault: Fault, why: 'token' | 'user'): Promise<Fault> {
    if (grant.webhook) {
      const told = grants.reauthorization(grant, why === 'user' ? fault.message : undefined);
      await rest(grant, 'reauthorization_required', told.message);
      return told;
    }
    const refusal = refusalAfter(grant, why, clock.now());
    await store.refuse(grant.portal, refusal);
    const restMs = why === 'token' ? restAfter(refusal) : undefined;
    if (restMs !== undefined) {
      const { sinceMs } = refusal;
      const trouble = { code: 'reauthorization_required', detail: refusedAgain, sinceMs } as const;
      await store.trouble(grant.portal, grant.version, { ...trouble, untilMs: clock.now() + restMs });
    }
    return fault.with({ authorizeUrl: grants.reauthorization(grant).authorizeUrl ?? '' });
  }

  async function moved(grant: Grant, fault: Fault): Promise<Fault> {
    if (!grant.webhook && (await relocation.find(grant))) return fault;
    const { code, message, upstream } = fault;
    return new Fault(code, { detail: grant.webhook ? renamedWebhook : message, ...(upstream && { upstream }) });
  }

  async function remember(grant: Grant, fault: Fault): Promise<Fault> {
    const { code, again, message } = fault;
    if (again === 'token_refused') return refused(grant, fault, 'token');
    if (again === 'user_refused') return refused(grant, fault, 'user');
    if (again === 'moved') return moved(grant, fault);
    if (code === 'portal_deleted' || code === 'portal_uninstalled' || code === 'portal_payment_required')
      await rest(grant, code, message);
    return fault;
  }

  /** The portal took the call, so whatever it was in trouble for is over. */
  function heal({ portal, version, trouble, refused: refusal }: Grant): void {
    if (trouble || (refusal && refusal.version !== version)) void store.heal(portal, version).catch(() => undefined);
  }

  return async (portal, commands, signal) => {
    const grant = await grants.forTrip(portal);
    signal.throwIfAborted();
    try {
      const answers = await next(authorization(grant), commands, signal);
      heal(grant);
      return answers;
    } catch (error) {
      throw await remember(grant, asFault(error));
    }
  };
}

function authorization(grant: Grant): Authorization {
  const { endpoint, webhook, pair } = grant;
  const otherSecrets = secretsOf(grant);
  if (webhook) return { endpoint: new Secret(`${endpoint}${webhook.reveal()}/`), otherSecrets };
  if (!pair) throw new Fault('internal_error', { detail: 'A grant without a right to call.' });
  return { endpoint: new Secret(endpoint), accessToken: pair.accessToken, otherSecrets };
}
