import { Fault, methodsOf } from '@b24/portal';
import type { QueuedCall } from './queued-call';
import type { PortalLedger } from './operating-ledger';
import { ClientUsage } from './client-usage';

/** Requests in flight from one replica to one portal; the HTTP client has as many connections to a portal. */
export const maxInFlight = 64;
/** A client may have this many requests in flight per free one: 48 of 64 while no other client has any, never all. */
const maxPerFree = 3;

/** A request in flight. */
export interface InFlightRequest {
  /** Aborts when no caller waits for the request any more. */
  readonly signal: AbortSignal;
  readonly clients: Iterable<string>;
  /** Its methods that are near their operating limit. */
  readonly methods: readonly string[];
}

/** The requests in flight to one portal, and the calls that must wait for them. */
export class InFlightRequests {
  private requests = 0;
  /** A request counts for every client whose calls it carries. */
  private readonly byClient = new ClientUsage();
  /** Methods near their operating limit that are in flight. */
  private readonly nearLimitMethods = new Set<string>();
  /** The number of the request in which each client last sent such a method. */
  private readonly lastNearLimit = new Map<string, number>();
  private sent = 0;

  constructor(private readonly ledger: PortalLedger) {}

  get count(): number {
    return this.requests;
  }

  /**
   * Whether one more request may carry the client's calls. A client with many slow requests always leaves room for others
   * ("dynamic thresholds", Choudhury and Hahne), so that no client waits for another's answers.
   */
  canSend(client: string): boolean {
    return this.byClient.of(client) < maxPerFree * (maxInFlight - this.requests);
  }

  /** Whether a method of the call is near its operating limit and in flight. */
  isHeld(call: QueuedCall): boolean {
    if (this.nearLimitMethods.size === 0) return false;
    return call.commands
      .flatMap(methodsOf)
      .some((method) => this.ledger.isNearLimit(method) && this.nearLimitMethods.has(method));
  }

  /**
   * Returns, for each method that is sent one by one, when the client whose turn it is last sent it: the longest ago.
   * @param waiting the calls that could be sent now
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

  /** Whether another client's turn comes first for a method that is sent one by one. */
  yields(call: QueuedCall, turns: ReadonlyMap<string, number>): boolean {
    if (turns.size === 0) return false;
    const last = this.lastNearLimitOf(call);
    return this.nearLimitMethodsOf([call]).some((method) => last > (turns.get(method) ?? Infinity));
  }

  /** Starts a request. */
  start(calls: readonly QueuedCall[]): InFlightRequest {
    this.sent++;
    this.requests++;
    const clients = clientsOf(calls);
    for (const client of clients) this.byClient.add(client);
    const methods = this.nearLimitMethodsOf(calls);
    for (const method of methods) this.nearLimitMethods.add(method);
    if (methods.length > 0) this.rememberTurns(calls);
    return { signal: abortWhenAbandoned(calls), clients, methods };
  }

  /** The request was answered or lost. */
  finish({ clients, methods }: InFlightRequest): void {
    this.requests--;
    for (const client of clients) this.byClient.remove(client);
    for (const method of methods) this.nearLimitMethods.delete(method);
  }

  private rememberTurns(calls: readonly QueuedCall[]): void {
    for (const call of calls)
      if (this.nearLimitMethodsOf([call]).length > 0) this.lastNearLimit.set(call.client, this.sent);
  }

  private lastNearLimitOf(call: QueuedCall): number {
    return this.lastNearLimit.get(call.client) ?? 0;
  }

  private nearLimitMethodsOf(calls: readonly QueuedCall[]): readonly string[] {
    if (!this.ledger.hasNearLimit) return none;
    const methods = calls.flatMap(({ commands }) => commands.flatMap(methodsOf));
    return methods.filter((method) => this.ledger.isNearLimit(method));
  }
}

const none: readonly string[] = [];

function clientsOf(calls: readonly QueuedCall[]): Iterable<string> {
  const [first, ...others] = calls;
  return others.length === 0 ? (first?.clients ?? none) : new Set(calls.flatMap(({ clients }) => clients));
}

/** Returns a signal that aborts when no caller waits for any of the calls. */
function abortWhenAbandoned(calls: readonly QueuedCall[]): AbortSignal {
  const [first, ...others] = calls;
  const own = others.length === 0 ? first?.onlySignal : undefined;
  if (own) return own;
  const controller = new AbortController();
  let waitedFor = calls.length;
  for (const call of calls) {
    call.onAbandoned = () => {
      if (--waitedFor === 0) controller.abort(new Fault('deadline_exceeded'));
    };
  }
  return controller.signal;
}
