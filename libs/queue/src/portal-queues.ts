import { Fault, type PortalId, type Send } from '@b24/portal';
import type { Level, Plan } from './rate-limiter';
import { PortalQueue, type QueueCounts } from './portal-queue';
import type { QueueOptions } from './queue-options';
import { OperatingLedger } from './operating-ledger';
import { ClientUsage } from './client-usage';

/** A queue without anything to do for so long is dropped, with what its bucket holds on this replica. */
const dropAfterMs = 60_000;
const sweepEveryMs = 30_000;

const idle: QueueCounts = { waiting: 0, inFlight: 0, commandsPerRequest: 1, left: 0, circuit: 'closed' };

export interface QueueState extends Level, QueueCounts {}

/** What may be read of the queues, without a way to send anything. */
export type QueueReadings = Pick<PortalQueues, 'ledger' | 'state' | 'level' | 'counts' | 'countsOf' | 'knows'>;

/**
 * The station where calls wait for their portal's bucket and share its trips. PortalQueues are made on first use and dropped
 * when idle; one timer serves them all.
 * Faults of its own: queue_full, operating_time_spent, portal_unreachable (its circuit), shutting_down,
 * store_unavailable; outcome_unknown when a deadline passes after departure.
 */
export class PortalQueues {
  readonly ledger: OperatingLedger;
  private readonly queues = new Map<PortalId, PortalQueue>();
  /** What waits here, over all portals. */
  private readonly bytes = {
    usage: new ClientUsage(),
    evictFrom: (key: string, isShort: () => boolean) => {
      this.free(key, isShort);
    },
  };
  private stopSweeping: (() => void) | undefined;
  private closing = false;

  constructor(private readonly options: QueueOptions) {
    this.ledger = new OperatingLedger(options.clock);
    options.peerExchange.onResult((portal, result) => void this.queues.get(portal)?.onPeerResult(result));
  }

  readonly send: Send = (portal, commands, signal) => {
    if (this.closing) return Promise.reject(new Fault('shutting_down'));
    return this.queue(portal).send(commands, signal);
  };

  /** Makes no queue, nor anything that stays in Redis. */
  async state(portal: PortalId, plan: Plan): Promise<QueueState> {
    return { ...(this.countsOf(portal) ?? idle), ...(await this.options.rateLimiter.level(portal, plan)) };
  }

  /** What the portal's bucket has left. Makes no queue, nor anything that stays in Redis. */
  level(portal: PortalId, plan: Plan): Promise<Level> {
    return this.options.rateLimiter.level(portal, plan);
  }

  /** The queues of portals that are there, which have anything to do, or had lately. */
  *counts(): Generator<[PortalId, QueueCounts]> {
    for (const [portal, queue] of this.queues) if (queue.isFound) yield [portal, queue.counts];
  }

  /** Undefined when the queue had nothing to do lately. */
  countsOf(portal: PortalId): QueueCounts | undefined {
    const queue = this.queues.get(portal);
    return queue?.isFound ? queue.counts : undefined;
  }

  /** Whether the portal was found to be there lately, and not only named by a caller. */
  knows(portal: PortalId): boolean {
    return this.queues.get(portal)?.isFound ?? false;
  }

  /** A new portal's bucket begins to fill now, not at its first call. */
  async open(portal: PortalId, plan: Plan): Promise<void> {
    this.queue(portal).markFound();
    await this.options.rateLimiter.open(portal, plan);
  }

  /** Takes no more calls; those that wait are told so, those under way go on. */
  close(): void {
    this.closing = true;
    this.stopSweeping?.();
    for (const queue of this.queues.values()) queue.close(new Fault('shutting_down'));
  }

  /** Resolves when no trip carries other replicas' calls any more. */
  async settle(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queueOf) => queueOf.settle()));
  }

  private queue(portal: PortalId): PortalQueue {
    let queue = this.queues.get(portal);
    if (!queue) {
      const made = new PortalQueue(portal, this.options, this.ledger.of(portal), this.bytes, () => {
        this.dropMissing(portal, made);
      });
      queue = made;
      this.queues.set(portal, queue);
      this.sweepLater();
    }
    return queue;
  }

  /** There is no such portal: nothing of what somebody called by this name stays. */
  private dropMissing(portal: PortalId, queue: PortalQueue): void {
    if (this.queues.get(portal) !== queue || queue.idleSinceMs() === undefined) return;
    this.queues.delete(portal);
    this.options.rateLimiter.unload(portal);
    this.ledger.permit(portal);
  }

  /** Refuses the key's newest calls to the portal where it has most waiting, then to the next. */
  private free(key: string, isShort: () => boolean): void {
    const queues = [...this.queues.values()].filter((queue) => queue.bytesOf(key) > 0);
    queues.sort((a, b) => b.bytesOf(key) - a.bytesOf(key));
    for (const queue of queues) queue.evictFrom(key, isShort);
  }

  private sweepLater(): void {
    this.stopSweeping ??= this.options.clock.after(sweepEveryMs, () => {
      this.sweep();
    });
  }

  private sweep(): void {
    this.stopSweeping = undefined;
    const beforeMs = this.options.clock.now() - dropAfterMs;
    for (const [portal, queue] of this.queues) {
      const idleSinceMs = queue.idleSinceMs();
      if (idleSinceMs === undefined || idleSinceMs > beforeMs) continue;
      this.queues.delete(portal);
      this.options.rateLimiter.unload(portal);
    }
    this.ledger.removeStale(this.queues);
    if (!this.closing && (this.queues.size > 0 || !this.ledger.isEmpty)) this.sweepLater();
  }
}
