import type { Caller } from './callers';
import { type Shares, shortage } from './shares';
import type { WaitingRoom } from './waiting-room';

/** The bytes that may wait for one portal on one replica. A command has at most 2 MiB. */
export const maxPortalBytes = 64 * 1024 * 1024;
/** The bytes that may wait on one replica, for all portals together. */
export const maxReplicaBytes = 256 * 1024 * 1024;

export interface QueueBounds {
  readonly calls: number;
  readonly portalBytes: number;
  readonly replicaBytes: number;
}

/** What waits on this replica for any portal. */
export interface ReplicaBytes {
  readonly shares: Shares;
  /** Refuses the newest calls of the key, wherever it has most waiting, until there is enough. */
  free(key: string, isShort: () => boolean): void;
}

/**
 * The places of a portal's queue. While there is room everyone enters. When there is none, the key that holds most
 * places, or most bytes, loses its newest call to a newcomer whose key holds less. That call was not sent.
 */
export class Admission {
  constructor(
    private readonly room: WaitingRoom,
    private readonly bounds: QueueBounds,
    private readonly replica: ReplicaBytes,
    private readonly refuse: (caller: Caller) => void,
  ) {}

  /** Makes room for a newcomer of the key. Returns false, and refuses nobody, when there is none for it. */
  admits(key: string, bytes: number): boolean {
    const { room, replica, bounds } = this;
    const ofCalls = shortage(room.waiting, bounds.calls, key, 1);
    const ofBytes = shortage(room.bytes, bounds.portalBytes, key, bytes);
    const ofReplica = shortage(replica.shares, bounds.replicaBytes, key, bytes);
    for (const it of [ofCalls, ofBytes, ofReplica]) if (it && it.from === undefined) return false;
    if (ofCalls?.from !== undefined) this.free(ofCalls.from, () => room.waiting.total + 1 > bounds.calls);
    if (ofBytes?.from !== undefined) this.free(ofBytes.from, () => room.bytes.total + bytes > bounds.portalBytes);
    const isShort = () => replica.shares.total + bytes > bounds.replicaBytes;
    if (ofReplica?.from !== undefined) replica.free(ofReplica.from, isShort);
    return true;
  }

  /** Refuses the newest waiting calls of the key until there is enough. */
  free(key: string, isShort: () => boolean): void {
    for (const caller of this.room.newest(key)) {
      if (!isShort()) return;
      this.refuse(caller);
    }
  }
}
