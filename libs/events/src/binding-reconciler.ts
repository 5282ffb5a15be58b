import { asFault, type Clock, type Command, Fault, type PortalId, type Result, within } from '@b24/portal';
import { DueWorker } from '@b24/redis';
import type { Bindings, BoundEvents, HeldBinding } from './bindings';
import { covers, patternsFor } from './subscription';
import type { Subscriptions } from './subscriptions';

const pollEveryMs = 2000;
const maxConcurrent = 8;
const holdMs = 120_000;
const requestTimeoutMs = 60_000;
/** Bindings are compared again this often, because somebody may have removed one by hand. */
const checkEveryMs = 24 * 3_600_000;
const firstPauseMs = 60_000;
const maxPauseMs = 6 * 3_600_000;

export interface BindingReconcilerOptions {
  readonly subscriptions: Pick<Subscriptions, 'list'>;
  readonly bindings: Bindings;
  readonly clock: Clock;
  /** @throws Fault as calls do */
  readonly ask: (portal: PortalId, command: Command, signal: AbortSignal) => Promise<Result>;
  /**
   * Returns the URL to which Bitrix24 sends a portal's events: the address of the portal's app. Undefined for a portal
   * that is deleted or has no app, because a webhook cannot bind events.
   */
  readonly handlerOf: (portal: PortalId) => Promise<string | undefined>;
  /** The ids of all portals, page by page. */
  readonly portals: () => AsyncIterable<readonly PortalId[]>;
  readonly log: { warn(fields: object, words: string): void };
}

interface BindingTarget {
  readonly portal: PortalId;
  readonly handler: string;
}

/**
 * Binds the events on portals that subscriptions want, and unbinds the others (`event.bind`, `event.get`, `event.unbind`).
 * It reads what is bound first, so that running twice, or after another replica was killed, does no harm.
 */
export class BindingReconciler {
  private readonly controller = new AbortController();
  private readonly worker: DueWorker<HeldBinding>;

  constructor(private readonly options: BindingReconcilerOptions) {
    this.worker = new DueWorker({
      clock: options.clock,
      everyMs: pollEveryMs,
      maxConcurrent,
      take: () => options.bindings.take(holdMs),
      work: (taken) => this.reconcileEntry(taken),
    });
  }

  start(): void {
    this.worker.start();
  }

  /** Aborts the reconciliations in progress; another replica continues them. */
  stop(): void {
    this.controller.abort(new Fault('shutting_down'));
    this.worker.stop();
  }

  settle(): Promise<void> {
    return this.worker.settle();
  }

  /** Never rejects; an entry that fails is due again when its hold ends. */
  private async reconcileEntry(taken: HeldBinding): Promise<void> {
    try {
      if (taken.portal === '*') await this.enqueueAllPortals(taken);
      else await this.reconcilePortal(taken, taken.portal);
    } catch (error) {
      this.options.log.warn({ portal: taken.portal, code: asFault(error).code }, 'events could not be bound just now');
    }
  }

  private async enqueueAllPortals(taken: HeldBinding): Promise<void> {
    const { bindings, portals, subscriptions, clock } = this.options;
    for await (const page of portals()) await bindings.add(page);
    // Repeated daily while there are subscriptions, for a portal whose install did not reach the gateway.
    const hasSubscriptions = (await subscriptions.list()).length > 0;
    await bindings.settle(taken, undefined, hasSubscriptions ? clock.now() + checkEveryMs : undefined);
  }

  private async reconcilePortal(taken: HeldBinding, portal: PortalId): Promise<void> {
    const { bindings, subscriptions, handlerOf, clock } = this.options;
    const patterns = patternsFor(portal, await subscriptions.list());
    const [handler, before] = await Promise.all([handlerOf(portal), bindings.of(portal)]);
    const wanted = patterns.join(',');
    const isRight = before?.wanted === wanted && !before.failure && clock.now() - before.atMs < checkEveryMs;
    if (handler === undefined || (!before && wanted === '')) await bindings.settle(taken);
    else if (isRight) await bindings.settle(taken, before, before.atMs + checkEveryMs);
    else await this.rebind(taken, { portal, handler }, patterns, before);
  }

