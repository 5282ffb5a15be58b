import { asFault, Fault, type PortalId, type Secret } from '@b24/portal';
import type { SingleRequest } from './single-request';

/** Asks a portal, through an incoming webhook that is not kept yet, what the webhook may do. */
export class WebhookTrial {
  constructor(private readonly request: Pick<SingleRequest, 'ask'>) {}

  /** @throws Fault reauthorization_required when the portal does not take the webhook, and whatever a call can meet */
  async scopeOf(portal: PortalId, endpoint: Secret, signal: AbortSignal): Promise<string[]> {
    const trial = this.request.ask(portal, { endpoint }, { method: 'scope', params: {}, effect: 'read' }, signal);
    const answer = await trial.catch((error: unknown) => {
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
