import type { Clock } from '@b24/portal';
import { capacityOf, type Level, type Permit, type Plan } from './rate-limiter';

/** A permit lapses this long after its lease was requested, before anything else could be done with the request. */
const lapseMs = 900;
/** An unsettled request has arrived at the vendor's counter after this long, or never will. */
const maxUnsettledMs = 5000;
/** Shorter than Redis stores the count of a replica. */
const rememberCountMs = 60_000;

/** What a replica reports of a portal with each lease request (leasePermits-1.lua). */
export interface PermitReport {
  readonly count: number;
  /** The count to assume if Redis does not know this replica. */
  readonly baseCount: number;
  readonly outstanding: number;
  readonly floor: number;
  readonly sentAtMs: number;
}

export interface PermitLease {
  readonly granted: number;
  /** Permits left for further leases; negative during a back-off. */
  readonly left: number;
  /** Milliseconds until the next permit can be leased. */
  readonly waitMs: number;
}

/** The permits that this replica has of one portal: in hand, lapsed, or held by unsettled requests. Does no I/O. */
export class PortalPermits {
  private inHand = 0;
  private leasedAtMs = 0;
  private lapsesAtMs = 0;
  /** Permits that no request may use, until they are returned. */
  private lapsed = 0;
  private readonly unsettled = new Set<LeasedPermit>();
  /** The permits received, less those returned. */
  private count = 0;
  private baseCount = 0;
  private reportedAtMs = -Infinity;
  private floor = 0;
  private floorAtMs: number;
  private left = 0;
  private windowStartMs = 0;
  private usedInWindow = 0;
  private usedBefore = 0;

  constructor(
    private readonly clock: Clock,
    private plan: Plan,
    private readonly onRefund: () => void,
  ) {
    this.floorAtMs = clock.now();
  }

  get currentPlan(): Plan {
    return this.plan;
  }

  follow(plan: Plan): void {
    if (plan.drainPerSecond !== this.plan.drainPerSecond) this.drainFloor(this.clock.now());
    this.plan = plan;
  }

  /** Permits that a request may use now. */
  get available(): number {
    return this.isLapsed(this.clock.now()) ? 0 : this.inHand;
  }

  get level(): Level {
    const { plan, left, available } = this;
    return { left: left + available, capacity: capacityOf(plan), drainPerSecond: plan.drainPerSecond };
  }

  /** Whether there are permits to return. */
  get hasLapsed(): boolean {
    return this.lapsed > 0 || (this.inHand > 0 && this.isLapsed(this.clock.now()));
  }

  get isEmptyHanded(): boolean {
    return this.inHand === 0 && this.lapsed === 0;
  }

  /** Whether Redis answered a report at or after this time. */
  hasReportedSince(ms: number): boolean {
    return this.reportedAtMs >= ms;
  }

  take(): Permit | undefined {
    if (this.inHand === 0) return undefined;
    const nowMs = this.clock.now();
    if (this.isLapsed(nowMs)) return undefined;
    this.inHand--;
    this.countUse(nowMs);
    const permit = new LeasedPermit(this, nowMs, this.lapsesAtMs, this.left + this.inHand);
    this.unsettled.add(permit);
    return permit;
  }

  settle(permit: LeasedPermit): void {
    this.drainFloor(this.clock.now());
    this.unsettled.delete(permit);
  }

  refund(permit: LeasedPermit): void {
    if (!this.unsettled.delete(permit)) return;
    const nowMs = this.clock.now();
    if (nowMs >= permit.lapsesAtMs || nowMs < permit.takenAtMs) this.lapsed++;
    else {
      this.lapsesAtMs = this.inHand > 0 ? Math.min(this.lapsesAtMs, permit.lapsesAtMs) : permit.lapsesAtMs;
      this.inHand++;
    }
    this.onRefund();
  }

  /** Lets no request use the permits in hand; the next report returns them. */
  discard(): void {
    this.lapsed += this.inHand;
    this.inHand = 0;
  }

  /** How many permits this replica is likely to use before they lapse, by its use in the last second. */
  likelyUse(): number {
    const elapsedMs = this.clock.now() - this.windowStartMs;
    const before = elapsedMs < 1000 ? this.usedBefore * (1 - elapsedMs / 1000) : 0;
    const inWindow = elapsedMs < 2000 ? this.usedInWindow : 0;
    return Math.floor(((inWindow + before) * lapseMs) / 1000);
  }

  /** Returns what to report now. Lapsed permits are returned by it; `onLease` or `onLost` must follow. */
  report(): PermitReport {
    const nowMs = this.clock.now();
    this.drainFloor(nowMs);
    this.removeArrived(nowMs);
    if (this.isLapsed(nowMs)) this.discard();
    if (nowMs - this.reportedAtMs >= rememberCountMs) this.baseCount = this.count;
    this.count -= this.lapsed;
    this.lapsed = 0;
    const { count, baseCount, outstanding, floor } = this;
    this.floor = outstanding;
    return { count, baseCount, outstanding, floor, sentAtMs: nowMs };
  }

  onLease({ sentAtMs }: PermitReport, { granted, left }: PermitLease): void {
    this.reportedAtMs = sentAtMs;
    this.left = left;
    if (granted === 0) return;
    this.discardOlder();
    this.count += granted;
    this.inHand += granted;
    this.leasedAtMs = sentAtMs;
    this.lapsesAtMs = sentAtMs + lapseMs;
    this.drainFloor(this.clock.now());
  }

  /** The report may not have arrived: the next one covers its time, too. */
  onLost({ floor }: PermitReport): void {
    this.floor = Math.max(this.floor, floor);
  }

  private get outstanding(): number {
    return this.inHand + this.lapsed + this.unsettled.size;
  }

  /** Also when this replica's clock was set back. */
  private isLapsed(nowMs: number): boolean {
    return nowMs >= this.lapsesAtMs || nowMs < this.leasedAtMs;
  }

  /** Permits refunded during a lease request keep their own time, if that has come. */
  private discardOlder(): void {
    if (this.isLapsed(this.clock.now())) this.discard();
  }

  /** Drains the floor since it was last drained. Called before the outstanding permits become fewer, and after more. */
  private drainFloor(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.floorAtMs);
    this.floor = Math.max(this.floor - (elapsedMs * this.plan.drainPerSecond) / 1000, this.outstanding);
    this.floorAtMs = nowMs;
  }

  private removeArrived(nowMs: number): void {
    for (const permit of this.unsettled) {
      if (permit.takenAtMs + maxUnsettledMs > nowMs) return;
      this.unsettled.delete(permit);
    }
  }

  private countUse(nowMs: number): void {
    const elapsedMs = nowMs - this.windowStartMs;
    if (elapsedMs >= 1000) {
      this.usedBefore = elapsedMs < 2000 ? this.usedInWindow : 0;
      this.usedInWindow = 0;
      this.windowStartMs = nowMs;
    }
    this.usedInWindow++;
  }
}

class LeasedPermit implements Permit {
  constructor(
    private readonly permits: PortalPermits,
    readonly takenAtMs: number,
    readonly lapsesAtMs: number,
    private readonly left: number,
  ) {}

  get level(): Level {
    return { ...this.permits.level, left: this.left };
  }

  settle(): void {
    this.permits.settle(this);
  }

  refund(): void {
    this.permits.refund(this);
  }
}
