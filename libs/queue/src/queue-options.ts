import type { Clock, Command, Fault, PortalId, Send } from '@b24/portal';
import type { RateLimiter, Plan } from './rate-limiter';
import type { PeerExchange } from './peer-exchange';

/** Told of what the queues do, for metrics and alerts. */
export interface QueueObserver {
  /** A trip left; how long each of its callers on this replica had waited. */
  requestSent(portal: PortalId, seats: number, queueMs: readonly number[]): void;
  /** Another replica's trip took along one of this replica's; how long its callers had waited. */
  callSentByPeer(portal: PortalId, queueMs: readonly number[]): void;
  backedOff(portal: PortalId): void;
  circuit(portal: PortalId, change: 'opened' | 'closed', fault?: Fault): void;
}

export interface QueueOptions {
  readonly rateLimiter: RateLimiter;
  readonly peerExchange: PeerExchange;
  readonly clock: Clock;
  readonly next: Send;
  /**
   * Run before each departure takes from the bucket: what it does may be slow, and a taken permit must leave at once.
   * Tells the portal's plan.
   */
  readonly prepare: (portal: PortalId) => Promise<Plan>;
  /** The bytes that a command takes in a batch; undefined when it may not share one. */
  readonly batchBytesOf: (command: Command) => number | undefined;
  /** Calls that may wait here, on this replica. */
  readonly queueLimit: number;
  /** Whether the portal answers a question of our own: asked when nothing else of it was answered lately. */
  readonly isAnswering: (portal: PortalId) => Promise<boolean>;
  /** How long a portal may run one call, whatever became of its connection. */
  readonly maxCallMs: number;
  /** Bytes that may wait for one portal, and for all, on this replica. */
  readonly maxBytes?: { readonly portal: number; readonly replica: number };
  /** How long a caller usually waits, for an honest Retry-After. */
  readonly callTimeoutMs: number;
  readonly observer: QueueObserver;
}
