import type { Answer, Command, Fault, PortalId, RequestInfo } from '@b24/portal';

/** A waiting call that any replica may send with its next request. */
export interface OfferedCall {
  /** From `PeerExchange.newId`. A call that is offered again gets a new id. */
  readonly id: string;
  readonly commands: readonly Command[];
}

/** What a replica learns of its peers when it offers calls. */
export interface PeerState {
  /** Whether other replicas wait for a permit of the same portal. */
  readonly peersWait: boolean;
  /**
   * The calls this replica offered, by id: unclaimed, claimed by a request in flight, or lost with its request.
   * Calls whose result was published are absent.
   */
  readonly offered: ReadonlyMap<string, 'waiting' | 'claimed' | 'lost'>;
}

/** The result of remote calls: the answers to each of them, or the fault of the whole request. */
export type PeerResult =
  | { readonly ids: readonly string[]; readonly answers: readonly (readonly Answer[])[]; readonly request: RequestInfo }
  | { readonly ids: readonly string[]; readonly fault: Fault };

/**
 * Where replicas offer waiting calls to each other. An offered call is claimed by one request, or withdrawn by its owner,
 * never both. A request that carries remote calls holds a lease; if the lease expires before a result is published, its
 * owners see the calls as lost.
 * Every method rejects with Fault `store_unavailable` if the store does not answer; its effect is then unknown.
 */
export interface PeerExchange {
  newId(): string;
  /** Offers calls and returns the state of all offers. @param isWaiting whether this replica waits for a permit */
  offer(portal: PortalId, calls: readonly OfferedCall[], isWaiting: boolean): Promise<PeerState>;
  /** Returns the unclaimed calls that waiting peers offer. */
  remoteCalls(portal: PortalId): Promise<readonly OfferedCall[]>;
  /** Claims calls for a request, or withdraws this replica's own. Resolves with the ids that were still unclaimed. */
  claim(portal: PortalId, requestId: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Renews the lease of a request that is still in flight. */
  renewLease(portal: PortalId, requestId: string): Promise<void>;
  /** Publishes the result of a request to the owners of its remote calls. */
  publishResult(portal: PortalId, requestId: string, result: PeerResult): Promise<void>;
  /** Sets the one listener for results of calls that this replica offered. */
  onResult(listener: (portal: PortalId, result: PeerResult) => void): void;
  close(): void;
}

/** A request is lost when its lease was not renewed for this long, milliseconds. */
export const requestLeaseMs = 10_000;
/** A replica no longer counts as waiting after this long without a sign of life, milliseconds. */
export const peerTtlMs = 5000;
