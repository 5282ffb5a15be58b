/** How much of a limited resource each client holds. */
export class ClientUsage {
  private readonly held = new Map<string, number>();
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
  }

  remove(client: string, amount = 1): void {
    const left = this.of(client) - amount;
    this.sum -= amount;
    if (left > 0) this.held.set(client, left);
    else this.held.delete(client);
  }

  /** The client that holds most; undefined if none holds anything. */
  largest(): string | undefined {
    let largest: string | undefined;
    let max = 0;
    for (const [client, amount] of this.held) if (amount > max) [largest, max] = [client, amount];
    return largest;
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
