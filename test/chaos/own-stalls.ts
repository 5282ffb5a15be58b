const lookEveryMs = 50;

/**
 * Measures for how many milliseconds this process itself has stalled since it began. On a busy machine a caller may
 * read an answer late that was sent in time, because timers run before received data is read.
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
