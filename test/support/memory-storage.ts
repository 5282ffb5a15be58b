import { type ChargeOptions, Fault, type StorageBudget, type StorageCharge } from '@b24/portal';

/** A storage budget in this process, in which nothing expires. */
export class MemoryStorage implements StorageBudget {
  private readonly entries = new Map<string, number>();

  constructor(private readonly limit = Number.MAX_SAFE_INTEGER) {}

  get total(): number {
    return [...this.entries.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  charge(client: string, bytes: number, { entry = 'hour', room = bytes }: ChargeOptions = {}): Promise<StorageCharge> {
    if (room > 0 && this.total + room > this.limit)
      return Promise.reject(new Fault('storage_budget_spent', { retryAfterMs: 1000 }));
    this.add(`${client} ${entry}`, bytes);
    return Promise.resolve({ entry, bytes });
  }

  release(client: string, { entry, bytes }: StorageCharge): Promise<void> {
    this.add(`${client} ${entry}`, -bytes);
    return Promise.resolve();
  }

  settle(client: string, entry: string, bytes: number): Promise<void> {
    this.entries.set(`${client} ${entry}`, bytes);
    return Promise.resolve();
  }

  private add(entry: string, bytes: number): void {
    this.entries.set(entry, Math.max(0, (this.entries.get(entry) ?? 0) + bytes));
  }
}
