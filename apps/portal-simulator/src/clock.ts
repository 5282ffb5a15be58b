/** The simulator's time: real time plus an offset that only moves when a test moves it. */
export class SimulatorClock {
  private offsetMs = 0;

  constructor(private readonly base: () => number = Date.now) {}

  /** A clock that stands still until it is advanced. */
  static frozen(atMs: number = Date.now()): SimulatorClock {
    return new SimulatorClock(() => atMs);
  }

  now(): number {
    return this.base() + this.offsetMs;
  }

  advance(ms: number): void {
    this.offsetMs += ms;
  }
}
