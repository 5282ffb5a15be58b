import type { QueuedCall, Waiter } from './queued-call';

/** One caller, and the call that it waits for. */
export interface WaiterEntry {
  readonly call: QueuedCall;
  readonly waiter: Waiter;
}

/** Below this length the list is not worth clearing. */
const minCompactedLength = 64;

/** The callers of one client, from their call to their answer. */
export class ClientWaiters {
  /** The newest last. Those who have their answer stay until they are half of it. */
  private entries: WaiterEntry[] = [];
  private gone = 0;

  get isEmpty(): boolean {
    return this.entries.length === this.gone;
  }

  add(caller: WaiterEntry): void {
    this.entries.push(caller);
  }

  /** One of them has its answer. */
  remove(): void {
    this.gone++;
    if (this.entries.length < minCompactedLength || this.gone * 2 < this.entries.length) return;
    this.entries = this.entries.filter(isWaiting);
    this.gone = 0;
  }

  /** The newest first. */
  *newest(): Generator<WaiterEntry> {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const caller = this.entries[i];
      if (!caller) continue;
      if (isWaiting(caller)) yield caller;
      else if (i === this.entries.length - 1) {
        this.entries.pop();
        this.gone--;
      }
    }
  }
}

function isWaiting({ call, waiter }: WaiterEntry): boolean {
  return call.waiters.has(waiter);
}
