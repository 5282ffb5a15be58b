import type { GrantStore } from '@b24/grants';
import type { RateLimiter } from '@b24/queue';
import { asFault, Fault, type PortalId, type Secret, unlessAborted } from '@b24/portal';
import type { SingleRequest } from './single-request';

export interface WebhookProbeOptions {
  readonly request: Pick<SingleRequest, 'ask'>;
  readonly bucket: RateLimiter;
  readonly store: Pick<GrantStore, 'load'>;
}

/** Asks a portal, through an incoming webhook that is not kept yet, what the webhook may do. */
export class WebhookProbe {
  constructor(private readonly parts: WebhookProbeOptions) {}

  /**
   * A trial that fails leaves nothing of a portal that is not kept.
   * @throws Fault reauthorization_required when the portal does not take the webhook, and whatever a call can meet
   */
  async scopeOf(portal: PortalId, endpoint: Secret, signal: AbortSignal): Promise<string[]> {
    try {
      return await this.asked(portal, endpoint, signal);
    } catch (error) {
      const { bucket, store } = this.parts;
      const isKept = await store.load(portal).then(Boolean, () => true);
      // What cannot be removed now is bounded by the budget of trials.
      if (!isKept) await unlessAborted(bucket.remove(portal), signal).catch(() => undefined);
      throw error;
    }
  }

  private async asked(portal: PortalId, endpoint: Secret, signal: AbortSignal): Promise<string[]> {
    const command = { method: 'scope', params: {}, effect: 'read' } as const;
    const answer = await this.parts.request.ask(portal, { endpoint }, command, signal).catch((error: unknown) => {
      throw inItsWords(asFault(error));
    });
    if (!answer.ok) throw answer.fault;
    return Array.isArray(answer.value) ? answer.value.filter((it) => typeof it === 'string') : [];
  }
}

/** The trial was sent, and there is no link that mends a webhook. */
function inItsWords(fault: Fault): Fault {
  if (fault.code === 'deadline_exceeded') {
    return new Fault('outcome_unknown', { detail: 'The portal did not answer the trial in time; nothing was kept.' });
  }
  if (fault.code !== 'reauthorization_required') return fault;
  return new Fault(fault.code, {
    detail: 'The portal does not take this webhook; make a new one there and send that.',
    ...(fault.upstream && { upstream: fault.upstream }),
  });
}
