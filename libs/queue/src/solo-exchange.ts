import type { OfferedCall, PeerExchange, PeerState } from './peer-exchange';

const noPeers: PeerState = { peersWait: false, offered: new Map() };

/** A peer exchange without peers: every replica sends its own batches. Used if cross-replica batching is off. */
export class SoloExchange implements PeerExchange {
  private lastId = 0;

  newId(): string {
    return `solo.${++this.lastId}`;
  }

  offer(): Promise<PeerState> {
    return Promise.resolve(noPeers);
  }

  remoteCalls(): Promise<readonly OfferedCall[]> {
    return Promise.resolve([]);
  }

  claim(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set());
  }

  renewLease(): Promise<void> {
    return Promise.resolve();
  }

  publishResult(): Promise<void> {
    return Promise.resolve();
  }

  onResult(): void {
    // No peer ever sends a result.
  }

  close(): void {
    // Holds nothing.
  }
}
