import type { Bucket, Drop, Plan } from '@b24/lanes';
import {
  type Answer,
  type Authorization,
  type Command,
  Fault,
  type PortalId,
  type SendAuthorized,
  unlessAborted,
} from '@b24/portal';

/**
 * Sends one command to a portal with an authorization that is not kept yet. It costs the portal's rate limit as every request
 * does, and waits for nobody's queue.
 */
export class SingleRequest {
  constructor(
    private readonly bucket: Bucket,
    private readonly send: SendAuthorized,
    private readonly planOf: (portal: PortalId) => Promise<Plan>,
  ) {}

  /** @throws Fault whatever a call can meet, and the signal's reason as soon as it aborts */
  async ask(portal: PortalId, authorization: Authorization, command: Command, signal: AbortSignal): Promise<Answer> {
    const permit = await this.permit(portal, signal);
    const sent = this.send(authorization, [command], signal);
    void sent
      .catch(() => undefined)
      .finally(() => {
        permit.arrived();
      });
    const [answer] = await unlessAborted(sent, signal);
    if (!answer) throw new Fault('internal_error', { detail: 'A request came back without its answer.' });
    return answer;
  }

  private async permit(portal: PortalId, signal: AbortSignal): Promise<Drop> {
    const taken = this.bucket.take(portal, await this.planOf(portal));
    try {
      return await unlessAborted(taken, signal);
    } catch (error) {
      void taken.then((drop) => drop.giveBack()).catch(() => undefined);
      throw error;
    }
  }
}
