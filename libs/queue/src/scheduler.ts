import { BatchBuilder } from './batch-builder';
import { CallQueue } from './call-queue';
import type { CircuitBreaker } from './circuit-breaker';
import type { ClientUsage } from './client-usage';
import type { SendFilter } from './entity-order';
import { InFlightRequests, maxInFlight } from './in-flight-requests';
import type { PortalLedger } from './operating-ledger';
import type { QueuedCall } from './queued-call';

/**
 * Decides for one portal which waiting calls may be sent now, which of them share a batch, and whose turn it is. It has
 * no timers and does no I/O.
 */
export class Scheduler {
  readonly calls: CallQueue;
  readonly inFlight: InFlightRequests;

  constructor(
    private readonly ledger: PortalLedger,
    private readonly circuit: CircuitBreaker,
    /** The bytes that wait on this replica for all portals. */
    replicaUsage: ClientUsage,
  ) {
    this.calls = new CallQueue(replicaUsage);
    this.inFlight = new InFlightRequests(ledger);
  }

  /** Whether a request could be sent now, if a permit were available. */
  get canDispatch(): boolean {
    if (this.calls.isEmpty || this.inFlight.count >= maxInFlight) return false;
    // A half-open circuit lets one request through; its outcome decides about the others.
    if (this.circuit.state === 'probing' && (this.inFlight.count > 0 || this.circuit.isProbing)) return false;
    return this.calls.hasSendable(this.sendable);
  }

  /** Takes the calls of the next batch out of the queue and marks them as in flight. */
  takeBatch(atMs: number): BatchBuilder {
    const batch = new BatchBuilder(this.ledger);
    this.calls.fill(batch, this.sendableInTurn(), atMs);
    return batch;
  }

  /** Returns the calls that the next shared batch would contain, and lets no more callers join them. */
  previewBatch(): readonly QueuedCall[] {
    const batch = new BatchBuilder(this.ledger);
    const filter = this.sendableInTurn();
    this.calls.pick(batch, { ...filter, call: (it) => it.batchBytes !== undefined && filter.call(it) });
    // An offered read may be sent before a write that its new caller has seen.
    for (const call of batch.calls) this.calls.stopSharing(call);
    return batch.calls;
  }

  private readonly sendable: SendFilter = {
    client: (client) => this.inFlight.canSend(client),
    call: (call) => !call.isPaused && !this.inFlight.isHeld(call),
  };

  /** Like `sendable`, with the clients' turns for methods that are sent one by one. */
  private sendableInTurn(): SendFilter {
    const { ledger, inFlight, calls, sendable } = this;
    if (!ledger.hasNearLimit) return sendable;
    const ready = [...calls.calls()].filter((call) => sendable.call(call) && calls.canSend(call, sendable));
    const turns = inFlight.turnsOf(ready.filter(({ clients }) => clients.some((client) => sendable.client(client))));
    return { ...sendable, call: (it) => sendable.call(it) && !inFlight.yields(it, turns) };
  }
}
