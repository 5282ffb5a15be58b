import type { Clock } from '@b24/portal';

/** Timers that keep abandoned writes in their place on an entity while the portal may still run them. */
export class OrderHolds {
  private readonly cancels = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  get isEmpty(): boolean {
    return this.cancels.size === 0;
  }

  /** Runs `release` after `ms`, unless `close` comes first. */
  add(ms: number, release: () => void): void {
    const cancel = this.clock.after(Math.max(0, ms), () => {
      this.cancels.delete(cancel);
      release();
    });
    this.cancels.add(cancel);
  }

  close(): void {
    for (const cancel of this.cancels) cancel();
    this.cancels.clear();
  }
}
