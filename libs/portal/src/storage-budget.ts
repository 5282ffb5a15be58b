/** Bytes that were counted, and what they belong to. */
export interface StorageCharge {
  readonly entry: string;
  readonly bytes: number;
}

export interface ChargeOptions {
  /** What the bytes belong to, such as a job: counted for a day after its last charge. Absent: they count by themselves. */
  readonly entry?: string;
  /** How many bytes must be free, 0 for a charge that is never refused; as many as are charged by default. */
  readonly room?: number;
}

/**
 * The bytes that a client's idempotency records and jobs take in the store, counted together. The count is never less
 * than what is kept, and what is not released leaves it by itself when its life is over.
 * Every method throws Fault `store_unavailable` when the store can't be asked.
 */
export interface StorageBudget {
  /** Counts bytes, before they are stored. @throws Fault storage_budget_spent with the time until there is room */
  charge(client: string, bytes: number, options?: ChargeOptions): Promise<StorageCharge>;
  /** Takes back a charge whose bytes were never stored, or are not any more. */
  release(client: string, charge: StorageCharge): Promise<void>;
  /** Sets what an entry takes from now on, whatever was charged for it; never refused. */
  settle(client: string, entry: string, bytes: number): Promise<void>;
}

/** What a text of this length takes in Redis at most: its allocator rounds up by up to a quarter. */
export function storedBytes(length: number): number {
  return Math.ceil(length * 1.25) + 64;
}

/** What a text of this many bytes takes in Redis at most once it is sealed, which is base64 with an id, an IV and a tag. */
export function sealedBytes(length: number): number {
  return storedBytes(Math.ceil(((length + 44) * 4) / 3) + 40);
}
