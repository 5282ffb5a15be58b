const lookEveryMs = 50;

/**
 * For how long this process itself stood still, in milliseconds since it began: on a busy machine a caller that hears
 * late may not have been told late. Timers run before what was received meanwhile is read.
 */
export class OwnStalls {
  totalMs = 0;
  longestMs = 0;
  private expectedAt = performance.now() + lookEveryMs;
  private readonly timer = setInterval(() => this.look(), lookEveryMs);

  end(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const lateMs = Math.max(0, performance.now() - this.expectedAt);
    this.totalMs += lateMs;
    this.longestMs = Math.max(this.longestMs, lateMs);
    this.expectedAt = performance.now() + lookEveryMs;
  }
}
