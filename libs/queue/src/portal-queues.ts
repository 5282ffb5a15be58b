import { type Answer, type Command, Fault, type PortalId } from '@b24/portal';
import type { CallProgress } from './call-progress';
import { ClientUsage } from './client-usage';
import { OperatingLedger } from './operating-ledger';
import { PortalQueue, type QueueCounts } from './portal-queue';
import type { QueueOptions } from './queue-options';
import type { Level, Plan } from './rate-limiter';

/** An idle queue is dropped after this long, together with what its rate limiter holds on this replica, ms. */
const forgetAfterMs = 60_000;
const sweepIntervalMs = 30_000;

const idle: QueueCounts = { waiting: 0, inFlight: 0, commandsPerRequest: 1, left: 0, circuit: 'closed' };

export interface QueueState extends Level, QueueCounts {}

/** The read-only view of the portal queues. */
export type QueueReadings = Pick<PortalQueues, 'ledger' | 'state' | 'level' | 'counts' | 'countsOf' | 'knows'>;

/**
 * The station where calls wait for a permit of their portal and share requests. Queues are created on first use and
 * dropped when idle; one timer serves them all.
 * Its own faults: queue_full, operating_time_spent, portal_unreachable (the circuit is open), shutting_down,
 * store_unavailable, and outcome_unknown when a deadline passes after the call was sent.
 */
export class PortalQueues {
  readonly ledger: OperatingLedger;
  private readonly queues = new Map<PortalId, PortalQueue>();
  /** What waits on this replica for all portals. */
  private readonly replica = {
    usage: new ClientUsage(),
    evictFrom: (client: string, isShort: () => boolean) => {
      this.evictFrom(client, isShort);
    },
  };
  private stopSweeping: (() => void) | undefined;
  private isClosing = false;

  constructor(private readonly options: QueueOptions) {
    this.ledger = new OperatingLedger(options.clock);
    options.peerExchange.onResult((portal, result) => void this.queues.get(portal)?.onPeerResult(result));
  }

  /** A `Send`. @param progress is written when the call ends */
  readonly send = (
    portal: PortalId,
    commands: readonly Command[],
    signal: AbortSignal,
    progress?: CallProgress,
  ): Promise<readonly Answer[]> => {
    if (this.isClosing) return Promise.reject(new Fault('shutting_down'));
    return this.queueOf(portal).send(commands, signal, progress);
  };

  /** Returns the state of a portal's queue without creating a queue, or anything in Redis. */
  async state(portal: PortalId, plan: Plan): Promise<QueueState> {
    return { ...(this.countsOf(portal) ?? idle), ...(await this.options.rateLimiter.level(portal, plan)) };
  }

  /** Returns the available permits of a portal without creating a queue, or anything in Redis. */
  level(portal: PortalId, plan: Plan): Promise<Level> {
    return this.options.rateLimiter.level(portal, plan);
  }

  /** The queues that were used lately, of portals that exist. */
  *counts(): Generator<[PortalId, QueueCounts]> {
    for (const [portal, queue] of this.queues) if (queue.isFound) yield [portal, queue.counts];
  }

  /** Returns undefined if the queue was not used lately. */
  countsOf(portal: PortalId): QueueCounts | undefined {
    const queue = this.queues.get(portal);
    return queue?.isFound ? queue.counts : undefined;
  }

  /** Whether the portal was found to exist lately, and not only named by a caller. */
  knows(portal: PortalId): boolean {
    return this.queues.get(portal)?.isFound ?? false;
  }

  /** Refills the permits of a new portal from now on, not from its first call. */
  async open(portal: PortalId, plan: Plan): Promise<void> {
    this.queueOf(portal).markFound();
    await this.options.rateLimiter.open(portal, plan);
  }

  /** Rejects waiting calls and takes no more. Calls in flight finish. */
  close(): void {
    this.isClosing = true;
    this.stopSweeping?.();
    for (const queue of this.queues.values()) queue.close(new Fault('shutting_down'));
  }

  /** Resolves when no request carries remote calls any more. */
  async settle(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.settle()));
  }

  private queueOf(portal: PortalId): PortalQueue {
    let queue = this.queues.get(portal);
    if (!queue) {
      queue = new PortalQueue(portal, this.options, this.ledger.of(portal), this.replica, (missing) => {
        this.forgetMissing(portal, missing);
      });
      this.queues.set(portal, queue);
      this.sweepLater();
    }
    return queue;
  }

  /** Drops everything that calls to a portal that does not exist have created. */
  private forgetMissing(portal: PortalId, queue: PortalQueue): void {
    if (this.queues.get(portal) !== queue || queue.idleSinceMs() === undefined) return;
    this.queues.delete(portal);
    this.options.rateLimiter.unload(portal);
    this.ledger.forget(portal);
  }

  /** Evicts the client's newest calls, first for the portal where most of its bytes wait. */
  private evictFrom(client: string, isShort: () => boolean): void {
    const queues = [...this.queues.values()].filter((queue) => queue.bytesOf(client) > 0);
    queues.sort((a, b) => b.bytesOf(client) - a.bytesOf(client));
    for (const queue of queues) queue.evictFrom(client, isShort);
  }

  private sweepLater(): void {
    this.stopSweeping ??= this.options.clock.after(sweepIntervalMs, () => {
      this.sweep();
    });
  }

  private sweep(): void {
    this.stopSweeping = undefined;
    const beforeMs = this.options.clock.now() - forgetAfterMs;
    for (const [portal, queue] of this.queues) {
      const idleSinceMs = queue.idleSinceMs();
      if (idleSinceMs === undefined || idleSinceMs > beforeMs) continue;
      this.queues.delete(portal);
      this.options.rateLimiter.unload(portal);
    }
    this.ledger.removeStale(this.queues);
    if (!this.isClosing && (this.queues.size > 0 || !this.ledger.isEmpty)) this.sweepLater();
  }
}
