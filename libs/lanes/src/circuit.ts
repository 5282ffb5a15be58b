import { type Clock, Fault, type FaultCode } from '@b24/portal';

/** So many trips in a row that the portal did not answer open the circuit. */
const patience = 5;
const firstRestMs = 5000;
const longestRestMs = 60_000;
const noAnswer: ReadonlySet<FaultCode> = new Set(['portal_unreachable', 'portal_error', 'outcome_unknown']);

/**
 * Spares a portal that is down, and its callers' time: open, calls are told so at once; when the rest is over, one trip
 * probes while the others wait for what becomes of it.
 */
export class Circuit {
  private failures = 0;
  private restMs = firstRestMs;
  private openUntilMs: number | undefined;
  private reason: Fault | undefined;

  constructor(private readonly clock: Clock) {}

  get state(): 'closed' | 'open' | 'probing' {
    if (this.openUntilMs === undefined) return 'closed';
    return this.openUntilMs > this.clock.now() ? 'open' : 'probing';
  }

  /** What a call is told while the circuit is open. */
  refusal(): Fault | undefined {
    if (this.state !== 'open' || !this.reason) return undefined;
    return this.reason.with({ retryAfterMs: (this.openUntilMs ?? 0) - this.clock.now() });
  }

  /** The portal answered. */
  closes(): void {
    this.failures = 0;
    this.restMs = firstRestMs;
    this.openUntilMs = undefined;
  }

  /** A trip failed as a whole. True when the circuit opens for it. */
  opensFor(fault: Fault): boolean {
    if (fault.haltMs !== undefined) {
      this.open(fault.haltMs, fault);
      return true;
    }
    // A portal that was renamed is not down.
    if (!noAnswer.has(fault.code) || fault.again === 'moved') {
      if (fault.upstream) this.closes();
      return false;
    }
    if (++this.failures < patience && this.state === 'closed') return false;
    // Trips that left before it opened say nothing new.
    if (this.state === 'open') return false;
    this.open(this.restMs, portalIsDown(this.failures, fault));
    this.restMs = Math.min(this.restMs * 2, longestRestMs);
    return true;
  }

  private open(forMs: number, reason: Fault): void {
    this.openUntilMs = this.clock.now() + forMs;
    this.reason = reason;
  }
}

function portalIsDown(failures: number, { message }: Fault): Fault {
  return new Fault('portal_unreachable', {
    detail: `The portal has not answered ${failures} times in a row, so this call was not sent. The last time: ${message}`,
  });
}
