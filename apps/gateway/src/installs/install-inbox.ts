import type { ClaimedInstall, Installer } from '@b24/grants';
import { asFault, type Clock, Fault, sleep } from '@b24/portal';
import type { FastifyBaseLogger } from 'fastify';

const mostAtOnce = 200;
const pausesMs = [5_000, 30_000, 120_000];

/**
 * Installs that came as events. Bitrix24 wants its answer at once and never sends again, so the install is verified
 * after the answer, and again when the authorization server or the store could not be asked.
 */
export class InstallInbox {
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly installer: Installer,
    private readonly clock: Clock,
    private readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>,
  ) {}

  /** @throws Fault authorization_server_error when too many wait already */
  take(claim: ClaimedInstall): void {
    if (this.underWay.size >= mostAtOnce) {
      throw new Fault('authorization_server_error', { detail: 'Too many installs wait to be verified.' });
    }
    const work = this.verify(claim).finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  private async verify(claim: ClaimedInstall): Promise<void> {
    for (const pauseMs of [...pausesMs, undefined]) {
      try {
        const { portal, domain } = await this.installer.fromClaim(claim);
        this.log.info({ portal, domain }, 'portal installed by event');
        return;
      } catch (error) {
        const { code, message } = asFault(error);
        const passing = code === 'authorization_server_error' || code === 'store_unavailable';
        this.log.warn(
          { member: claim.memberId, code, goesAgain: passing && pauseMs !== undefined },
          `install not taken: ${message}`,
        );
        if (!passing || pauseMs === undefined) return;
        await sleep(this.clock, pauseMs);
      }
    }
  }
}
