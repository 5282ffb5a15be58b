import type { Answer, Clock, Command, Operating, PortalId } from '@b24/portal';

/*
 * The vendor blocks a method (or `batch`) on a portal when its operating time of the last ten minutes exceeds 480 s,
 * on self-hosted portals 420 s (docs/bitrix24-rules.md#limits). Whichever way a batch is billed, what comes back is
 * booked under the name it came for.
 */
const spentSeconds = 400;
const nearLimitSeconds = 300;
/** From so much on a method goes one by one, is held until its reset, would be blocked by the vendor. */
export const operatingLimits = { slowSeconds: nearLimitSeconds, heldSeconds: spentSeconds, blockedSeconds: 480 };
/** How long a spent method rests when the vendor does not say. */
const defaultBlockMs = 60_000;
const staleAfterMs = 10 * 60_000;
/** What a method is taken to run that never ran. */
const defaultRunMs = 300;

interface MethodUsage {
  usedSeconds: number;
  resetAtMs: number | undefined;
  reportedAtMs: number;
  /** The vendor itself refused it. */
  isRefused: boolean;
  runMs: number;
}

/** What one portal's methods have used of their operating time, as this replica last heard. */
export class PortalLedger {
  private readonly entries = new Map<string, MethodUsage>();

  constructor(private readonly clock: Clock) {}

  get isEmpty(): boolean {
    return this.entries.size === 0;
  }

  /** Whether any method rests. */
  get hasSpent(): boolean {
    for (const method of this.entries.keys()) if (this.isSpent(method)) return true;
    return false;
  }

  /** Whether any method goes one by one. */
  get hasNearLimit(): boolean {
    for (const method of this.entries.keys()) if (this.isNearLimit(method)) return true;
    return false;
  }

  /** Books what an answer says of its method and of `batch`. */
  record({ method, inside = [] }: Pick<Command, 'method' | 'inside'>, answer: Answer): void {
    const { operating, batchOperating, timing } = answer;
    if (answer.ok) answer.inside?.forEach((it, i) => inside[i] && this.record({ method: inside[i].method }, it));
    if (operating) this.setUsed(method, operating);
    if (batchOperating) this.setUsed('batch', batchOperating);
    if (timing.ranMs !== undefined) this.recordRun(method, timing.ranMs);
    if (!answer.ok && answer.fault.code === 'operating_time_spent') this.refuse(method, answer.fault.retryAfterMs);
    // A portal that reports no operating time has at least run it.
    else if (answer.ok && !operating) this.recordUnreportedRun(method);
  }

  /** The vendor refused the method until then. */
  refuse(method: string, forMs = defaultBlockMs): void {
    const entry = this.usageOf(method);
    const now = this.clock.now();
    // A reset it named before is truer than a rest that we made up.
    const named = entry.resetAtMs !== undefined && entry.resetAtMs > now ? entry.resetAtMs : undefined;
    Object.assign(entry, { isRefused: true, reportedAtMs: now, resetAtMs: named ?? now + forMs });
  }

  /** Nothing of this method leaves before its reset. */
  isSpent(method: string): boolean {
    return this.blockedForMs(method) !== undefined;
  }

  /** How long the method rests from now; undefined when it need not. */
  blockedForMs(method: string): number | undefined {
    const entry = this.entries.get(method.toLowerCase());
    if (!entry || !(entry.isRefused || entry.usedSeconds >= spentSeconds)) return undefined;
    const leftMs = resetOf(entry) - this.clock.now();
    return leftMs > 0 ? leftMs : undefined;
  }

  /** The method goes one by one: it is close to its limit, or what it has left after its reset is not known yet. */
  isNearLimit(method: string): boolean {
    const entry = this.entries.get(method.toLowerCase());
    return entry !== undefined && (entry.isRefused || entry.usedSeconds >= nearLimitSeconds);
  }

  /** How long a command of this method will run, about: the slowest of late, fading. */
  predictMs(method: string): number {
    return this.entries.get(method.toLowerCase())?.runMs ?? defaultRunMs;
  }

  view(): { method: string; operating: Operating }[] {
    return [...this.entries]
      .filter(([, { usedSeconds, isRefused }]) => usedSeconds > 0 || isRefused)
      .map(([method, { usedSeconds, resetAtMs }]) => ({
        method,
        operating: { usedSeconds, ...(resetAtMs !== undefined && { resetAtMs }) },
      }));
  }

  /** What was heard longer ago than the vendor counts says nothing any more. */
  removeStale(): void {
    const before = this.clock.now() - staleAfterMs;
    for (const [method, entry] of this.entries) {
      if (Math.max(entry.reportedAtMs, resetOf(entry)) < before) this.entries.delete(method);
    }
  }

  private setUsed(method: string, { usedSeconds, resetAtMs }: Operating): void {
    Object.assign(this.usageOf(method), { usedSeconds, resetAtMs, reportedAtMs: this.clock.now(), isRefused: false });
  }

  private recordRun(method: string, ms: number): void {
    const entry = this.usageOf(method);
    entry.reportedAtMs = this.clock.now();
    entry.runMs = Math.max(ms, entry.runMs * 0.9 + ms * 0.1);
  }

  private recordUnreportedRun(method: string): void {
    const entry = this.entries.get(method.toLowerCase());
    if (entry) entry.isRefused = false;
  }

  private usageOf(method: string): MethodUsage {
    const name = method.toLowerCase();
    let entry = this.entries.get(name);
    if (!entry) {
      entry = {
        usedSeconds: 0,
        resetAtMs: undefined,
        reportedAtMs: this.clock.now(),
        isRefused: false,
        runMs: defaultRunMs,
      };
      this.entries.set(name, entry);
    }
    return entry;
  }
}

function resetOf({ resetAtMs, reportedAtMs }: MethodUsage): number {
  return resetAtMs ?? reportedAtMs + defaultBlockMs;
}

/** The ledgers of all portals. */
export class OperatingLedger {
  private readonly portals = new Map<PortalId, PortalLedger>();

  constructor(private readonly clock: Clock) {}

  of(portal: PortalId): PortalLedger {
    let ledger = this.portals.get(portal);
    if (!ledger) this.portals.set(portal, (ledger = new PortalLedger(this.clock)));
    return ledger;
  }

  /** What is known of the portal's methods. */
  viewOf(portal: PortalId): ReturnType<PortalLedger['view']> {
    return this.portals.get(portal)?.view() ?? [];
  }

  permit(portal: PortalId): void {
    this.portals.delete(portal);
  }

  get isEmpty(): boolean {
    return this.portals.size === 0;
  }

  /** Drops what says nothing any more; a portal with a portal queue keeps its ledger. */
  removeStale(kept: { has(portal: PortalId): boolean }): void {
    for (const [portal, ledger] of this.portals) {
      ledger.removeStale();
      if (ledger.isEmpty && !kept.has(portal)) this.portals.delete(portal);
    }
  }
}
