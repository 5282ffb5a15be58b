import type { Clock } from '@b24/portal';

export interface PollerOptions {
  readonly clock: Clock;
  /** The pause between the end of one run and the next. */
  readonly everyMs: number | (() => number);
  /** Looks for work. A rejection, for example while Redis is down, is ignored: the next run tries again. */
  readonly run: () => Promise<unknown>;
}

/** Runs something again and again, never twice at once, until it is stopped. */
export class Poller {
  private running = false;
  private runAgain = false;
  private stopped = false;
  private callOff: (() => void) | undefined;

  constructor(private readonly options: PollerOptions) {}

  get isStopped(): boolean {
    return this.stopped;
  }

  /** @param first `now` runs at once, `later` after one pause */
  start(first: 'now' | 'later' = 'now'): void {
    if (first === 'now') this.runThenSchedule();
    else this.schedule();
  }

  /** Runs at once or, while a run is under way, once more after it. Does not change the schedule. Never throws. */
  wake(): void {
    if (this.stopped) return;
    this.runAgain = this.running;
    void this.runOnce();
  }

  /** Starts no further run. One under way goes on. */
  stop(): void {
    this.stopped = true;
    this.callOff?.();
  }

  private runThenSchedule(): void {
    void this.runOnce().then(() => {
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.stopped) return;
    const { clock, everyMs } = this.options;
    this.callOff = clock.after(typeof everyMs === 'number' ? everyMs : everyMs(), () => {
      this.runThenSchedule();
    });
  }

  /** Never rejects. A run that is under way is not joined. */
  private async runOnce(): Promise<void> {
    if (this.running) return;
    this.running = true;
    do {
      this.runAgain = false;
      try {
        await this.options.run();
      } catch {
        // The next run tries again.
      }
    } while (this.runAgain && !this.stopped);
    this.running = false;
  }
}
