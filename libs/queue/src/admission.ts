import type { WaiterEntry } from './client-waiters';
import { type ClientUsage, overflowOf } from './client-usage';
import type { CallQueue } from './call-queue';

/** The bytes that may wait for one portal on one replica. A command has at most 2 MiB. */
export const maxPortalQueueBytes = 64 * 1024 * 1024;
/** The bytes that may wait on one replica, for all portals together. */
export const maxReplicaQueueBytes = 256 * 1024 * 1024;

export interface QueueBounds {
  readonly calls: number;
  readonly portalBytes: number;
  readonly replicaBytes: number;
}

/** What waits on this replica for any portal. */
export interface ReplicaUsage {
  readonly usage: ClientUsage;
  /** Refuses the newest calls of the key, wherever it has most waiting, until there is enough. */
  evictFrom(key: string, isShort: () => boolean): void;
}

/**
 * The places of a portal's queue. While there is room everyone enters. When there is none, the key that holds most
 * places, or most bytes, loses its newest call to a newcomer whose key holds less. That call was not sent.
 */
export class Admission {
  constructor(
    private readonly queue: CallQueue,
    private readonly bounds: QueueBounds,
    private readonly replica: ReplicaUsage,
    private readonly evict: (caller: WaiterEntry) => void,
  ) {}

  /** Makes room for a newcomer of the key. Returns false, and refuses nobody, when there is none for it. */
  admit(key: string, bytes: number): boolean {
    const { queue, replica, bounds } = this;
    const ofCalls = overflowOf(queue.waiting, bounds.calls, key, 1);
    const ofBytes = overflowOf(queue.bytes, bounds.portalBytes, key, bytes);
    const ofReplica = overflowOf(replica.usage, bounds.replicaBytes, key, bytes);
    for (const it of [ofCalls, ofBytes, ofReplica]) if (it && it.evictFrom === undefined) return false;
    if (ofCalls?.evictFrom !== undefined)
      this.evictFrom(ofCalls.evictFrom, () => queue.waiting.total + 1 > bounds.calls);
    if (ofBytes?.evictFrom !== undefined)
      this.evictFrom(ofBytes.evictFrom, () => queue.bytes.total + bytes > bounds.portalBytes);
    const isShort = () => replica.usage.total + bytes > bounds.replicaBytes;
    if (ofReplica?.evictFrom !== undefined) replica.evictFrom(ofReplica.evictFrom, isShort);
    return true;
  }

  /** Refuses the newest waiting calls of the key until there is enough. */
  evictFrom(key: string, isShort: () => boolean): void {
    for (const caller of this.queue.newest(key)) {
      if (!isShort()) return;
      this.evict(caller);
    }
  }
}
