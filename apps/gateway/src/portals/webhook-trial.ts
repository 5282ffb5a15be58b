import type { Bucket, Plan } from '@b24/lanes';
import { asFault, Fault, type PortalId, type Secret, type SendAuthorized, unlessAborted } from '@b24/portal';
import { permitOf } from './permit-of';

/** Asks a portal, through an incoming webhook that is not kept yet, what the webhook may do. */
export class WebhookTrial {
  constructor(
    private readonly bucket: Bucket,
    private readonly send: SendAuthorized,
    private readonly planOf: (portal: PortalId) => Promise<Plan>,
  ) {}

  /** @throws Fault reauthorization_required when the portal does not take the webhook, and whatever a call can meet */
  async scopeOf(portal: PortalId, endpoint: Secret, signal: AbortSignal): Promise<string[]> {
    // The trial costs the portal's bucket like every request.
    const over = await permitOf(this.bucket, portal, await this.planOf(portal), signal);
    const trial = this.send({ endpoint }, [{ method: 'scope', params: {}, effect: 'read' }], signal);
    void trial.catch(() => undefined).finally(over);
    const [answer] = await unlessAborted(trial, signal).catch((error: unknown) => {
      throw inItsWords(asFault(error));
    });
    if (answer && !answer.ok) throw answer.fault;
    return Array.isArray(answer?.value) ? answer.value.filter((it) => typeof it === 'string') : [];
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
