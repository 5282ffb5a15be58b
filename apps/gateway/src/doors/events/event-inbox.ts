import { type EventQueue, messageOf, type Subscriptions, wants } from '@b24/events';
import { type GrantStore, type Installer, secretsOf } from '@b24/grants';
import { asFault, type Clock, type PortalId, Scrubber, type Secret, sleep } from '@b24/portal';
import type { FastifyBaseLogger } from 'fastify';

/** Events that wait for the store in memory: a few megabytes. */
const maxHeldEvents = 1000;
const againAfterMs = 1000;
/** Then nobody waits for it any more. */
const lifeMs = 3_600_000;

/** An event that came in, of a portal that has yet to prove itself. */
export interface IncomingEvent {
  /** Whose address it came to. */
  readonly app: string;
  readonly event: string;
  readonly memberId: string;
  readonly applicationToken: Secret;
  /** The event's own, if it has one: nobody uses it, and it must not go on. */
  readonly accessToken?: Secret;
  /** Unix seconds. */
  readonly ts?: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly receivedAtMs: number;
}

export interface EventInboxOptions {
  readonly installer: Pick<Installer, 'checkEvent' | 'uninstall'>;
  readonly store: Pick<GrantStore, 'load'>;
  readonly subscriptions: Pick<Subscriptions, 'list'>;
  readonly queue: Pick<EventQueue, 'enqueue'>;
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
  /** Told when something waits to be sent. */
  readonly stored: () => void;
  /** Told of what had to go: there was no room. */
  readonly lost: (subscription: string) => void;
  /** Told of a portal whose app was updated, which takes its bindings away. */
  readonly updated: (portal: PortalId) => Promise<void>;
}

/** Told as the event is dealt with. */
export interface EventWatcher {
  proven(): void;
  uninstalled(portal: PortalId): void;
}

/**
 * Events other than installs. Bitrix24 never sends one again, so it is kept for its subscriptions before the answer; while
 * the store is away it waits in memory.
 */
export class EventInbox {
  private held = 0;
  private stopped = false;

  constructor(private readonly options: EventInboxOptions) {}

  /** @throws Fault event_refused; store_unavailable when too many wait for the store already */
  async take(event: IncomingEvent, watcher: EventWatcher): Promise<void> {
    try {
      await this.deal(event, watcher);
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable' || this.held >= maxHeldEvents || this.stopped) throw error;
      void this.dealLater(event, watcher);
    }
  }

  /** What waits in memory is lost with this replica, and told to the log. */
  stop(): void {
    this.stopped = true;
    if (this.held > 0) this.options.log.error({ events: this.held }, 'events are lost: the store did not come back');
  }

  private async dealLater(event: IncomingEvent, watcher: EventWatcher): Promise<void> {
    const { clock, log } = this.options;
    this.held++;
    try {
      while (!this.stopped && clock.now() - event.receivedAtMs < lifeMs) {
        await sleep(clock, againAfterMs);
        if (await this.dealtWith(event, watcher)) return;
      }
    } catch (error) {
      log.warn({ member: event.memberId, code: asFault(error).code }, 'event not taken');
    } finally {
      this.held--;
    }
  }

  /** False while the store is away. */
  private async dealtWith(event: IncomingEvent, watcher: EventWatcher): Promise<boolean> {
    try {
      await this.deal(event, watcher);
      return true;
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable') throw error;
      return false;
    }
  }

  private async deal(event: IncomingEvent, watcher: EventWatcher): Promise<void> {
    const { installer, updated } = this.options;
    const portal = await installer.checkEvent(event.app, event.memberId, event.applicationToken);
    watcher.proven();
    // First: after an uninstall nothing proves this event any more, should the rest have to be done again.
    await this.forward(portal, event);
    if (event.event === 'ONAPPUPDATE') await updated(portal);
    if (event.event !== 'ONAPPUNINSTALL') return;
    await installer.uninstall(event.app, portal, event.applicationToken);
    watcher.uninstalled(portal);
  }

  private async forward(memberId: PortalId, incoming: IncomingEvent): Promise<void> {
    const { subscriptions, store, queue, stored, lost } = this.options;
    const { event, ts, data, receivedAtMs, applicationToken, accessToken } = incoming;
    const wanting = (await subscriptions.list()).filter((it) => wants(it, memberId, event)).map(({ id }) => id);
    if (wanting.length === 0) return;
    const grant = await store.load(memberId);
    // Nobody has admitted the portal yet: what it says concerns nobody.
    if (grant?.waitingSinceMs !== undefined) return;
    const portal = { memberId, domain: grant?.domain ?? '' };
    const secrets = [applicationToken, ...(accessToken ? [accessToken] : []), ...(grant ? secretsOf(grant) : [])];
    const scrubber = Scrubber.of(secrets, portal.domain);
    const message = messageOf({ event, portal, receivedAtMs, data, ...(ts !== undefined && { ts }) }, scrubber);
    const outcomes = await queue.enqueue(message, wanting);
    outcomes.forEach((it, i) => {
      if (it === 'lost') lost(wanting[i] ?? '');
    });
    stored();
  }
}
