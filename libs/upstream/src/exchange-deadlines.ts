import type { Clock } from '@b24/portal';

/** What a deadline ends. */
export interface TimedExchange {
  expire(): void;
}

const tickMs = 1000;

/**
 * Ends exchanges that take too long, with one timer for all of them: each expires between its limit and a second later.
 * Time is counted in ticks of the event loop, so that a pause of the replica itself is not taken for one of the portal.
 */
export class ExchangeDeadlines {
  private readonly dueTicks = new Map<TimedExchange, number>();
  private tick = 0;
  private stop: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  add(exchange: TimedExchange, limitMs: number): void {
    this.dueTicks.set(exchange, this.tick + Math.ceil(limitMs / tickMs) + (this.stop ? 1 : 0));
    if (!this.stop) this.next();
  }

  remove(exchange: TimedExchange): void {
    this.dueTicks.delete(exchange);
    if (this.dueTicks.size > 0) return;
    this.stop?.();
    this.stop = undefined;
  }

  private next(): void {
    this.stop = this.clock.after(tickMs, this.onTick);
  }

  private readonly onTick = () => {
    this.tick++;
    this.stop = undefined;
    for (const [exchange, dueTick] of this.dueTicks) {
      if (dueTick > this.tick) continue;
      this.dueTicks.delete(exchange);
      exchange.expire();
    }
    if (this.dueTicks.size > 0 && !this.stop) this.next();
  };
}
