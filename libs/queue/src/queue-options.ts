import type { Clock, Command, Fault, PortalId, Send } from '@b24/portal';
import type { PeerExchange } from './peer-exchange';
import type { Plan, RateLimiter } from './rate-limiter';

/** Receives what the portal queues do, for metrics and alerts. */
export interface QueueObserver {
  /** A request was sent. @param queueMs how long each caller on this replica had waited */
  requestSent(portal: PortalId, commands: number, queueMs: readonly number[]): void;
  /** A peer sent a call of this replica. @param queueMs how long each of its callers had waited */
  callSentByPeer(portal: PortalId, queueMs: readonly number[]): void;
  backedOff(portal: PortalId): void;
  circuit(portal: PortalId, change: 'opened' | 'closed', fault?: Fault): void;
}

/** What a request needs before it acquires a permit. */
export interface PreparedRequest {
  readonly plan: Plan;
  /** Sends with the grant that was found ready. */
  readonly send: Send;
}

export interface QueueOptions {
  readonly rateLimiter: RateLimiter;
  readonly peerExchange: PeerExchange;
  readonly clock: Clock;
  /** Returns what `prepare` would resolve with, if that is in memory. */
  readonly ready?: (portal: PortalId) => PreparedRequest | undefined;
  /** Called before a permit is acquired, because it may be slow and a permit must be used at once. */
  readonly prepare: (portal: PortalId) => Promise<PreparedRequest>;
  /** The bytes that a command takes in a batch; undefined if it may not share one with other callers. */
  readonly batchBytesOf: (command: Command) => number | undefined;
  /** Calls that may wait for one portal on this replica. */
  readonly queueLimit: number;
  /** Probes whether the portal answers a command of the gateway's own. */
  readonly isAnswering: (portal: PortalId) => Promise<boolean>;
  /** How long a portal may run one call, even after its connection was lost. */
  readonly maxCallMs: number;
  /** Bytes that may wait on this replica, for one portal and for all. */
  readonly maxBytes?: { readonly portal: number; readonly replica: number };
  /** How long a caller waits by default; bounds Retry-After. */
  readonly callTimeoutMs: number;
  readonly observer: QueueObserver;
}
