/**
 * The vendor's bucket in its strictest reading (docs/bitrix24-rules.md#limits): it drains in whole seconds, and a refused
 * request counts as well.
 */
export class LeakyBucket {
  level = 0;

  constructor({ burst, drainPerSecond }, nowMs = Date.now()) {
    this.burst = burst;
    this.drainPerSecond = drainPerSecond;
    this.second = Math.floor(nowMs / 1000);
  }

  /** Counts one request; false means that the vendor would have refused it. */
  count(nowMs) {
    const second = Math.floor(nowMs / 1000);
    this.level = Math.max(0, this.level - (second - this.second) * this.drainPerSecond) + 1;
    this.second = second;
    return this.level <= this.burst;
  }
}
