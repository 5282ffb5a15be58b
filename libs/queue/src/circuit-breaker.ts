import { type Clock, Fault, type FaultCode } from '@b24/portal';

/** So many requests in a row without an answer raise the question whether the portal is down. */
const failureThreshold = 5;
const firstOpenMs = 5000;
const maxOpenMs = 60_000;
/** Requests to which no readable answer came, although they may have reached the portal. */
const noAnswer: ReadonlySet<FaultCode> = new Set(['portal_error', 'outcome_unknown']);

/**
 * Spares a portal that is down, and its callers' time: open, calls are refused at once; when the rest is over, one
 * request at a time may try again. Connections that can't be made say of the portal that it is down. A request without
 * an answer says so only once a question of our own has none either, because one method may answer oddly or slowly.
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

  /** Whether the portal is asked just now if it answers at all. */
  get isProbing(): boolean {
    return this.probing;
  }

  /** What a call is told while the circuit is open. */
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
   * out; `asked` takes what was found.
   */
  onFailure(fault: Fault): 'opens' | 'ask' | 'nothing' {
    if (fault.haltMs !== undefined) {
      this.open(fault.haltMs, fault);
      return 'opens';
    }
    const isUnconnected = fault.code === 'portal_unreachable';
    if (!isUnconnected && !isUnanswered(fault)) {
      if (fault.upstream || fault.code === 'answer_too_large') this.close();
      return 'nothing';
    }
    // Requests that were sent before it opened say nothing new.
    if (this.state === 'open') return 'nothing';
    const times = isUnconnected ? ++this.unconnected : ++this.unanswered;
    if (times < failureThreshold && this.state === 'closed') return 'nothing';
    if (isUnconnected) {
      this.openLonger(times, fault);
      return 'opens';
    }
    if (this.probing) return 'nothing';
    this.probing = true;
    return 'ask';
  }

  /** What came of our own question. True when the circuit opens. */
  onProbeResult(answers: boolean, fault: Fault): boolean {
    this.probing = false;
    if (answers) {
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

/** A portal that was renamed is not down, and neither is one whose answer can be read. */
function isUnanswered({ code, again, upstream }: Fault): boolean {
  return noAnswer.has(code) && again !== 'moved' && !upstream?.error;
}

function portalIsDown(failures: number, { message }: Fault): Fault {
  return new Fault('portal_unreachable', {
    detail: `The portal has not answered ${failures} times in a row, so this call was not sent. The last time: ${message}`,
  });
}
