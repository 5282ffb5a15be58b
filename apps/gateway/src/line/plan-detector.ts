import type { GrantStore, PortalRecord, Tariff } from '@b24/grants';
import { type Clock, type Command, Fault, type PortalId, type Result, setNewest, unlessAborted } from '@b24/portal';
import { z } from 'zod';

const question: Command = {
  method: 'app.info',
  params: {},
  effect: 'read',
  entity: { family: 'app', ids: { app: 'self' } },
};
const hourMs = 3_600_000;
const tariffLifetimeMs = 7 * 24 * hourMs;
const queryTimeoutMs = 30_000;
const failureDelayMs = hourMs;
/** Records that were read before the answer was saved may still be in use. */
const answerDelayMs = 60_000;
/** Limits the load after a start, when no portal's tariff is known. */
const maxConcurrentQueries = 16;
const maxRememberedPortals = 10_000;

export interface PlanDetectorOptions {
  readonly ask: (portal: PortalId, command: Command, signal: AbortSignal) => Promise<Result>;
  readonly store: Pick<GrantStore, 'saveTariff'>;
  readonly clock: Clock;
}

/**
 * Detects the tariffs of portals in the background. A failure affects no call. Each replica detects for itself; two queries
 * for one portal do no harm.
 */
export class PlanDetector {
  private readonly underWay = new Map<PortalId, AbortController>();
  /** The earliest time of the next query for each portal, in the order of the queries. */
  private readonly nextAttemptAtMs = new Map<PortalId, number>();
  private stopped = false;

  constructor(private readonly options: PlanDetectorOptions) {}

  /** Queries the portal in the background if its tariff is unknown or old. Returns at once and never throws. */
  refreshIfStale(record: PortalRecord): void {
    if (this.isStale(record)) void this.detect(record.portal);
  }

  /** Aborts running queries and starts no more. */
  stop(): void {
    this.stopped = true;
    for (const controller of this.underWay.values()) controller.abort(new Fault('shutting_down'));
  }

  private isStale({ portal, kind, suspended, waitingSinceMs, tariff }: PortalRecord): boolean {
    // A webhook is not an app; suspended and waiting portals are not called.
    if (this.stopped || kind !== 'app' || suspended || waitingSinceMs !== undefined) return false;
    const now = this.options.clock.now();
    if (tariff && now - tariff.requestedAtMs < tariffLifetimeMs) return false;
    if (this.underWay.has(portal) || this.underWay.size >= maxConcurrentQueries) return false;
    return now >= (this.nextAttemptAtMs.get(portal) ?? 0);
  }

  private async detect(portal: PortalId): Promise<void> {
    const controller = new AbortController();
    const callOff = this.options.clock.after(queryTimeoutMs, () => {
      controller.abort(new Fault('deadline_exceeded'));
    });
    this.underWay.set(portal, controller);
    try {
      await unlessAborted(this.learn(portal, controller.signal), controller.signal);
      this.postpone(portal, answerDelayMs);
    } catch {
      this.postpone(portal, failureDelayMs);
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
    await store.saveTariff(portal, tariff);
  }

  private postpone(portal: PortalId, forMs: number): void {
    setNewest(this.nextAttemptAtMs, portal, this.options.clock.now() + forMs, maxRememberedPortals);
  }
}

const word = z.string().trim().max(64).catch('');
const appInfoSchema = z.object({ LICENSE: word, LICENSE_FAMILY: word });

/** Reads the tariff. An answer without a licence is a valid tariff; anything else throws. */
function tariffOf(value: unknown, requestedAtMs: number): Tariff {
  const { LICENSE: licence, LICENSE_FAMILY: family } = appInfoSchema.parse(value);
  return { licence, ...(family && { family }), requestedAtMs };
}
