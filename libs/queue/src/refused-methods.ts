import type { Clock } from '@b24/portal';

/** A method that is refused so often, with other requests answered in between, is refused for itself. */
const ownAfter = 3;
const rememberMs = 600_000;
const maxMethods = 100;

interface MethodRefusals {
  readonly times: number;
  readonly atMs: number;
  /** How many requests had been answered then. */
  readonly answers: number;
}

/**
 * Methods that were told that the portal's bucket is full. The vendor says so before it looks at the method, so that a
 * method which hears it again and again while others are answered says it of itself, and the portal's bucket is not full.
 */
export class RefusedMethods {
  private readonly entries = new Map<string, MethodRefusals>();
  private answers = 0;

  constructor(private readonly clock: Clock) {}

  /** The portal answered a request, which ran these. */
  onAnswer(methods: Iterable<string>): void {
    this.answers++;
    for (const method of methods) this.entries.delete(method.toLowerCase());
  }

  /**
   * A request of this method alone was refused. own: that concerns the method and not the bucket. again: so it was
   * lately; whether others are answered is worth finding out.
   */
  onRefused(method: string): 'first' | 'again' | 'own' {
    const now = this.clock.now();
    const name = method.toLowerCase();
    const before = this.entries.get(name);
    const counts = before && now - before.atMs < rememberMs;
    // Several that were refused together, or one after the other with nothing in between, are one refusal.
    const times = !counts ? 1 : before.answers < this.answers ? before.times + 1 : before.times;
    this.entries.delete(name);
    this.entries.set(name, { times: Math.min(times, ownAfter), atMs: now, answers: this.answers });
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= maxMethods) break;
      this.entries.delete(oldest);
    }
    return times >= ownAfter ? 'own' : counts ? 'again' : 'first';
  }
}
