import { Fault, type PortalId, type Send } from '@b24/portal';
import type { Level, Plan } from './bucket';
import { Lane, type LaneCounts } from './lane';
import type { LaneOptions } from './lane-options';
import { OperatingLedger } from './operating-ledger';
import { Shares } from './shares';

/** A lane without anything to do for so long is dropped, with what its bucket holds on this replica. */
const dropAfterMs = 60_000;
const sweepEveryMs = 30_000;

const idle: LaneCounts = { waiting: 0, inFlight: 0, seatsPerTrip: 1, left: 0, circuit: 'closed' };

export interface LaneState extends Level, LaneCounts {}

/** What may be read of the lanes, without a way to send anything. */
export type LaneReadings = Pick<Lanes, 'ledger' | 'state' | 'level' | 'counts' | 'countsOf' | 'knows'>;

/**
 * The station where calls wait for their portal's bucket and share its trips. Lanes are made on first use and dropped
 * when idle; one timer serves them all.
 * Faults of its own: queue_full, operating_time_spent, portal_unreachable (its circuit), shutting_down,
 * store_unavailable; outcome_unknown when a deadline passes after departure.
 */
export class Lanes {
  readonly ledger: OperatingLedger;
  private readonly lanes = new Map<PortalId, Lane>();
  /** What waits here, over all portals. */
  private readonly bytes = {
    shares: new Shares(),
    free: (key: string, isShort: () => boolean) => {
      this.free(key, isShort);
    },
  };
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

  /** Makes no lane, nor anything that stays in Redis. */
  async state(portal: PortalId, plan: Plan): Promise<LaneState> {
    return { ...(this.countsOf(portal) ?? idle), ...(await this.options.bucket.level(portal, plan)) };
  }

  /** What the portal's bucket has left. Makes no lane, nor anything that stays in Redis. */
  level(portal: PortalId, plan: Plan): Promise<Level> {
    return this.options.bucket.level(portal, plan);
  }

  /** The lanes of portals that are there, which have anything to do, or had lately. */
  *counts(): Generator<[PortalId, LaneCounts]> {
    for (const [portal, lane] of this.lanes) if (lane.isFound) yield [portal, lane.counts];
  }

  /** Undefined when the lane had nothing to do lately. */
  countsOf(portal: PortalId): LaneCounts | undefined {
    const lane = this.lanes.get(portal);
    return lane?.isFound ? lane.counts : undefined;
  }

  /** Whether the portal was found to be there lately, and not only named by a caller. */
  knows(portal: PortalId): boolean {
    return this.lanes.get(portal)?.isFound ?? false;
  }

  /** A new portal's bucket begins to fill now, not at its first call. */
  async open(portal: PortalId, plan: Plan): Promise<void> {
    this.lane(portal).found();
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
      const made = new Lane(portal, this.options, this.ledger.of(portal), this.bytes, () => {
        this.missing(portal, made);
      });
      lane = made;
      this.lanes.set(portal, lane);
      this.sweepLater();
    }
    return lane;
  }

  /** There is no such portal: nothing of what somebody called by this name stays. */
  private missing(portal: PortalId, lane: Lane): void {
    if (this.lanes.get(portal) !== lane || lane.idleSinceMs() === undefined) return;
    this.lanes.delete(portal);
    this.options.bucket.leave(portal);
    this.ledger.drop(portal);
  }

  /** Refuses the key's newest calls to the portal where it has most waiting, then to the next. */
  private free(key: string, isShort: () => boolean): void {
    const lanes = [...this.lanes.values()].filter((lane) => lane.bytesOf(key) > 0);
    lanes.sort((a, b) => b.bytesOf(key) - a.bytesOf(key));
    for (const lane of lanes) lane.free(key, isShort);
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
