import type { Clock } from '@b24/portal';
import { LRUCache } from 'lru-cache';
import { timedOutMessage } from './command-timeouts';
import type { StoreConnection } from './connect-store';
import type { InvalidationSource } from './invalidations';

/** A value as it was read, and for how long Redis holds it: absent or negative without an end. */
export interface StoredValue<Value> {
  readonly value: Value;
  readonly ttlMs?: number;
}

export interface InvalidatedCacheOptions {
  readonly source: InvalidationSource;
  /** Reads whatever may not be stored in memory. */
  readonly redis: StoreConnection;
  readonly clock: Clock;
  /** The least recently used entry is dropped beyond this number. */
  readonly maxEntries: number;
}

/** What an invalidated key of Redis means for a cache. */
type OnInvalidated = (redisKey: string) => void;

interface CacheEntry<Value> {
  readonly value: Value;
  readonly untilMs: number;
}

interface PendingLoad<Value> {
  /** Whether the value was neither invalidated nor forgotten since the load began. */
  isCurrent: boolean;
  readonly value: Promise<Value | undefined>;
}

/** An entry is read from Redis after this long even if it was never invalidated. */
const maxEntryAgeMs = 60_000;

/**
 * Values of Redis in memory, dropped as soon as Redis reports a change. A value is returned only while the source proves
 * that no report is missing; otherwise each read goes to Redis. An absent value is never stored.
 */
export class InvalidatedCache<Value extends NonNullable<unknown>> {
  private readonly entries;
  private readonly loads = new Map<string, PendingLoad<Value>>();

  /** @param onInvalidated forgets what depends on this key of Redis */
  constructor(
    private readonly options: InvalidatedCacheOptions,
    onInvalidated: OnInvalidated,
  ) {
    this.entries = new LRUCache<string, CacheEntry<Value>>({ max: options.maxEntries });
    const flush = () => {
      this.flush();
    };
    options.source.subscribe({ invalidated: onInvalidated, flush });
  }

  /** Returns the value if it is in memory and proven. */
  peek(name: string): Value | undefined {
    const nowMs = this.options.clock.now();
    if (!this.options.source.isProven(nowMs)) return undefined;
    const entry = this.entries.get(name);
    return entry !== undefined && nowMs < entry.untilMs ? entry.value : undefined;
  }

  /**
   * Returns the value from memory, or reads it; concurrent reads are one.
   * @param load reads the value through the given connection
   * @throws what `load` throws
   */
  get(
    name: string,
    load: (redis: StoreConnection) => Promise<StoredValue<Value> | undefined>,
  ): Promise<Value | undefined> {
    const { source, redis, clock } = this.options;
    const found = this.peek(name);
    if (found !== undefined) return Promise.resolve(found);
    const { tracked } = source;
    if (!tracked || !source.isProven(clock.now())) return load(redis).then((stored) => stored?.value);
    const pending = this.loads.get(name) ?? this.begin(name, tracked, load);
    return pending.value;
  }

  /** Drops a value. One that is being read is returned to those who wait for it, and not stored. */
  forget(name: string): void {
    this.entries.delete(name);
    const pending = this.loads.get(name);
    if (pending) pending.isCurrent = false;
    this.loads.delete(name);
  }

  /** Drops every value, as `forget` does. */
  flush(): void {
    this.entries.clear();
    for (const pending of this.loads.values()) pending.isCurrent = false;
    this.loads.clear();
  }

  /** Runs a write of this replica's own. No value read before its end is in memory afterwards. */
  async changing<T>(name: string, write: () => Promise<T>): Promise<T> {
    this.forget(name);
    try {
      return await write();
    } finally {
      this.forget(name);
    }
  }

  private begin(
    name: string,
    tracked: StoreConnection,
    load: (redis: StoreConnection) => Promise<StoredValue<Value> | undefined>,
  ): PendingLoad<Value> {
    const sentAtMs = this.options.clock.now();
    const read = load(tracked).catch((error: unknown) => {
      // The tracked connection repeats nothing; the other one waits for Redis as every command does, but not twice.
      if ((error as Error).message === timedOutMessage) throw error;
      pending.isCurrent = false;
      return load(this.options.redis);
    });
    const value = read
      .then((stored) => {
        if (stored && pending.isCurrent) this.store(name, stored, sentAtMs);
        return stored?.value;
      })
      .finally(() => {
        if (this.loads.get(name) === pending) this.loads.delete(name);
      });
    const pending: PendingLoad<Value> = { isCurrent: true, value };
    this.loads.set(name, pending);
    return pending;
  }

  private store(name: string, { value, ttlMs = -1 }: StoredValue<Value>, sentAtMs: number): void {
    const lifeMs = ttlMs < 0 ? maxEntryAgeMs : Math.min(ttlMs, maxEntryAgeMs);
    this.entries.set(name, { value, untilMs: sentAtMs + lifeMs });
  }
}
