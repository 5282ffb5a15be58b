import type { Grantor } from '@b24/grants';
import { type Clock, Fault, type PortalId, type Secret, within } from '@b24/portal';
import { z } from 'zod';
import type { SingleRequest } from '../../api/portals/single-request';

/** A person may be waiting for the last page of an install. */
const answerWithinMs = 8000;

const profileSchema = z.object({
  ID: z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,9}$/)]).transform(Number),
  ADMIN: z.unknown().optional(),
});

/**
 * Asks a portal who granted a token pair, and whether that is an administrator: `profile`, which no permission is needed for
 * (https://apidocs.bitrix24.com/api-reference/common/users/profile.html).
 */
export class GrantorQuestion {
  constructor(
    private readonly request: Pick<SingleRequest, 'ask'>,
    private readonly clock: Clock,
  ) {}

  /** @throws Fault when the portal does not say, whatever the reason */
  async ask(portal: PortalId, endpoint: Secret, accessToken: Secret): Promise<Grantor> {
    const command = { method: 'profile', params: {}, effect: 'read' } as const;
    const inTime = { clock: this.clock, ms: answerWithinMs, late: () => new Fault('outcome_unknown') };
    const answer = await within(inTime, new AbortController().signal, (signal) =>
      this.request.ask(portal, { endpoint, accessToken }, command, signal),
    );
    if (!answer.ok) throw answer.fault;
    const profile = profileSchema.safeParse(answer.value);
    if (!profile.success) throw new Fault('portal_error', { detail: 'The portal did not say who this user is.' });
    // Only `true` counts.
    return { userId: profile.data.ID, administrator: profile.data.ADMIN === true };
  }
}
