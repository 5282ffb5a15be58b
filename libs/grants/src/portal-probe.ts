import {
  asFault,
  type Clock,
  type Command,
  Fault,
  concernsGrant,
  type SendAuthorized,
  unlessAborted,
  within,
} from '@b24/portal';
import { authorization } from './authorization';
import type { Grant } from './install';

/** It needs no scope and answers to an app and to an incoming webhook alike. */
const probeCommand: Command = { method: 'profile', params: {}, effect: 'read' };
/** The wait for the permit included. */
const probeTimeoutMs = 10_000;
/**
 * How long a question that passed speaks for its grant. A caller that repeats what one method refuses would otherwise have
 * the gateway send a request of its own for each, at the cost of everybody else's permits.
 */
const passedTtlMs = 5_000;
const maxPassed = 10_000;

/**
 * passed: the portal took a command of our own with this authorization. refused: it refused that one too, with this
 * fault. silent: neither is known.
 */
export type ProbeOutcome =
  { readonly kind: 'passed' } | { readonly kind: 'refused'; readonly fault: Fault } | { readonly kind: 'silent' };

/** Leave for one request to the portal; it is called once the request is over. */
export type SettlePermit = () => void;

export interface PortalProbeOptions {
  readonly clock: Clock;
  /** Resolves when one request may be sent to the portal. What it comes to after the signal aborted is given back. */
  readonly acquirePermit: (grant: Grant, signal: AbortSignal) => Promise<SettlePermit>;
  readonly send: SendAuthorized;
}

/**
 * Asks a portal whether it takes a command of the gateway's own. What a portal says to a caller's command may concern
 * that command alone; what it says to this one concerns the grant. One question a portal is under way at a time: whoever
 * needs the answer meanwhile shares it.
 */
export class PortalProbe {
  private readonly inFlight = new Map<string, Promise<ProbeOutcome>>();
  /** When the question last passed, unix milliseconds, by portal and version of its grant; the oldest first. */
  private readonly passedAtMs = new Map<string, number>();

  constructor(private readonly options: PortalProbeOptions) {}

  /**
   * Never rejects.
   * @param isPlain the refusal leaves no doubt that it is about the grant, so that an earlier answer says nothing against it
   */
  ask(grant: Grant, isPlain = false): Promise<ProbeOutcome> {
    const name = `${grant.portal} ${grant.version}`;
    const passedAtMs = this.passedAtMs.get(name);
    if (!isPlain && passedAtMs !== undefined && this.options.clock.now() - passedAtMs < passedTtlMs)
      return Promise.resolve({ kind: 'passed' });
    let asked = this.inFlight.get(name);
    if (!asked) {
      asked = this.run(grant).finally(() => this.inFlight.delete(name));
      this.inFlight.set(name, asked);
    }
    return asked;
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
    this.passedAtMs.delete(name);
    this.passedAtMs.set(name, this.options.clock.now());
    const [oldest] = this.passedAtMs.keys();
    if (this.passedAtMs.size > maxPassed && oldest !== undefined) this.passedAtMs.delete(oldest);
  }

  private async send(grant: Grant, signal: AbortSignal): Promise<void> {
    const { acquirePermit: permit, send } = this.options;
    const over = await permit(grant, signal);
    const sent = send(authorization(grant), [probeCommand], signal);
    void sent.catch(() => undefined).finally(over);
    await unlessAborted(sent, signal);
  }
}
