/** Fewer entries than this are not worth pruning. */
const minPruned = 64;

/** How much of a limited resource each client holds. */
export class ClientUsage {
  /** Also of clients that hold nothing now: most of them come back at once. */
  private readonly held = new Map<string, number>();
  private pruneAbove = minPruned;
  private sum = 0;

  get total(): number {
    return this.sum;
  }

  of(client: string): number {
    return this.held.get(client) ?? 0;
  }

  add(client: string, amount = 1): void {
    this.sum += amount;
    this.held.set(client, this.of(client) + amount);
    if (this.held.size > this.pruneAbove) this.prune();
  }

  remove(client: string, amount = 1): void {
    this.sum -= amount;
    this.held.set(client, Math.max(0, this.of(client) - amount));
  }

  /** The client that holds most; undefined if none holds anything. */
  largest(): string | undefined {
    let largest: string | undefined;
    let max = 0;
    for (const [client, amount] of this.held) if (amount > max) [largest, max] = [client, amount];
    return largest;
  }

  private prune(): void {
    for (const [client, amount] of this.held) if (amount === 0) this.held.delete(client);
    this.pruneAbove = Math.max(minPruned, 2 * this.held.size);
  }
}

/** Says that a newcomer does not fit. */
export interface Overflow {
  /** The client whose calls make room; undefined if the newcomer must be refused. */
  readonly evictFrom: string | undefined;
}

/**
 * Returns undefined while a newcomer fits. Otherwise the client that holds most makes room, unless the newcomer's own
 * client would then hold more than that ("longest queue drop").
 */
export function overflowOf(usage: ClientUsage, max: number, client: string, amount: number): Overflow | undefined {
  if (usage.total + amount <= max) return undefined;
  const largest = usage.largest();
  const isFair = largest !== undefined && usage.of(client) + amount <= usage.of(largest);
  return { evictFrom: isFair ? largest : undefined };
}
