import type { QueuedCall, Waiter } from './queued-call';

/** A caller and the call that it waits for. */
export interface WaiterEntry {
  readonly call: QueuedCall;
  readonly waiter: Waiter;
}

/** A shorter list is not compacted. */
const minCompactedLength = 64;

/** The callers of one client that wait for an answer, in the order in which they came. */
export class ClientWaiters {
  /** The newest last. Answered callers stay until they are half of the list. */
  private entries: WaiterEntry[] = [];
  private answered = 0;

  get isEmpty(): boolean {
    return this.entries.length === this.answered;
  }

  add(entry: WaiterEntry): void {
    this.entries.push(entry);
  }

  /** One of the callers was answered. */
  remove(): void {
    this.answered++;
    if (this.entries.length < minCompactedLength || this.answered * 2 < this.entries.length) return;
    this.entries = this.entries.filter(isWaiting);
    this.answered = 0;
  }

  /** Yields the waiting callers, the newest first. */
  *newest(): Generator<WaiterEntry> {
    for (let i = this.entries.length - 1; i >= 0; i--) {
      const entry = this.entries[i];
      if (!entry) continue;
      if (isWaiting(entry)) yield entry;
      else if (i === this.entries.length - 1) {
        this.entries.pop();
        this.answered--;
      }
    }
  }
}

function isWaiting({ call, waiter }: WaiterEntry): boolean {
  return call.waiters.has(waiter);
}
