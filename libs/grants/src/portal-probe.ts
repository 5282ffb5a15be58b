import {
  asFault,
  type Clock,
  type Command,
  Fault,
  isAboutGrant,
  type SendAuthorized,
  unlessAborted,
  within,
} from '@b24/portal';
import { authorization } from './authorization';
import type { Grant } from './install';

/** It needs no scope and answers to an app and to an incoming webhook alike. */
const question: Command = { method: 'profile', params: {}, effect: 'read' };
/** The wait for the permit included. */
const answerWithinMs = 10_000;

/**
 * passed: the portal took a command of our own with this authorization. refused: it refused that one too, with this
 * fault. silent: neither is known.
 */
export type Finding =
  { readonly kind: 'passed' } | { readonly kind: 'refused'; readonly fault: Fault } | { readonly kind: 'silent' };

/** Leave for one request to the portal; it is called once the request is over. */
export type Permit = () => void;

export interface PortalProbeOptions {
  readonly clock: Clock;
  /** Resolves when one request may be sent to the portal. What it comes to after the signal aborted is given back. */
  readonly permit: (grant: Grant, signal: AbortSignal) => Promise<Permit>;
  readonly send: SendAuthorized;
}

/**
 * Asks a portal whether it takes a command of the gateway's own. What a portal says to a caller's command may concern
 * that command alone; what it says to this one concerns the grant. One question a portal is under way at a time: whoever
 * needs the answer meanwhile shares it.
 */
export class PortalProbe {
  private readonly underWay = new Map<string, Promise<Finding>>();

  constructor(private readonly options: PortalProbeOptions) {}

  /** Never rejects. */
  ask(grant: Grant): Promise<Finding> {
    const name = `${grant.portal} ${grant.version}`;
    let asked = this.underWay.get(name);
    if (!asked) {
      asked = this.find(grant).finally(() => this.underWay.delete(name));
      this.underWay.set(name, asked);
    }
    return asked;
  }

  private async find(grant: Grant): Promise<Finding> {
    const inTime = { clock: this.options.clock, ms: answerWithinMs, late: () => new Fault('deadline_exceeded') };
    try {
      await within(inTime, new AbortController().signal, (signal) => this.send(grant, signal));
      return { kind: 'passed' };
    } catch (error) {
      const fault = asFault(error);
      return isAboutGrant(fault) ? { kind: 'refused', fault } : { kind: 'silent' };
    }
  }

  private async send(grant: Grant, signal: AbortSignal): Promise<void> {
    const { permit, send } = this.options;
    const over = await permit(grant, signal);
    const sent = send(authorization(grant), [question], signal);
    void sent.catch(() => undefined).finally(over);
    await unlessAborted(sent, signal);
  }
}
