import type { Clock } from '@b24/portal';
import { Poller, type RedisScript } from '@b24/redis';

/** A key that is in use. */
export interface UsedKey {
  /** SHA-256 of the key, in hexadecimal digits. */
  readonly digest: string;
  /** Until then its uses need not be stored, unix milliseconds. */
  isStoredUntilMs: number;
}

const flushEveryMs = 1000;
/** A key in use is stored this often; Redis writes it once a minute. */
const storeEveryMs = 10_000;

/** Stores when keys were last used, within a second and without delaying the requests that use them. */
export class KeyUses {
  private readonly pending = new Set<string>();
  private readonly poller: Poller;

  /** @param record stores the use of the key with this digest */
  constructor(
    private readonly clock: Clock,
    private readonly record: (digest: string) => ReturnType<RedisScript<unknown>>,
  ) {
    this.poller = new Poller({ clock, everyMs: flushEveryMs, run: () => this.flush() });
  }

  start(): void {
    this.poller.start('later');
  }

  stop(): void {
    this.poller.stop();
  }

  note(key: UsedKey): void {
    const nowMs = this.clock.now();
    if (nowMs < key.isStoredUntilMs) return;
    key.isStoredUntilMs = nowMs + storeEveryMs;
    this.pending.add(key.digest);
  }

  /** Resolves when the uses until now are stored. Those that Redis did not take are stored later. Never rejects. */
  async flush(): Promise<void> {
    const digests = [...this.pending];
    this.pending.clear();
    await Promise.all(digests.map((digest) => this.record(digest).catch(() => this.pending.add(digest))));
  }
}
