import type { GrantStore, PortalRecord, Tariff } from '@b24/grants';
import { type Clock, type Command, Fault, type PortalId, type Result, unlessAborted } from '@b24/portal';
import { z } from 'zod';

const question: Command = {
  method: 'app.info',
  params: {},
  effect: 'read',
  entity: { family: 'app', ids: { app: 'self' } },
};
const hourMs = 3_600_000;
const believeMs = 7 * 24 * hourMs;
const answerWithinMs = 30_000;
const restAfterFailureMs = hourMs;
/** Records that were read before the answer was saved are still about. */
const restAfterAnswerMs = 60_000;
/** After a start every portal may be unknown; the questions must not be a load of their own. */
const mostUnderWay = 16;
const mostRemembered = 10_000;

export interface TariffScoutOptions {
  readonly ask: (portal: PortalId, command: Command, signal: AbortSignal) => Promise<Result>;
  readonly store: Pick<GrantStore, 'learnTariff'>;
  readonly clock: Clock;
}

/**
 * Learns the portals' tariffs beside the calls and never in their way: a failure costs nothing but pace. Each replica
 * scouts for itself; a question asked by two does no harm.
 */
export class TariffScout {
  private readonly underWay = new Map<PortalId, AbortController>();
  /** Until when a portal is left alone, in the order of the questions. */
  private readonly restsUntilMs = new Map<PortalId, number>();
  private stopped = false;

  constructor(private readonly options: TariffScoutOptions) {}

  /** Asks the portal in the background, if its tariff is unknown or old. Returns at once and never throws. */
  look(record: PortalRecord): void {
    if (this.isWorthAsking(record)) void this.scout(record.portal);
  }

  /** Gives up what is under way, and asks nothing more. */
  stop(): void {
    this.stopped = true;
    for (const controller of this.underWay.values()) controller.abort(new Fault('shutting_down'));
  }

  private isWorthAsking({ portal, kind, suspended, waitingSinceMs, tariff }: PortalRecord): boolean {
    // A webhook is no app, and a portal that is suspended or waits is not called.
    if (this.stopped || kind !== 'app' || suspended || waitingSinceMs !== undefined) return false;
    const now = this.options.clock.now();
    if (tariff && now - tariff.askedAtMs < believeMs) return false;
    if (this.underWay.has(portal) || this.underWay.size >= mostUnderWay) return false;
    return now >= (this.restsUntilMs.get(portal) ?? 0);
  }

  private async scout(portal: PortalId): Promise<void> {
    const controller = new AbortController();
    const callOff = this.options.clock.after(answerWithinMs, () => {
      controller.abort(new Fault('deadline_exceeded'));
    });
    this.underWay.set(portal, controller);
    try {
      await unlessAborted(this.learn(portal, controller.signal), controller.signal);
      this.rest(portal, restAfterAnswerMs);
    } catch {
      this.rest(portal, restAfterFailureMs);
    } finally {
      callOff();
      this.underWay.delete(portal);
    }
  }

  private async learn(portal: PortalId, signal: AbortSignal): Promise<void> {
    const { ask, store, clock } = this.options;
    // Whoever looks is in the middle of a departure; nothing is asked before it has gone on.
    await Promise.resolve();
    const { value } = await ask(portal, question, signal);
    const tariff = tariffOf(value, clock.now());
    signal.throwIfAborted();
    await store.learnTariff(portal, tariff);
  }

  private rest(portal: PortalId, forMs: number): void {
    this.restsUntilMs.delete(portal);
    this.restsUntilMs.set(portal, this.options.clock.now() + forMs);
    const [oldest] = this.restsUntilMs.keys();
    if (oldest && this.restsUntilMs.size > mostRemembered) this.restsUntilMs.delete(oldest);
  }
}

const word = z.string().trim().max(64).catch('');
const appInfoSchema = z.object({ LICENSE: word, LICENSE_FAMILY: word });

/** A portal that tells no licence has told that; what is no answer at all throws. */
function tariffOf(value: unknown, askedAtMs: number): Tariff {
  const { LICENSE: licence, LICENSE_FAMILY: family } = appInfoSchema.parse(value);
  return { licence, ...(family && { family }), askedAtMs };
}
