import type { Answer, Command, Fault, PortalId } from '@b24/portal';
import { CircuitBreaker } from './circuit-breaker';
import type { QueuedCall } from './queued-call';
import type { QueueOptions } from './queue-options';
import type { Plan } from './rate-limiter';
import { RefusedMethods } from './refused-methods';

/** How long no permit is granted after the portal said that its bucket is full; doubles each time in a row. */
const firstBackOffMs = 2000;
const maxBackOffMs = 16_000;

/** What answers, failures and probes say about one portal: its circuit, its back-off, and methods refused for themselves. */
export class PortalHealth {
  readonly circuit: CircuitBreaker;
  private readonly refusedMethods: RefusedMethods;
  private backOffMs = firstBackOffMs;
  private backOffUntilMs = 0;

  constructor(
    private readonly portal: PortalId,
    private readonly options: Pick<QueueOptions, 'clock' | 'isAnswering' | 'observer' | 'rateLimiter'>,
  ) {
    this.circuit = new CircuitBreaker(options.clock);
    this.refusedMethods = new RefusedMethods(options.clock);
  }

  /** The portal answered a request. */
  onAnswers(answersByCall: ReadonlyMap<QueuedCall, readonly Answer[]>): void {
    this.closeCircuit();
    this.backOffMs = firstBackOffMs;
    this.refusedMethods.onAnswer(methodsThatRan(answersByCall));
  }

  /** A request failed. Returns `opened` if the circuit opened, `probe` if `probe` must find out whether it opens. */
  onFailure(fault: Fault): 'opened' | 'probe' | 'unchanged' {
    const before = this.circuit.state;
    const change = this.circuit.onFailure(fault);
    if (change === 'opened') this.options.observer.circuit(this.portal, 'opened', fault);
    else if (change === 'unchanged') this.reportClosed(before);
    return change;
  }

  /** Asks the portal whether it answers at all. Resolves with true if the circuit opened. Never rejects. */
  async probe(fault: Fault): Promise<boolean> {
    const before = this.circuit.state;
    const isAnswering = await this.options.isAnswering(this.portal).catch(() => true);
    const isOpened = this.circuit.onProbeResult(isAnswering, fault);
    if (isOpened) this.options.observer.circuit(this.portal, 'opened', fault);
    else this.reportClosed(before);
    return isOpened;
  }

  /**
   * Whether a request that was refused because the bucket is full was refused for its only method, so that no other
   * call needs to wait.
   */
  isRefusedForItself(commands: readonly Command[]): boolean {
    const [command, ...others] = commands;
    if (!command || others.length > 0) return false;
    const refused = this.refusedMethods.onRefused(command.method);
    if (refused === 'again') void this.probeOthers();
    if (refused === 'own') this.closeCircuit();
    return refused === 'own';
  }

  /** Someone else used the portal's allowance: no replica gets a permit for a while. */
  async backOff(plan: Plan): Promise<void> {
    const now = this.options.clock.now();
    if (now < this.backOffUntilMs) return;
    this.options.observer.backedOff(this.portal);
    this.backOffUntilMs = now + this.backOffMs;
    await this.options.rateLimiter.backOff(this.portal, plan, this.backOffMs).catch(() => undefined);
    this.backOffMs = Math.min(this.backOffMs * 2, maxBackOffMs);
  }

  /** Finds out whether the portal answers other methods meanwhile. Never rejects. */
  private async probeOthers(): Promise<void> {
    if (await this.options.isAnswering(this.portal).catch(() => false)) this.refusedMethods.onAnswer([]);
  }

  private closeCircuit(): void {
    const before = this.circuit.state;
    this.circuit.close();
    this.reportClosed(before);
  }

  private reportClosed(before: CircuitBreaker['state']): void {
    if (before !== 'closed' && this.circuit.state === 'closed') this.options.observer.circuit(this.portal, 'closed');
  }
}

function* methodsThatRan(answersByCall: ReadonlyMap<QueuedCall, readonly Answer[]>): Generator<string> {
  for (const [{ commands }, answers] of answersByCall)
    for (const [i, { method }] of commands.entries()) if (answers[i]?.ok) yield method;
}
