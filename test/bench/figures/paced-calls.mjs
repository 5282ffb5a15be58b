import { setTimeout as sleep } from 'node:timers/promises';

const tickMs = 5;

/**
 * Calls each of `count` targets once per interval, evenly spread, whether or not other answers have come (open loop). A
 * target whose last call has no answer yet is skipped, and counted.
 */
export class PacedCalls {
  calls = 0;
  right = 0;
  skipped = 0;

  /** @param call gets the target's number; a rejection ends the benchmark */
  constructor(count, intervalMs, call) {
    Object.assign(this, { count, intervalMs, call });
    this.waiting = new Uint8Array(count);
  }

  /** Resolves after the interval has passed `rounds` times; calls may still be under way. */
  async run(rounds) {
    const startedAt = performance.now();
    const wanted = rounds * this.count;
    for (let next = 0; next < wanted; await sleep(tickMs)) {
      const due = Math.min(wanted, ((performance.now() - startedAt) / this.intervalMs) * this.count);
      for (; next < due; next++) this.begin(next % this.count);
      if (this.failure) throw this.failure;
    }
    return (performance.now() - startedAt) / 1000;
  }

  begin(target) {
    if (this.waiting[target]) return void this.skipped++;
    this.waiting[target] = 1;
    this.calls++;
    this.call(target).then(
      () => {
        this.right++;
        this.waiting[target] = 0;
      },
      (error) => (this.failure ??= error),
    );
  }
}
