import {
  asFault,
  type Clock,
  type Command,
  Fault,
  concernsGrant,
  type SendAuthorized,
  unlessAborted,
  within,
  setNewest,
} from '@b24/portal';
import { authorization } from './authorization';
import type { Grant } from './install';

/** Needs no scope, and works for apps and incoming webhooks. */
const probeCommand: Command = { method: 'profile', params: {}, effect: 'read' };
/** Includes the wait for the permit. */
const probeTimeoutMs = 10_000;
/**
 * How long a passed probe is valid for its grant. Otherwise a caller that repeats a rejected call would cause one probe
 * each time, at the cost of everybody else's permits.
 */
const passedTtlMs = 5_000;
const maxPassed = 10_000;

/**
 * passed: the portal accepted the probe with this authorization. refused: it rejected the probe too, with this fault.
 * silent: the probe got no answer.
 */
export type ProbeOutcome =
  { readonly kind: 'passed' } | { readonly kind: 'refused'; readonly fault: Fault } | { readonly kind: 'silent' };

/** Settles the permit for one request; called when the request has ended. */
export type SettlePermit = () => void;

export interface PortalProbeOptions {
  readonly clock: Clock;
  /** Resolves when one request may be sent to the portal. A permit acquired after the abort is refunded. */
  readonly acquirePermit: (grant: Grant, signal: AbortSignal) => Promise<SettlePermit>;
  readonly send: SendAuthorized;
}

/**
 * Asks a portal whether it accepts a command of the gateway's own. An error of a caller's command may concern only that
 * command; an error of the probe concerns the grant. One probe per portal is in flight at a time and shared.
 */
export class PortalProbe {
  private readonly inFlight = new Map<string, Promise<ProbeOutcome>>();
  /** When the probe last passed (unix ms), by portal and grant version; oldest first. */
  private readonly passedAtMs = new Map<string, number>();

  constructor(private readonly options: PortalProbeOptions) {}

  /**
   * Probes the grant. Never rejects.
   * @param isPlain the error clearly concerns the grant, so that an earlier passed probe is not reused
   */
  ask(grant: Grant, isPlain = false): Promise<ProbeOutcome> {
    const name = `${grant.portal} ${grant.version}`;
    const passedAtMs = this.passedAtMs.get(name);
    if (!isPlain && passedAtMs !== undefined && this.options.clock.now() - passedAtMs < passedTtlMs)
      return Promise.resolve({ kind: 'passed' });
    let answered = this.inFlight.get(name);
    if (!answered) {
      answered = this.run(grant).finally(() => this.inFlight.delete(name));
      this.inFlight.set(name, answered);
    }
    return answered;
  }

  private async run(grant: Grant): Promise<ProbeOutcome> {
    const inTime = { clock: this.options.clock, ms: probeTimeoutMs, late: () => new Fault('deadline_exceeded') };
    try {
      await within(inTime, new AbortController().signal, (signal) => this.send(grant, signal));
      this.notePassed(`${grant.portal} ${grant.version}`);
      return { kind: 'passed' };
    } catch (error) {
      const fault = asFault(error);
      return concernsGrant(fault) ? { kind: 'refused', fault } : { kind: 'silent' };
    }
  }

  private notePassed(name: string): void {
    setNewest(this.passedAtMs, name, this.options.clock.now(), maxPassed);
  }

  private async send(grant: Grant, signal: AbortSignal): Promise<void> {
    const { acquirePermit: permit, send } = this.options;
    const over = await permit(grant, signal);
    const sent = send(authorization(grant), [probeCommand], signal);
    void sent.catch(() => undefined).finally(over);
    await unlessAborted(sent, signal);
  }
}