  private async rebind(
    taken: HeldBinding,
    place: BindingTarget,
    patterns: string[],
    before?: BoundEvents,
  ): Promise<void> {
    const { bindings, clock, log } = this.options;
    const { portal } = place;
    const wanted = patterns.join(',');
    try {
      const { count, refused } = await this.reconcile(place, patterns);
      const bound: BoundEvents = { wanted, count, atMs: clock.now(), ...(refused.length > 0 && { refused }) };
      if (wanted === '') await bindings.settle(taken);
      else await bindings.settle(taken, bound, clock.now() + checkEveryMs);
    } catch (error) {
      const { code } = asFault(error);
      if (this.controller.signal.aborted || code === 'store_unavailable') throw error;
      const times = (before?.times ?? 0) + 1;
      const pauseMs = Math.min(firstPauseMs * 2 ** (times - 1), maxPauseMs);
      const count = before?.count ?? 0;
      log.warn({ portal, code, times }, 'events could not be bound; trying again');
      await bindings.settle(taken, { wanted, count, failure: code, times, atMs: clock.now() }, clock.now() + pauseMs);
    }
  }

  private async reconcile(
    place: BindingTarget,
    patterns: readonly string[],
  ): Promise<{ count: number; refused: string[] }> {
    const { portal, handler } = place;
    const names = await this.namesFor(portal, patterns);
    const bound = eventsBoundTo((await this.ask(portal, 'event.get', {})).value, handler);
    const missing = names.filter((it) => !bound.has(it));
    // Events about the app itself may have been bound for other purposes.
    const needless = [...bound].filter((it) => !names.includes(it) && !it.startsWith('ONAPP'));
    const outcomes = await Promise.all(missing.map((event) => this.callUnlessRefused(place, 'event.bind', event)));
    const refused = missing.filter((_, i) => !outcomes[i]);
    await Promise.all(needless.map((event) => this.callUnlessRefused(place, 'event.unbind', event)));
    return { count: names.length - refused.length, refused };
  }

  /** Expands patterns by the events that the portal offers; names are used as they are. */
  private async namesFor(portal: PortalId, patterns: readonly string[]): Promise<string[]> {
    const names = patterns.filter((it) => !it.endsWith('*'));
    if (names.length === patterns.length) return names;
    const { value } = await this.ask(portal, 'events', {});
    const known = Array.isArray(value) ? value.filter((it) => typeof it === 'string') : [];
    const covered = known.map((it) => it.toUpperCase()).filter((it) => patterns.some((one) => covers(one, it)));
    return [...new Set([...names, ...covered])];
  }

  /** Returns false if the portal refuses this event alone. */
  private async callUnlessRefused(
    { portal, handler }: BindingTarget,
    method: 'event.bind' | 'event.unbind',
    event: string,
  ): Promise<boolean> {
    try {
      await this.ask(portal, method, { event, handler }, event);
      return true;
    } catch (error) {
      const { code, upstream } = asFault(error);
      if (code !== 'rejected_by_portal' && code !== 'insufficient_scope') throw error;
      return /already bind/i.test(upstream?.description ?? '');
    }
  }

  private async ask(portal: PortalId, method: string, params: Command['params'], event?: string): Promise<Result> {
    const entity = { family: 'event', ids: { event: event ?? method } };
    const { clock } = this.options;
    const inTime = { clock, ms: requestTimeoutMs, late: () => new Fault('deadline_exceeded') };
    return within(inTime, this.controller.signal, (signal) =>
      this.options.ask(portal, { method, params, effect: event ? 'write' : 'read', entity }, signal),
    );
  }
}

/** Returns the events bound to this handler. `event.get` lists every handler of the app. */
function eventsBoundTo(value: unknown, handler: string): Set<string> {
  const all = Array.isArray(value) ? (value as { event?: unknown; handler?: unknown }[]) : [];
  const ours = all.filter((it) => it.handler === handler && typeof it.event === 'string');
  return new Set(ours.map((it) => String(it.event).toUpperCase()));
}
