export interface LeakyCounterSettings {
  /** X: the level that must not be exceeded. */
  burst: number;
  /** Y: how much leaves each second. */
  drainPerSecond: number;
  /** Whether the level falls in whole seconds or all the time. */
  counting: 'stepwise' | 'continuous';
  /** Whether a refused request fills the bucket as well. */
  countRefused: boolean;
  /** Where in a second the stepwise drain falls. */
  phaseMs: number;
}

/**
 * The rate limit of one portal (docs/bitrix24-rules.md#limits): refuses a request that would lift the level above X.
 */
export class LeakyCounter {
  maxLevel = 0;
  refused = 0;
  private value = 0;

  constructor(
    readonly settings: LeakyCounterSettings,
    private lastMs: number,
  ) {}

  /** Counts one request; false means it is refused. */
  count(nowMs: number): boolean {
    const level = this.level(nowMs);
    const accepted = level + 1 <= this.settings.burst;
    if (accepted || this.settings.countRefused) this.value = level + 1;
    if (!accepted) this.refused += 1;
    this.maxLevel = Math.max(this.maxLevel, this.value);
    return accepted;
  }

  level(nowMs: number): number {
    const { drainPerSecond } = this.settings;
    this.value = Math.max(0, this.value - this.secondsSinceLast(nowMs) * drainPerSecond);
    this.lastMs = Math.max(this.lastMs, nowMs);
    return this.value;
  }

  private secondsSinceLast(nowMs: number): number {
    const { counting, phaseMs } = this.settings;
    if (counting === 'continuous') return Math.max(0, nowMs - this.lastMs) / 1000;
    const second = (ms: number) => Math.floor((ms - phaseMs) / 1000);
    return Math.max(0, second(nowMs) - second(this.lastMs));
  }
}
