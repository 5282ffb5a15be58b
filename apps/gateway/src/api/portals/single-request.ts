import type { RateLimiter, Plan } from '@b24/queue';
import {
  type Answer,
  type Authorization,
  type Command,
  Fault,
  type PortalId,
  type SendAuthorized,
  unlessAborted,
} from '@b24/portal';
import { acquirePermit } from '../../line/own-request-permit';

/**
 * Sends one command to a portal with an authorization that is not stored yet. It takes a permit of the portal as every
 * request does, but does not wait in the queue.
 */
export class SingleRequest {
  constructor(
    private readonly bucket: RateLimiter,
    private readonly send: SendAuthorized,
    private readonly planOf: (portal: PortalId) => Promise<Plan>,
  ) {}

  /** @throws Fault any fault of a call, or the signal's reason as soon as it aborts */
  async ask(portal: PortalId, authorization: Authorization, command: Command, signal: AbortSignal): Promise<Answer> {
    const over = await acquirePermit(this.bucket, portal, await this.planOf(portal), signal);
    const sent = this.send(authorization, [command], signal);
    void sent.catch(() => undefined).finally(over);
    const [answer] = await unlessAborted(sent, signal);
    if (!answer) throw new Fault('internal_error', { detail: 'A request came back without its answer.' });
    return answer;
  }
}
