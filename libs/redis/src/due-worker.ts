import type { Clock } from '@b24/portal';
import { Poller } from './poller';

export interface DueWorkerOptions<Entry> {
  readonly clock: Clock;
  readonly everyMs: number;
  /** Entries that this replica works on at once. */
  readonly maxConcurrent: number;
  /** Takes an entry that is due and holds it for this replica; undefined when none is due. */
  readonly take: () => Promise<Entry | undefined>;
  /** Works on one entry. Must not reject. */
  readonly work: (entry: Entry) => Promise<void>;
}

/** Takes entries of a due queue and works on several at once; looks for more whenever one ends, and at an interval. */
export class DueWorker<Entry> {
  private readonly underWay = new Set<Promise<void>>();
  private readonly poller: Poller;

  constructor(private readonly options: DueWorkerOptions<Entry>) {
    const { clock, everyMs } = options;
    this.poller = new Poller({ clock, everyMs, run: () => this.takeDue() });
  }

  get isStopped(): boolean {
    return this.poller.isStopped;
  }

  get isFull(): boolean {
    return this.underWay.size >= this.options.maxConcurrent;
  }

  start(): void {
    this.poller.start();
  }

  /** Looks for due entries now. */
  wake(): void {
    this.poller.wake();
  }

  /** Takes no further entry. Entries in progress continue. */
  stop(): void {
    this.poller.stop();
  }

  /** Resolves when no entry is in progress. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.underWay);
  }

  /** Counts other work against the same limit. */
  add(work: Promise<void>): void {
    const counted = work.finally(() => {
      this.underWay.delete(counted);
      this.wake();
    });
    this.underWay.add(counted);
  }

  private async takeDue(): Promise<void> {
    while (!this.isStopped && !this.isFull) {
      const entry = await this.options.take();
      if (entry === undefined) return;
      this.add(this.options.work(entry));
    }
  }
}
