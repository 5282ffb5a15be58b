import type { Clock } from '@b24/portal';

/** A clock that stands still until a test moves it. */
export class HandClock implements Clock {
  private readonly timers = new Map<number, { readonly at: number; readonly task: () => void }>();
  private lastTimer = 0;

  /** @param settled resolves when what a timer set off has settled */
  constructor(
    private time = 1_700_000_000_000,
    private readonly settled: () => Promise<void> = settle,
  ) {}

  now(): number {
    return this.time;
  }

  after(ms: number, task: () => void): () => void {
    const id = ++this.lastTimer;
    this.timers.set(id, { at: this.time + Math.max(0, ms), task });
    return () => this.timers.delete(id);
  }

  /** Timers that wait. */
  get pending(): number {
    return this.timers.size;
  }

  /** Moves time on, runs what falls due in order, and lets what that sets off settle. */
  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    await this.settled();
    for (let next = this.due(until); next; next = this.due(until)) {
      const [id, { at, task }] = next;
      this.timers.delete(id);
      this.time = at;
      task();
      await this.settled();
    }
    this.time = until;
  }

  /** Time has gone on, and what fell due meanwhile comes with the next move: a replica that was not looked at. */
  jump(ms: number): void {
    this.time += ms;
  }

  private due(until: number): [number, { at: number; task: () => void }] | undefined {
    return [...this.timers].filter(([, { at }]) => at <= until).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
  }
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}
