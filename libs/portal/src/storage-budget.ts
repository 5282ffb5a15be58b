/** Counted bytes, and the entry they belong to. */
export interface StorageCharge {
  readonly entry: string;
  readonly bytes: number;
}

export interface ChargeOptions {
  /** What the bytes belong to, such as a job: counted for a day after its last charge. Absent: a new entry. */
  readonly entry?: string;
  /** Bytes that must be free; 0 for a charge that is never refused. Default: the bytes charged. */
  readonly room?: number;
}

/**
 * The bytes that a client's idempotency records and jobs take in the store, counted together. The count is never less
 * than what is kept, and what is not released leaves it by itself when its life is over.
 * Every method throws Fault `store_unavailable` when the store cannot be reached.
 */
export interface StorageBudget {
  /** Counts bytes, before they are stored. @throws Fault storage_budget_spent with the time until there is room */
  charge(client: string, bytes: number, options?: ChargeOptions): Promise<StorageCharge>;
  /** Releases a charge whose bytes were never stored, or were deleted. */
  release(client: string, charge: StorageCharge): Promise<void>;
  /** Sets how many bytes an entry takes, whatever was charged for it; never refused. */
  settle(client: string, entry: string, bytes: number): Promise<void>;
}

/** Returns the maximum size in Redis of a text of this length: the allocator rounds up by at most a quarter. */
export function storedBytes(length: number): number {
  return Math.ceil(length * 1.25) + 64;
}

/** Returns the maximum size in Redis of a sealed text of this many bytes: base64 with an id, an IV and a tag. */
export function sealedBytes(length: number): number {
  return storedBytes(Math.ceil(((length + 44) * 4) / 3) + 40);
}
