import type { ClaimedInstall, Installer, PortalRecord } from '@b24/grants';
import { asFault, type Clock, Fault, sleep } from '@b24/portal';
import type { FastifyBaseLogger } from 'fastify';
import { FairQueue } from './fair-queue';

/** Half the connections to the authorization server, so that what is unproven never delays a refresh. */
const mostAtOnce = 32;
/** A claim is six kilobytes at most. */
const mostWaiting = 2000;
const pausesMs = [5_000, 30_000, 120_000];

/** An install that came as an event, before anyone vouched for it. */
export interface Delivery {
  readonly claim: ClaimedInstall;
  /** Where it came from: sources take turns, so that none can fill the inbox for the others. */
  readonly source: string;
  /** Told when the authorization server vouched for it. */
  readonly proven: (record: PortalRecord) => void;
}

/**
 * Installs that came as events. Bitrix24 wants its answer at once and never sends again, so the install is verified
 * after the answer, and again when the authorization server or the store could not be asked.
 */
export class InstallInbox {
  private readonly waiting = new FairQueue<Delivery>(mostWaiting);
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly installer: Installer,
    private readonly clock: Clock,
    private readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>,
  ) {}

  /** @throws Fault too_many_attempts when too many wait, and most of them are of the same source */
  take(delivery: Delivery): void {
    const dropped = this.waiting.add(delivery.source, delivery);
    if (dropped === delivery) {
      throw new Fault('too_many_attempts', { detail: 'Too many installs of this source wait to be verified.' });
    }
    if (dropped) this.log.warn({ member: dropped.claim.memberId }, 'install not taken: its source sent too many');
    this.begin();
  }

  /** Resolves when none waits and none is under way. */
  async settle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.race(this.underWay);
  }

  private begin(): void {
    if (this.underWay.size >= mostAtOnce) return;
    const delivery = this.waiting.next();
    if (!delivery) return;
    const work = this.verify(delivery).finally(() => {
      this.underWay.delete(work);
      this.begin();
    });
    this.underWay.add(work);
  }

  private async verify({ claim, proven }: Delivery): Promise<void> {
    for (const pauseMs of [...pausesMs, undefined]) {
      try {
        const record = await this.installer.fromClaim(claim);
        const { portal, domain } = record;
        this.log.info({ portal, domain }, 'portal installed by event');
        proven(record);
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
