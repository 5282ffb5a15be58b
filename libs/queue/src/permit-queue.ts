import type { Fault } from '@b24/portal';
import Bottleneck from 'bottleneck';

interface Waiting {
  readonly onWait: (() => void) | undefined;
}

/**
 * The acquisitions of this replica that wait for a permit of one portal, in the order in which they came: a Bottleneck
 * limiter whose reservoir holds the permits that have been admitted. The only file that knows Bottleneck.
 */
export class PermitQueue {
  private readonly limiter = new Bottleneck({ reservoir: 0 });
  private readonly waiting = new Set<Waiting>();
  private fault: Fault | undefined;

  /** Resolves with what `take` returns when it is this one's turn; while that is undefined, waits on at the front. */
  async wait<Taken>(take: () => Taken | undefined, onWait?: () => void): Promise<Taken> {
    const entry = { onWait };
    this.waiting.add(entry);
    const turn = () => Promise.resolve(take());
    try {
      for (let priority = 5; ; priority = 0) {
        const taken = await this.limiter.schedule({ priority }, turn);
        if (taken !== undefined) return taken;
      }
    } catch (error) {
      throw this.fault ?? error;
    } finally {
      this.waiting.delete(entry);
    }
  }

  /** Lets so many acquisitions have their turn. */
  admit(count: number): void {
    void this.limiter.incrementReservoir(count);
  }

  callOnWait(): void {
    for (const { onWait } of this.waiting) onWait?.();
  }

  /** Rejects every acquisition that waits. Nothing may be added afterwards. */
  fail(fault: Fault): void {
    this.fault = fault;
    void this.limiter.stop();
  }
}
