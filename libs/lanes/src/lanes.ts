import { Fault, type PortalId, type Send } from '@b24/portal';
import type { Level, Plan } from './bucket';
import { Lane, type LaneCounts } from './lane';
import type { LaneOptions } from './lane-options';
import { OperatingLedger } from './operating-ledger';

/** A lane without anything to do for so long is dropped, with what its bucket holds on this replica. */
const dropAfterMs = 60_000;
const sweepEveryMs = 30_000;

export interface LaneState extends Level, LaneCounts {}

/** What may be read of the lanes, without a way to send anything. */
export type LaneReadings = Pick<Lanes, 'ledger' | 'state' | 'level' | 'counts' | 'countsOf'>;

/**
 * The station where calls wait for their portal's bucket and share its trips. Lanes are made on first use and dropped
 * when idle; one timer serves them all.
 * Faults of its own: lane_full, operating_time_spent, portal_unreachable (its circuit), shutting_down,
 * store_unavailable; outcome_unknown when a deadline passes after departure.
 */
export class Lanes {
  readonly ledger: OperatingLedger;
  private readonly lanes = new Map<PortalId, Lane>();
  private stopSweeping: (() => void) | undefined;
  private closing = false;

  constructor(private readonly options: LaneOptions) {
    this.ledger = new OperatingLedger(options.clock);
    options.platform.onDelivery((portal, delivery) => void this.lanes.get(portal)?.delivered(delivery));
  }

  readonly send: Send = (portal, commands, signal) => {
    if (this.closing) return Promise.reject(new Fault('shutting_down'));
    return this.lane(portal).send(commands, signal);
  };

  async state(portal: PortalId, plan: Plan): Promise<LaneState> {
    return { ...this.lane(portal).counts, ...(await this.options.bucket.level(portal, plan)) };
  }

  /** What the portal's bucket has left. */
  async level(portal: PortalId, plan: Plan): Promise<Level> {
    // With its lane, so that what the bucket holds for it here is freed when it is idle.
    this.lane(portal);
    return this.options.bucket.level(portal, plan);
  }

  /** The lanes that have anything to do, or had lately. */
  *counts(): Generator<[PortalId, LaneCounts]> {
    for (const [portal, lane] of this.lanes) yield [portal, lane.counts];
  }

  /** Undefined when the lane had nothing to do lately. */
  countsOf(portal: PortalId): LaneCounts | undefined {
    return this.lanes.get(portal)?.counts;
  }

  /** A new portal's bucket begins to fill now, not at its first call. */
  async open(portal: PortalId, plan: Plan): Promise<void> {
    this.lane(portal);
    await this.options.bucket.open(portal, plan);
  }

  /** Takes no more calls; those that wait are told so, those under way go on. */
  close(): void {
    this.closing = true;
    this.stopSweeping?.();
    for (const lane of this.lanes.values()) lane.close(new Fault('shutting_down'));
  }

  /** Resolves when no trip carries other replicas' calls any more. */
  async settle(): Promise<void> {
    await Promise.all([...this.lanes.values()].map((lane) => lane.settle()));
  }

  private lane(portal: PortalId): Lane {
    let lane = this.lanes.get(portal);
    if (!lane) {
      lane = new Lane(portal, this.options, this.ledger.of(portal));
      this.lanes.set(portal, lane);
      this.sweepLater();
    }
    return lane;
  }

  private sweepLater(): void {
    this.stopSweeping ??= this.options.clock.after(sweepEveryMs, () => {
      this.sweep();
    });
  }

  private sweep(): void {
    this.stopSweeping = undefined;
    const beforeMs = this.options.clock.now() - dropAfterMs;
    for (const [portal, lane] of this.lanes) {
      const idleSinceMs = lane.idleSinceMs();
      if (idleSinceMs === undefined || idleSinceMs > beforeMs) continue;
      this.lanes.delete(portal);
      this.options.bucket.leave(portal);
    }
    this.ledger.forget(this.lanes);
    if (!this.closing && (this.lanes.size > 0 || !this.ledger.isEmpty)) this.sweepLater();
  }
}
