import { type Clock, systemClock } from '@b24/portal';

/** Real time, that a test can jump ahead of. Timers that run already keep their own. */
export class ForwardClock implements Clock {
  private aheadMs = 0;

  now(): number {
    return systemClock.now() + this.aheadMs;
  }

  after(ms: number, task: () => void): () => void {
    return systemClock.after(ms, task);
  }

  jump(ms: number): void {
    this.aheadMs += ms;
  }
}
