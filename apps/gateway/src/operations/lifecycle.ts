/** A part that does something in the background, or holds something that must be released. */
export interface Service {
  /** Begins its background work. */
  start?(): void;
  /** Begins nothing more; what is under way goes on. */
  stop?(): void;
  /** Resolves when nothing that must not be lost is under way. */
  settle?(): Promise<void>;
  /** Releases what it holds. */
  close?(): void | Promise<void>;
}

/** Starts services in their order, and stops, settles and closes them in reverse: each before those that it uses. */
export class Lifecycle {
  /** Whether this replica takes no more calls. */
  isStopping = false;

  constructor(private readonly services: readonly Service[]) {}

  start(): void {
    for (const service of this.services) service.start?.();
  }

  /** Rejects calls that wait, and lets those under way and token refreshes finish. */
  stop(): void {
    this.isStopping = true;
    for (const service of this.reversed()) service.stop?.();
  }

  /** Resolves when nothing that must not be lost is under way, and the audit log is written. */
  async settle(): Promise<void> {
    for (const service of this.reversed()) await service.settle?.();
  }

  async close(): Promise<void> {
    for (const service of this.reversed()) await service.close?.();
  }

  private reversed(): Service[] {
    return [...this.services].reverse();
  }
}
