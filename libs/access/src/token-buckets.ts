import { type Clock, setNewest } from '@b24/portal';

export interface TokenBucketLimits {
  /** Tokens of a full bucket. */
  readonly capacity: number;
  readonly tokensPerSecond: number;
  /** Limit of names. The least recently used one is dropped; its bucket is full when the name comes again. */
  readonly maxNames: number;
}

/** Tolerates floating-point error, so that a caller who returns exactly at Retry-After is admitted. */
const oneToken = 1 - 1e-6;

interface TokenBucket {
  tokens: number;
  filledAtMs: number;
}

/**
 * A token bucket for each name, in this process and in bounded memory. `rate-limiter-flexible` counts in fixed windows by
 * the system clock, so it can neither report the exact wait nor be tested in virtual time.
 */
export class TokenBuckets {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly limits: TokenBucketLimits,
    private readonly clock: Clock,
  ) {}

  /** Returns the milliseconds until the name has a token; 0 when it has one. */
  waitMs(name: string): number {
    return this.missingMs(this.bucketOf(name));
  }

  /** Takes a token and returns 0, or returns the milliseconds until there is one. */
  take(name: string): number {
    const bucket = this.bucketOf(name);
    const waitMs = this.missingMs(bucket);
    if (waitMs > 0) return waitMs;
    bucket.tokens = Math.max(0, bucket.tokens - 1);
    return 0;
  }

  /** Puts a token back. */
  refund(name: string): void {
    const bucket = this.bucketOf(name);
    bucket.tokens = Math.min(this.limits.capacity, bucket.tokens + 1);
  }

  /** Number of names. */
  get size(): number {
    return this.buckets.size;
  }

  private missingMs({ tokens }: TokenBucket): number {
    return tokens < oneToken ? Math.ceil(((oneToken - tokens) / this.limits.tokensPerSecond) * 1000) : 0;
  }

  private bucketOf(name: string): TokenBucket {
    const { capacity, tokensPerSecond, maxNames } = this.limits;
    const nowMs = this.clock.now();
    const bucket = this.buckets.get(name) ?? { tokens: capacity, filledAtMs: nowMs };
    bucket.tokens = Math.min(
      capacity,
      bucket.tokens + (Math.max(0, nowMs - bucket.filledAtMs) * tokensPerSecond) / 1000,
    );
    bucket.filledAtMs = nowMs;
    setNewest(this.buckets, name, bucket, maxNames);
    return bucket;
  }
}
