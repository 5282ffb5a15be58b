const basketMs = 60_000;
const basketCount = 10;
const cheapCallSeconds = 0.1;

/** How a batch is charged for operating time, and whether it is reported (docs/bitrix24-rules.md#limits). */
export type OperatingMode = 'nested' | 'batch' | 'absent';

/** The vendor's operating-time limit: per owner (the app or a webhook) and method, ten baskets of one minute. */
export class OperatingBaskets {
  mode: OperatingMode = 'nested';
  limitSeconds = 480;
  private readonly costs = new Map<string, number>();
  private readonly baskets = new Map<string, Map<number, number>>();

  constructor(private readonly now: () => number) {}

  /** Adds seconds to the current minute of a method; the owner is `app` or `webhook:<userId>`. */
  charge(method: string, seconds: number, owner = 'app'): void {
    const key = keyOf(method, owner);
    const minutes = this.baskets.get(key) ?? new Map<number, number>();
    const minute = Math.floor(this.now() / basketMs);
    minutes.set(minute, (minutes.get(minute) ?? 0) + seconds);
    this.baskets.set(key, minutes);
  }

  /** What one execution of a method costs from now on; 0.1 s and less never count. */
  setCost(method: string, seconds: number): void {
    this.costs.set(method.toLowerCase(), seconds);
  }

  chargeCost(method: string, billedTo: string, owner: string): void {
    const seconds = this.costs.get(method.toLowerCase()) ?? 0;
    if (seconds > cheapCallSeconds) this.charge(billedTo, seconds, owner);
  }

  /** Which method's basket a command falls into. */
  billedTo(method: string, nested: boolean): string {
    return nested && this.mode === 'batch' ? 'batch' : method;
  }

  isSpent(method: string, owner = 'app'): boolean {
    return this.sum(method, owner) > this.limitSeconds;
  }

  sum(method: string, owner = 'app'): number {
    let total = 0;
    for (const seconds of this.current(method, owner).values()) total += seconds;
    return total;
  }

  /** Unix second at which the oldest basket that holds anything leaves the window. */
  resetAt(method: string, owner = 'app'): number {
    const oldest = Math.min(...this.current(method, owner).keys(), Math.floor(this.now() / basketMs));
    return ((oldest + basketCount) * basketMs) / 1000;
  }

  clear(): void {
    this.baskets.clear();
    this.costs.clear();
  }

  private current(method: string, owner: string): Map<number, number> {
    const minutes = this.baskets.get(keyOf(method, owner)) ?? new Map<number, number>();
    const first = Math.floor(this.now() / basketMs) - basketCount + 1;
    for (const minute of minutes.keys()) if (minute < first) minutes.delete(minute);
    return minutes;
  }
}

function keyOf(method: string, owner: string): string {
  return `${owner} ${method.toLowerCase()}`;
}
