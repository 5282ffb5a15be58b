import { type Clock, Fault, type FaultCode } from '@b24/portal';

/** After this many requests in a row without an answer, the portal may be down. */
const failureThreshold = 5;
const firstOpenMs = 5000;
const maxOpenMs = 60_000;
/** Faults of requests that may have reached the portal, but got no readable answer. */
const noAnswer: ReadonlySet<FaultCode> = new Set(['portal_error', 'outcome_unknown']);

/**
 * Stops requests to a portal that is down. While it is open, calls are refused at once; after that, one request at a time
 * may try again. Failed connections open it. Requests without an answer open it only if a probe of the gateway's own has
 * no answer either, because a single method may be slow or broken.
 */
export class CircuitBreaker {
  private unconnected = 0;
  private unanswered = 0;
  private openMs = firstOpenMs;
  private openUntilMs: number | undefined;
  private reason: Fault | undefined;
  private probing = false;

  constructor(private readonly clock: Clock) {}

  get state(): 'closed' | 'open' | 'probing' {
    if (this.openUntilMs === undefined) return 'closed';
    return this.openUntilMs > this.clock.now() ? 'open' : 'probing';
  }

  /** Whether the gateway's own probe is in flight. */
  get isProbing(): boolean {
    return this.probing;
  }

  /** Returns the fault for calls while the circuit is open. */
  openFault(): Fault | undefined {
    if (this.state !== 'open' || !this.reason) return undefined;
    return this.reason.with({ retryAfterMs: (this.openUntilMs ?? 0) - this.clock.now() });
  }

  /** The portal answered. */
  close(): void {
    this.unconnected = 0;
    this.unanswered = 0;
    this.openMs = firstOpenMs;
    this.openUntilMs = undefined;
  }

  /**
   * A request failed as a whole. opens: the circuit is open for it. ask: whether the portal answers at all must be found
   * out; `onProbeResult` takes the result.
   */
  onFailure(fault: Fault): 'opened' | 'probe' | 'unchanged' {
    if (fault.haltMs !== undefined) {
      this.open(fault.haltMs, fault);
      return 'opened';
    }
    const isUnconnected = fault.code === 'portal_unreachable';
    if (!isUnconnected && !isUnanswered(fault)) {
      if (fault.upstream || fault.code === 'answer_too_large') this.close();
      return 'unchanged';
    }
    // Requests that were sent before it opened bring no news.
    if (this.state === 'open') return 'unchanged';
    const times = isUnconnected ? ++this.unconnected : ++this.unanswered;
    if (times < failureThreshold && this.state === 'closed') return 'unchanged';
    if (isUnconnected) {
      this.openLonger(times, fault);
      return 'opened';
    }
    if (this.probing) return 'unchanged';
    this.probing = true;
    return 'probe';
  }

  /** Takes the result of the gateway's own probe. Returns true if the circuit opened. */
  onProbeResult(isAnswering: boolean, fault: Fault): boolean {
    this.probing = false;
    if (isAnswering) {
      this.close();
      return false;
    }
    if (this.state === 'open') return false;
    this.openLonger(this.unanswered, fault);
    return true;
  }

  private openLonger(times: number, fault: Fault): void {
    this.open(this.openMs, portalIsDown(times, fault));
    this.openMs = Math.min(this.openMs * 2, maxOpenMs);
  }

  private open(forMs: number, reason: Fault): void {
    this.openUntilMs = this.clock.now() + forMs;
    this.reason = reason;
  }
}

/** A portal that was renamed is not down, nor is one whose error can be parsed. */
function isUnanswered({ code, retryReason, upstream }: Fault): boolean {
  return noAnswer.has(code) && retryReason !== 'moved' && !upstream?.error;
}

function portalIsDown(failures: number, { message }: Fault): Fault {
  return new Fault('portal_unreachable', {
    detail: `The portal has not answered ${failures} times in a row, so this call was not sent. The last time: ${message}`,
  });
}
