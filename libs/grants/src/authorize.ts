import {
  type Answer,
  asFault,
  type Clock,
  Fault,
  concernsGrant,
  asCommandFault,
  type Send,
  type SendAuthorized,
} from '@b24/portal';
import { authorization } from './authorization';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import type { Grant, GrantIssue } from './install';
import type { ProbeOutcome, PortalProbe } from './portal-probe';
import type { RelocationLookup } from './relocation-lookup';
import { nextRejection, rejectionBackoffMs, nextIssue } from './grant-issue';

/** How long a portal's refusal is believed before the portal is asked again, ms; doubles each time. */
const believeMs = 60_000;
const refusedAgain =
  'The portal refuses even tokens that were just made; if that goes on, open `authorizeUrl` as an administrator of it.';
const renamedWebhook =
  'The portal answered with a redirect, so it was probably renamed. Nobody vouches for the new address of an incoming webhook: POST its new URL to /v1/portals.';

export interface AuthorizeOptions {
  readonly grants: FreshGrants;
  readonly relocation: Pick<RelocationLookup, 'hasMoved'>;
  readonly store: GrantStore;
  readonly clock: Clock;
  readonly probe: Pick<PortalProbe, 'ask'>;
}

/** Whether the vendor states clearly that the token is expired. Its other errors may mean something else. */
const isPlain = ({ upstream }: Fault) => /^(?:expired_token|invalid_token)$/i.test(upstream?.error ?? '');

/**
 * Binds requests to a grant: returns, for a grant, a `Send` that puts its token on. A portal's
 * refusal of the token, the user, the app or the portal itself is stored once a command of the gateway's own meets it
 * too. The next request then refreshes, uses another user's pair, goes to the new host, or is not sent. Until then the
 * refusal concerns the command that met it (docs/decisions/0022).
 */
export function authorize(
  { grants, relocation, store, clock, probe }: AuthorizeOptions,
  next: SendAuthorized,
): (grant: Grant) => Send {
  const rest = (grant: Grant, code: GrantIssue['code'], detail: string, restMs = believeMs) => {
    const issue = nextIssue(grant.issue, { code, detail, backoffMs: restMs }, clock.now());
    return store.recordIssue(grant.portal, grant.version, issue);
  };

  async function refused(grant: Grant, fault: Fault, why: 'token' | 'user'): Promise<Fault> {
    if (grant.webhook) {
      const reauthorization = grants.reauthorization(grant, why === 'user' ? fault.message : undefined);
      await rest(grant, 'reauthorization_required', reauthorization.message);
      return reauthorization;
    }
    const refusal = nextRejection(grant, why, clock.now());
    await store.recordRejection(grant.portal, refusal);
    const restMs = why === 'token' ? rejectionBackoffMs(refusal) : undefined;
    if (restMs !== undefined) {
      const { sinceMs } = refusal;
      const issue = { code: 'reauthorization_required', detail: refusedAgain, sinceMs } as const;
      await store.recordIssue(grant.portal, grant.version, { ...issue, untilMs: clock.now() + restMs });
    }
    return withLink(grant, fault);
  }

  const withLink = (grant: Grant, fault: Fault) =>
    fault.with({ authorizeUrl: grants.reauthorization(grant).authorizeUrl ?? '' });

  async function moved(grant: Grant, fault: Fault): Promise<Fault> {
    if (!grant.webhook && (await relocation.hasMoved(grant))) return fault;
    const { code, message, upstream } = fault;
    return new Fault(code, { detail: grant.webhook ? renamedWebhook : message, ...(upstream && { upstream }) });
  }

  async function remember(grant: Grant, fault: Fault): Promise<Fault> {
    const { code, retryReason, message } = fault;
    if (retryReason === 'token_refused') return refused(grant, fault, 'token');
    if (retryReason === 'user_refused') return refused(grant, fault, 'user');
    if (code === 'portal_deleted' || code === 'portal_uninstalled' || code === 'portal_payment_required')
      await rest(grant, code, message);
    return fault;
  }

  /**
   * Decides what a portal error that would concern all commands means for the grant. A pair that was replaced
   * meanwhile, or is expired by our own clock, is refreshed without a probe, so the normal expiry of a token costs no
   * extra request.
   */
  async function judged(grant: Grant, fault: Fault): Promise<ProbeOutcome | { readonly kind: 'outdated' }> {
    if (fault.retryReason && !grant.webhook) {
      const now = await store.load(grant.portal);
      if (now?.version !== grant.version || grants.isExpiring(grant)) return { kind: 'outdated' };
    }
    const finding = await probe.ask(grant, isPlain(fault));
    // Without an answer to the probe, a clear statement of the vendor about a token counts: a refresh does no harm.
    const isRefused = finding.kind === 'silent' && !grant.webhook && isPlain(fault);
    return isRefused ? { kind: 'refused', fault } : finding;
  }

  /** Returns the answers to a request that the portal refused. @throws Fault the fault of the whole request */
  async function refusedAnswers(
    grant: Grant,
    fault: Fault,
    commandCount: number,
    upstreamMs: number,
  ): Promise<Answer[]> {
    const finding = await judged(grant, fault);
    if (finding.kind === 'outdated') throw withLink(grant, fault);
    if (finding.kind === 'refused') throw await remember(grant, inWordsOf(fault, finding.fault));
    if (finding.kind === 'passed') heal(grant);
    const own = asCommandFault(fault);
    // Nothing was executed. Which command of a batch the error concerns is unknown. A token that is expired for one
    // request and valid for the next was reported as expired by mistake.
    if (commandCount > 1 || (finding.kind === 'passed' && isPlain(fault))) throw own.with({ retryReason: 'alone' });
    return [{ ok: false, fault: own, timing: { queueMs: 0, upstreamMs } }];
  }

  /** Clears the issue of a grant after the portal accepted a call. */
  function heal({ portal, version, issue, rejection }: Grant): void {
    if (issue || (rejection && rejection.version !== version))
      void store.clearIssue(portal, version).catch(() => undefined);
  }

  return (grant) => async (_portal, commands, signal) => {
    const sentAtMs = clock.now();
    try {
      const answers = await next(authorization(grant), commands, signal);
      heal(grant);
      return answers;
    } catch (error) {
      const fault = asFault(error);
      if (concernsGrant(fault)) return refusedAnswers(grant, fault, commands.length, clock.now() - sentAtMs);
      throw fault.retryReason === 'moved' ? await moved(grant, fault) : fault;
    }
  };
}

/** Returns the portal's error for the caller's own command if the probe got the same error, otherwise the probe's. */
function inWordsOf(own: Fault, confirmed: Fault): Fault {
  return own.code === confirmed.code && own.retryReason === confirmed.retryReason ? own : confirmed;
}
