/** How much of something scarce each client holds. No count is ever negative. */
export class ClientUsage {
  private readonly held = new Map<string, number>();
  private sum = 0;

  get total(): number {
    return this.sum;
  }

  of(key: string): number {
    return this.held.get(key) ?? 0;
  }

  add(key: string, amount = 1): void {
    this.sum += amount;
    this.held.set(key, this.of(key) + amount);
  }

  remove(key: string, amount = 1): void {
    const left = this.of(key) - amount;
    this.sum -= amount;
    if (left > 0) this.held.set(key, left);
    else this.held.delete(key);
  }

  /** The key that holds most; undefined when none holds anything. */
  largest(): string | undefined {
    let largest: string | undefined;
    let most = 0;
    for (const [key, amount] of this.held) if (amount > most) [largest, most] = [key, amount];
    return largest;
  }
}

/** There is not enough for a newcomer. */
export interface Overflow {
  /** The key that makes room; undefined when the newcomer must not enter. */
  readonly evictFrom: string | undefined;
}

/**
 * Returns the key that makes room for a newcomer where there is not enough ("longest queue permit"): the one that holds
 * most, unless the newcomer's own key would then hold more than that one holds now. Returns undefined while there is
 * enough.
 */
export function overflowOf(shares: ClientUsage, max: number, key: string, amount: number): Overflow | undefined {
  if (shares.total + amount <= max) return undefined;
  const largest = shares.largest();
  const isFair = largest !== undefined && shares.of(key) + amount <= shares.of(largest);
  return { evictFrom: isFair ? largest : undefined };
}
