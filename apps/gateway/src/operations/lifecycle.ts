/** A part that does something in the background, or holds something that must be released. */
export interface Service {
  /** Begins its background work. */
  start?(): void;
  /** Starts no further work. Work in progress continues. */
  stop?(): void;
  /** Resolves once all work that must not be lost has ended. */
  settle?(): Promise<void>;
  /** Releases connections and other resources. */
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

  /** Rejects waiting calls. Calls in progress and token refreshes continue. */
  stop(): void {
    this.isStopping = true;
    for (const service of this.reversed()) service.stop?.();
  }

  /** Resolves once all work that must not be lost has ended and the audit log is written. */
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
