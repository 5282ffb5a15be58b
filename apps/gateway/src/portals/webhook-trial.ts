import type { Bucket } from '@b24/lanes';
import { type Clock, Fault, type PortalId, type Secret, type SendAuthorized } from '@b24/portal';

const waitMs = 30_000;

/** Asks a portal, through an incoming webhook that is not kept yet, what the webhook may do. */
export class WebhookTrial {
  constructor(
    private readonly bucket: Bucket,
    private readonly send: SendAuthorized,
    private readonly clock: Clock,
  ) {}

  /** @throws Fault reauthorization_required when the portal does not take the webhook, and whatever a call can meet */
  async scopeOf(portal: PortalId, endpoint: Secret): Promise<string[]> {
    // The trial costs the portal's bucket like every request.
    await this.bucket.take(portal);
    const controller = new AbortController();
    const callOff = this.clock.after(waitMs, () => {
      controller.abort(new Fault('outcome_unknown'));
    });
    try {
      const [answer] = await this.send(
        { endpoint },
        [{ method: 'scope', params: {}, effect: 'read' }],
        controller.signal,
      );
      if (answer && !answer.ok) throw answer.fault;
      return Array.isArray(answer?.value) ? answer.value.filter((it) => typeof it === 'string') : [];
    } finally {
      callOff();
    }
  }
}
