import { methodsOf } from '@b24/portal';
import type { QueuedCall } from './queued-call';
import type { PortalLedger } from './operating-ledger';
import { ClientUsage } from './client-usage';

/** Requests of one portal under way at once from one replica; the wire has as many connections to a portal. */
export const maxInFlight = 64;
/** A key's requests may be this many times what is still free: 48 of 64 while nobody else has any, and never all. */
const perFree = 3;

/** The requests of one portal that are under way, and what they keep others from. */
export class InFlightRequests {
  private requests = 0;
  /** A request counts for each key whose calls it carries. */
  private readonly byClient = new ClientUsage();
  /** Methods close to their operating time of which a request is under way. */
  private readonly nearLimitMethods = new Set<string>();
  /** When each key last sent one of those, counted in requests. */
  private readonly lastNearLimit = new Map<string, number>();
  private sent = 0;

  constructor(private readonly ledger: PortalLedger) {}

  get count(): number {
    return this.requests;
  }

  /**
   * Whether one more request may carry the key's calls. A key that has many slow ones under way leaves room for the
   * others at any time ("dynamic thresholds", Choudhury and Hahne), so that nobody waits for its answers.
   */
  canSend(key: string): boolean {
    return this.byClient.of(key) < perFree * (maxInFlight - this.requests);
  }

  /** Whether a method of it is close to its operating time, and a request with that method is under way. */
  isHeld(call: QueuedCall): boolean {
    return call.commands
      .flatMap(methodsOf)
      .some((method) => this.ledger.isNearLimit(method) && this.nearLimitMethods.has(method));
  }

  /**
   * For each method that goes one by one, how long ago the keys that could send it now last did; the least of them.
   * @param waiting what could leave now
   */
  turnsOf(waiting: Iterable<QueuedCall>): ReadonlyMap<string, number> {
    const turns = new Map<string, number>();
    for (const call of waiting) {
      for (const method of this.nearLimitMethodsOf([call])) {
        turns.set(method, Math.min(turns.get(method) ?? Infinity, this.lastNearLimitOf(call)));
      }
    }
    return turns;
  }

  /** Whether another key's turn comes first for a method that goes one by one. */
  yields(call: QueuedCall, turns: ReadonlyMap<string, number>): boolean {
    if (turns.size === 0) return false;
    const last = this.lastNearLimitOf(call);
    return this.nearLimitMethodsOf([call]).some((method) => last > (turns.get(method) ?? Infinity));
  }

  /** A request leaves. Returns what to call when it is over. */
  start(calls: readonly QueuedCall[]): () => void {
    this.sent++;
    this.requests++;
    const keys = new Set(calls.flatMap((call) => [...call.clients]));
    for (const key of keys) this.byClient.add(key);
    const slowed = this.nearLimitMethodsOf(calls);
    for (const method of slowed) this.nearLimitMethods.add(method);
    for (const call of calls) {
      if (this.nearLimitMethodsOf([call]).length > 0) this.lastNearLimit.set(call.client, this.sent);
    }
    return () => {
      this.requests--;
      for (const key of keys) this.byClient.remove(key);
      for (const method of slowed) this.nearLimitMethods.delete(method);
    };
  }

  private lastNearLimitOf(call: QueuedCall): number {
    return this.lastNearLimit.get(call.client) ?? 0;
  }

  private nearLimitMethodsOf(calls: readonly QueuedCall[]): string[] {
    if (!this.ledger.hasNearLimit) return [];
    const methods = calls.flatMap(({ commands }) => commands.flatMap(methodsOf));
    return methods.filter((method) => this.ledger.isNearLimit(method));
  }
}
