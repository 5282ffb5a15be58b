import type { Clock } from '@b24/portal';

/** A method that is refused this often, with other requests answered in between, is refused for itself. */
const ownAfterRefusals = 3;
const rememberMs = 600_000;
const maxMethods = 100;

interface MethodRefusals {
  readonly times: number;
  readonly atMs: number;
  /** The number of requests answered by then. */
  readonly answers: number;
}

/**
 * Methods that were refused because the portal's bucket is full. The vendor checks its bucket before the method, so a
 * method that is refused again and again while others are answered is refused for itself: the bucket is not full.
 */
export class RefusedMethods {
  private readonly entries = new Map<string, MethodRefusals>();
  private answers = 0;

  constructor(private readonly clock: Clock) {}

  /** The portal answered a request. @param methods the methods that it ran */
  onAnswer(methods: Iterable<string>): void {
    this.answers++;
    for (const method of methods) this.entries.delete(method.toLowerCase());
  }

  /**
   * A request with only this method was refused. Returns `own` if that concerns the method and not the bucket, `again` if
   * the method was refused lately and it is worth probing whether other methods are answered.
   */
  onRefused(method: string): 'first' | 'again' | 'own' {
    const now = this.clock.now();
    const name = method.toLowerCase();
    const before = this.entries.get(name);
    const counts = before && now - before.atMs < rememberMs;
    // Refusals without an answered request in between count as one.
    const times = !counts ? 1 : before.answers < this.answers ? before.times + 1 : before.times;
    this.entries.delete(name);
    this.entries.set(name, { times: Math.min(times, ownAfterRefusals), atMs: now, answers: this.answers });
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= maxMethods) break;
      this.entries.delete(oldest);
    }
    return times >= ownAfterRefusals ? 'own' : counts ? 'again' : 'first';
  }
}
