import type { Grantor } from '@b24/grants';
import { type Clock, Fault, type PortalId, type Secret, within } from '@b24/portal';
import { z } from 'zod';
import type { SingleRequest } from '../../api/portals/single-request';

/** Short, because a person may be waiting for the last page of an install. */
const answerWithinMs = 8000;

const profileSchema = z.object({
  ID: z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,9}$/)]).transform(Number),
  ADMIN: z.unknown().optional(),
});

/**
 * Asks a portal who granted a token pair, and whether that user is an administrator. Calls `profile`, which needs no
 * permission (https://apidocs.bitrix24.com/api-reference/common/users/profile.html).
 */
export class GrantorQuestion {
  constructor(
    private readonly request: Pick<SingleRequest, 'ask'>,
    private readonly clock: Clock,
  ) {}

  /** @throws Fault when the portal does not answer the question, for any reason */
  async ask(portal: PortalId, endpoint: Secret, accessToken: Secret): Promise<Grantor> {
    const command = { method: 'profile', params: {}, effect: 'read' } as const;
    const inTime = { clock: this.clock, ms: answerWithinMs, late: () => new Fault('outcome_unknown') };
    const answer = await within(inTime, new AbortController().signal, (signal) =>
      this.request.ask(portal, { endpoint, accessToken }, command, signal),
    );
    if (!answer.ok) throw answer.fault;
    const profile = profileSchema.safeParse(answer.value);
    if (!profile.success) throw new Fault('portal_error', { detail: 'The portal did not say who this user is.' });
    // Only `true` means an administrator.
    return { userId: profile.data.ID, administrator: profile.data.ADMIN === true };
  }
}
