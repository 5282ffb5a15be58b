import type { WaiterEntry } from './client-waiters';
import { type ClientUsage, overflowOf } from './client-usage';
import type { CallQueue } from './call-queue';

/** Bytes that may wait for one portal on one replica. A command has at most 2 MiB. */
export const maxPortalQueueBytes = 64 * 1024 * 1024;
/** Bytes that may wait on one replica for all portals. */
export const maxReplicaQueueBytes = 256 * 1024 * 1024;

export interface QueueBounds {
  readonly calls: number;
  readonly portalBytes: number;
  readonly replicaBytes: number;
}

/** The memory that waiting calls of all portals use on this replica. */
export interface ReplicaUsage {
  readonly usage: ClientUsage;
  /** Evicts the client's newest calls, first where most of its bytes wait, while `isShort` returns true. */
  evictFrom(client: string, isShort: () => boolean): void;
}

/**
 * Admits calls to a portal's queue. When the queue is full, the client that holds most slots, or most bytes, loses its
 * newest waiting call to a newcomer whose client holds less ("longest queue drop").
 */
export class Admission {
  constructor(
    private readonly queue: CallQueue,
    private readonly bounds: QueueBounds,
    private readonly replica: ReplicaUsage,
    private readonly evict: (entry: WaiterEntry) => void,
  ) {}

  /** Makes room for a call of the client. Returns false, and evicts nothing, if the client must not get any. */
  admit(client: string, bytes: number): boolean {
    const { queue, replica, bounds } = this;
    const ofCalls = overflowOf(queue.waiting, bounds.calls, client, 1);
    const ofBytes = overflowOf(queue.bytes, bounds.portalBytes, client, bytes);
    const ofReplica = overflowOf(replica.usage, bounds.replicaBytes, client, bytes);
    for (const it of [ofCalls, ofBytes, ofReplica]) if (it && it.evictFrom === undefined) return false;
    if (ofCalls?.evictFrom !== undefined)
      this.evictFrom(ofCalls.evictFrom, () => queue.waiting.total + 1 > bounds.calls);
    if (ofBytes?.evictFrom !== undefined)
      this.evictFrom(ofBytes.evictFrom, () => queue.bytes.total + bytes > bounds.portalBytes);
    const isShort = () => replica.usage.total + bytes > bounds.replicaBytes;
    if (ofReplica?.evictFrom !== undefined) replica.evictFrom(ofReplica.evictFrom, isShort);
    return true;
  }

  /** Evicts the client's newest waiting calls while `isShort` returns true. */
  evictFrom(client: string, isShort: () => boolean): void {
    for (const entry of this.queue.newest(client)) {
      if (!isShort()) return;
      this.evict(entry);
    }
  }
}
