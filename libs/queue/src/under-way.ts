import { methodsOf } from '@b24/portal';
import type { Booking } from './booking';
import type { PortalLedger } from './operating-ledger';
import { Shares } from './shares';

/** Requests of one portal under way at once from one replica; the wire has as many connections to a portal. */
export const maxUnderWay = 64;
/** A key's requests may be this many times what is still free: 48 of 64 while nobody else has any, and never all. */
const perFree = 3;

/** The requests of one portal that are under way, and what they keep others from. */
export class UnderWay {
  private requests = 0;
  /** A request counts for each key whose calls it carries. */
  private readonly byKey = new Shares();
  /** Methods close to their operating time of which a request is under way. */
  private readonly methods = new Set<string>();
  /** When each key last sent one of those, counted in requests. */
  private readonly lastSlowed = new Map<string, number>();
  private sent = 0;

  constructor(private readonly ledger: PortalLedger) {}

  get count(): number {
    return this.requests;
  }

  /**
   * Whether one more request may carry the key's calls. A key that has many slow ones under way leaves room for the
   * others at any time ("dynamic thresholds", Choudhury and Hahne), so that nobody waits for its answers.
   */
  mayCarry(key: string): boolean {
    return this.byKey.of(key) < perFree * (maxUnderWay - this.requests);
  }

  /** Whether a method of it is close to its operating time, and a request with that method is under way. */
  isHeld(booking: Booking): boolean {
    return booking.commands
      .flatMap(methodsOf)
      .some((method) => this.ledger.isNearLimit(method) && this.methods.has(method));
  }

  /**
   * For each method that goes one by one, how long ago the keys that could send it now last did; the least of them.
   * @param waiting what could leave now
   */
  turnsOf(waiting: Iterable<Booking>): ReadonlyMap<string, number> {
    const turns = new Map<string, number>();
    for (const booking of waiting) {
      for (const method of this.slowedOf([booking])) {
        turns.set(method, Math.min(turns.get(method) ?? Infinity, this.lastSlowedOf(booking)));
      }
    }
    return turns;
  }

  /** Whether another key's turn comes first for a method that goes one by one. */
  yields(booking: Booking, turns: ReadonlyMap<string, number>): boolean {
    if (turns.size === 0) return false;
    const last = this.lastSlowedOf(booking);
    return this.slowedOf([booking]).some((method) => last > (turns.get(method) ?? Infinity));
  }

  /** A request leaves. Returns what to call when it is over. */
  begin(bookings: readonly Booking[]): () => void {
    this.sent++;
    this.requests++;
    const keys = new Set(bookings.flatMap((booking) => [...booking.keys]));
    for (const key of keys) this.byKey.add(key);
    const slowed = this.slowedOf(bookings);
    for (const method of slowed) this.methods.add(method);
    for (const booking of bookings) {
      if (this.slowedOf([booking]).length > 0) this.lastSlowed.set(booking.from, this.sent);
    }
    return () => {
      this.requests--;
      for (const key of keys) this.byKey.remove(key);
      for (const method of slowed) this.methods.delete(method);
    };
  }

  private lastSlowedOf(booking: Booking): number {
    return this.lastSlowed.get(booking.from) ?? 0;
  }

  private slowedOf(bookings: readonly Booking[]): string[] {
    if (!this.ledger.hasNearLimit) return [];
    const methods = bookings.flatMap(({ commands }) => commands.flatMap(methodsOf));
    return methods.filter((method) => this.ledger.isNearLimit(method));
  }
}
