import { Fault, type PortalId, type Send } from '@b24/portal';
import type { Level } from './bucket';
import { Lane, type LaneOptions } from './lane';

/** A lane without anything to do for so long is dropped, with what its bucket holds on this replica. */
const dropAfterMs = 60_000;
const sweepEveryMs = 30_000;

export interface LaneState extends Level {
  /** Calls that wait on this replica. */
  readonly waiting: number;
  /** Trips that are under way from this replica. */
  readonly inFlight: number;
}

/**
 * The station where calls wait for their portal's bucket. Lanes are made on first use and dropped when idle; one timer
 * serves them all.
 * Faults of its own: lane_full, shutting_down, store_unavailable; outcome_unknown when a deadline passes after departure.
 */
export class Lanes {
  private readonly lanes = new Map<PortalId, Lane>();
  private stopSweeping: (() => void) | undefined;
  private closing = false;

  constructor(private readonly options: LaneOptions) {}

  readonly send: Send = (portal, commands, signal) => {
    if (this.closing) return Promise.reject(new Fault('shutting_down'));
    return this.lane(portal).send(commands, signal);
  };

  async state(portal: PortalId): Promise<LaneState> {
    return { ...this.lane(portal).state, ...(await this.options.bucket.level(portal)) };
  }

  /** A new portal's bucket begins to fill now, not at its first call. */
  async open(portal: PortalId): Promise<void> {
    this.lane(portal);
    await this.options.bucket.open(portal);
  }

  /** Takes no more calls; those that wait are told so, those under way go on. */
  close(): void {
    this.closing = true;
    this.stopSweeping?.();
    for (const lane of this.lanes.values()) lane.clear(new Fault('shutting_down'));
  }

  private lane(portal: PortalId): Lane {
    let lane = this.lanes.get(portal);
    if (!lane) {
      lane = new Lane(portal, this.options);
      this.lanes.set(portal, lane);
      this.stopSweeping ??= this.options.clock.after(sweepEveryMs, () => {
        this.sweep();
      });
    }
    return lane;
  }

  private sweep(): void {
    this.stopSweeping = undefined;
    const before = this.options.clock.now() - dropAfterMs;
    for (const [portal, lane] of this.lanes) {
      const idleSince = lane.idleSince();
      if (idleSince === undefined || idleSince > before) continue;
      this.lanes.delete(portal);
      this.options.bucket.leave(portal);
    }
    if (this.lanes.size === 0 || this.closing) return;
    this.stopSweeping = this.options.clock.after(sweepEveryMs, () => {
      this.sweep();
    });
  }
}
