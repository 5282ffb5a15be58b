import { type Answer, type Clock, type Command, Fault, methodsOf, type Operating, type PortalId } from '@b24/portal';

/*
 * The vendor blocks a method (or `batch`) on a portal when its operating time of the last ten minutes exceeds 480 s,
 * on self-hosted portals 420 s (docs/bitrix24-rules.md#limits). However a batch is billed, usage is recorded under the
 * method it is reported for.
 */
const spentSeconds = 400;
const nearLimitSeconds = 300;
/** Seconds of operating time from which a method is sent one by one, held until its reset, and blocked by the vendor. */
export const operatingLimits = { slowSeconds: nearLimitSeconds, heldSeconds: spentSeconds, blockedSeconds: 480 };
/** How long a spent method is held if the vendor names no reset, ms. */
const defaultBlockMs = 60_000;
const staleAfterMs = 10 * 60_000;
/** The predicted run time of a method that never ran, ms. */
const defaultRunMs = 300;

interface MethodUsage {
  usedSeconds: number;
  resetAtMs: number | undefined;
  reportedAtMs: number;
  /** The vendor refused the method. */
  isRefused: boolean;
  runMs: number;
}

/** The operating time that the methods of one portal have used, as last reported to this replica. */
export class PortalLedger {
  private readonly entries = new Map<string, MethodUsage>();
  /** The methods that are sent one by one, in lower case. Few portals have any. */
  private readonly nearLimit = new Set<string>();

  constructor(private readonly clock: Clock) {}

  get isEmpty(): boolean {
    return this.entries.size === 0;
  }

  /** Whether any method is held until its reset. */
  get hasSpent(): boolean {
    for (const method of this.nearLimit) if (this.isSpent(method)) return true;
    return false;
  }

  /** Whether any method is sent one by one. */
  get hasNearLimit(): boolean {
    return this.nearLimit.size > 0;
  }

  /**
   * Records the usage that an answer reports for its method and for `batch`. Returns the answer; a refusal for operating
   * time gets the reset that is known here as its Retry-After.
   */
  record(command: Command | undefined, answer: Answer): Answer {
    if (!command) return answer;
    this.recordUsage(command, answer);
    const retryAfterMs = this.blockedForMs(command.method);
    if (answer.ok || answer.fault.code !== 'operating_time_spent' || retryAfterMs === undefined) return answer;
    return { ...answer, fault: answer.fault.with({ retryAfterMs }) };
  }

  /** Returns the fault for commands of which any method is held until its reset. */
  spentFault(commands: readonly Command[]): Fault | undefined {
    if (!this.hasNearLimit) return undefined;
    const blockedMs = commands.flatMap(methodsOf).map((method) => this.blockedForMs(method) ?? 0);
    const retryAfterMs = Math.max(...blockedMs);
    return retryAfterMs > 0 ? new Fault('operating_time_spent', { retryAfterMs }) : undefined;
  }

  private recordUsage({ method, inside = [] }: Pick<Command, 'method' | 'inside'>, answer: Answer): void {
    const { operating, batchOperating, timing } = answer;
    if (answer.ok) answer.inside?.forEach((it, i) => inside[i] && this.recordUsage({ method: inside[i].method }, it));
    if (operating) this.setUsed(method, operating);
    if (batchOperating) this.setUsed('batch', batchOperating);
    if (timing.ranMs !== undefined) this.recordRun(method, timing.ranMs);
    if (!answer.ok && answer.fault.code === 'operating_time_spent') this.refuse(method, answer.fault.retryAfterMs);
    // A portal that reports no operating time has at least run the method.
    else if (answer.ok && !operating) this.recordUnreportedRun(method);
  }

  /** The vendor refused the method for `forMs`. */
  refuse(method: string, forMs = defaultBlockMs): void {
    const entry = this.usageOf(method);
    const now = this.clock.now();
    // A reset that the vendor named earlier is better than the default.
    const named = entry.resetAtMs !== undefined && entry.resetAtMs > now ? entry.resetAtMs : undefined;
    entry.isRefused = true;
    entry.reportedAtMs = now;
    entry.resetAtMs = named ?? now + forMs;
    this.nearLimit.add(method.toLowerCase());
  }

  /** Whether the method is held until its reset. */
  isSpent(method: string): boolean {
    return this.blockedForMs(method) !== undefined;
  }

  /** How long the method is held from now, ms; undefined if it is not. */
  blockedForMs(method: string): number | undefined {
    if (!this.hasNearLimit) return undefined;
    const entry = this.entries.get(method.toLowerCase());
    if (!entry || !(entry.isRefused || entry.usedSeconds >= spentSeconds)) return undefined;
    const leftMs = resetOf(entry) - this.clock.now();
    return leftMs > 0 ? leftMs : undefined;
  }

  /** Whether the method is sent one by one: it is near its limit, or its usage after a reset is not reported yet. */
  isNearLimit(method: string): boolean {
    return this.hasNearLimit && this.nearLimit.has(method.toLowerCase());
  }

  /** Predicts the run time of a command, ms: the slowest recent run, decaying. */
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

  /** Removes usage that was reported longer ago than the vendor counts. */
  removeStale(): void {
    const before = this.clock.now() - staleAfterMs;
    for (const [method, entry] of this.entries) {
      if (Math.max(entry.reportedAtMs, resetOf(entry)) >= before) continue;
      this.entries.delete(method);
      this.nearLimit.delete(method);
    }
  }

  private setUsed(method: string, { usedSeconds, resetAtMs }: Operating): void {
    const entry = this.usageOf(method);
    entry.usedSeconds = usedSeconds;
    entry.resetAtMs = resetAtMs;
    entry.reportedAtMs = this.clock.now();
    entry.isRefused = false;
    this.updateNearLimit(method, entry);
  }

  private recordRun(method: string, ms: number): void {
    const entry = this.usageOf(method);
    entry.reportedAtMs = this.clock.now();
    entry.runMs = Math.max(ms, entry.runMs * 0.9 + ms * 0.1);
  }

  private recordUnreportedRun(method: string): void {
    const entry = this.entries.get(method.toLowerCase());
    if (!entry?.isRefused) return;
    entry.isRefused = false;
    this.updateNearLimit(method, entry);
  }

  private updateNearLimit(method: string, { usedSeconds, isRefused }: MethodUsage): void {
    if (isRefused || usedSeconds >= nearLimitSeconds) this.nearLimit.add(method.toLowerCase());
    else if (this.hasNearLimit) this.nearLimit.delete(method.toLowerCase());
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

  /** Returns the usage of the portal's methods, without creating a ledger. */
  viewOf(portal: PortalId): ReturnType<PortalLedger['view']> {
    return this.portals.get(portal)?.view() ?? [];
  }

  forget(portal: PortalId): void {
    this.portals.delete(portal);
  }

  get isEmpty(): boolean {
    return this.portals.size === 0;
  }

  /** Removes stale usage, and the empty ledgers of portals without a queue. */
  removeStale(stored: { has(portal: PortalId): boolean }): void {
    for (const [portal, ledger] of this.portals) {
      ledger.removeStale();
      if (ledger.isEmpty && !stored.has(portal)) this.portals.delete(portal);
    }
  }
}
