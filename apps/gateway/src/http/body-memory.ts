interface WaitingBody {
  readonly client: string;
  readonly bytes: number;
  readonly admit: () => void;
}

export interface BodyMemoryLimits {
  /** Bytes of large bodies that are held at once. */
  readonly inAll: number;
  readonly perClient: number;
}

/**
 * Bounds the memory of large request bodies. A body that finds no room waits unread, so that its caller sends no faster;
 * a client that holds its share delays only its own bodies.
 */
export class BodyMemory {
  private readonly heldBy = new Map<string, number>();
  private readonly waiting = new Set<WaitingBody>();
  private held = 0;

  constructor(private readonly limits: BodyMemoryLimits) {}

  /** Resolves when there is room, with an idempotent function that releases it. @throws the signal's reason */
  async acquire(client: string, bytes: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    await this.wait(client, bytes, signal);
    let isHeld = true;
    return () => {
      if (isHeld) this.count(client, -bytes);
      isHeld = false;
      this.admitWaiting();
    };
  }

  private wait(client: string, bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.waiting.delete(body);
        reject(signal.reason as Error);
        this.admitWaiting();
      };
      const admit = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const body: WaitingBody = { client, bytes, admit };
      this.waiting.add(body);
      signal.addEventListener('abort', giveUp, { once: true });
      this.admitWaiting();
    });
  }

  /** Admits waiting bodies in order. A body that only its own client's share holds back delays no other. */
  private admitWaiting(): void {
    for (const body of this.waiting) {
      if (this.exceedsShare(body)) continue;
      if (this.held + body.bytes > this.limits.inAll) return;
      this.waiting.delete(body);
      this.count(body.client, body.bytes);
      body.admit();
    }
  }

  private exceedsShare({ client, bytes }: Pick<WaitingBody, 'client' | 'bytes'>): boolean {
    return (this.heldBy.get(client) ?? 0) + bytes > this.limits.perClient;
  }

  private count(client: string, bytes: number): void {
    this.held += bytes;
    const own = (this.heldBy.get(client) ?? 0) + bytes;
    if (own > 0) this.heldBy.set(client, own);
    else this.heldBy.delete(client);
  }
}
