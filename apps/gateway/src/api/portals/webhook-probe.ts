import type { GrantStore } from '@b24/grants';
import type { RateLimiter } from '@b24/queue';
import { asFault, Fault, type PortalId, type Secret, unlessAborted } from '@b24/portal';
import type { SingleRequest } from './single-request';

export interface WebhookProbeOptions {
  readonly request: Pick<SingleRequest, 'ask'>;
  readonly bucket: RateLimiter;
  readonly store: Pick<GrantStore, 'load'>;
}

/** Reads the scope of an incoming webhook before the webhook is stored. */
export class WebhookProbe {
  constructor(private readonly parts: WebhookProbeOptions) {}

  /**
   * Returns the scope of the webhook. A failed probe leaves no data of a portal that is not stored.
   * @throws Fault reauthorization_required when the portal refuses the webhook, or a fault of a call
   */
  async scopeOf(portal: PortalId, endpoint: Secret, signal: AbortSignal): Promise<string[]> {
    try {
      return await this.requestScopes(portal, endpoint, signal);
    } catch (error) {
      const { bucket, store } = this.parts;
      const isStored = await store.load(portal).then(Boolean, () => true);
      // Data that cannot be removed now is limited by the budget of probes.
      if (!isStored) await unlessAborted(bucket.remove(portal), signal).catch(() => undefined);
      throw error;
    }
  }

  private async requestScopes(portal: PortalId, endpoint: Secret, signal: AbortSignal): Promise<string[]> {
    const command = { method: 'scope', params: {}, effect: 'read' } as const;
    const answer = await this.parts.request.ask(portal, { endpoint }, command, signal).catch((error: unknown) => {
      throw inItsWords(asFault(error));
    });
    if (!answer.ok) throw answer.fault;
    return Array.isArray(answer.value) ? answer.value.filter((it) => typeof it === 'string') : [];
  }
}

/** Rewords faults for a probe, which was sent and has no authorization link. */
function inItsWords(fault: Fault): Fault {
  if (fault.code === 'deadline_exceeded') {
    return new Fault('outcome_unknown', { detail: 'The portal did not answer the probe in time; nothing was stored.' });
  }
  if (fault.code !== 'reauthorization_required') return fault;
  return new Fault(fault.code, {
    detail: 'The portal does not take this webhook; make a new one there and send that.',
    ...(fault.upstream && { upstream: fault.upstream }),
  });
}
