import { type EventQueue, messageOf, type Subscriptions, wants } from '@b24/events';
import { type GrantStore, type Installer, secretsOf } from '@b24/grants';
import { asFault, type Clock, type PortalId, Scrubber, type Secret, sleep } from '@b24/portal';
import type { FastifyBaseLogger } from 'fastify';

/** Maximum events that wait in memory for the store; a few megabytes. */
const maxHeldEvents = 1000;
const againAfterMs = 1000;
/** How long an event waits for the store. */
const lifeMs = 3_600_000;

/** A received event of a portal that is not verified yet. */
export interface IncomingEvent {
  /** The app to whose URL it was sent. */
  readonly app: string;
  readonly event: string;
  readonly memberId: string;
  readonly applicationToken: Secret;
  /** The access token of the event, if it has one. It is not used, and is removed from messages. */
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
  /** Called when a message is queued. */
  readonly stored: () => void;
  /** Called with the subscription whose oldest message was dropped for lack of room. */
  readonly lost: (subscription: string) => void;
  /** Called for a portal whose app was updated, which removes its bindings. */
  readonly updated: (portal: PortalId) => Promise<void>;
}

/** Receives how the inbox handled an event. */
export interface EventWatcher {
  proven(): void;
  uninstalled(portal: PortalId): void;
}

/**
 * Events other than installs. Bitrix24 never repeats an event, so it is queued for its subscriptions before Bitrix24 gets
 * an answer. While the store does not answer it waits in memory.
 */
export class EventInbox {
  private held = 0;
  private stopped = false;

  constructor(private readonly options: EventInboxOptions) {}

  /** Takes an event. @throws Fault event_refused; store_unavailable if too many already wait for the store */
  async take(event: IncomingEvent, watcher: EventWatcher): Promise<void> {
    try {
      await this.deal(event, watcher);
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable' || this.held >= maxHeldEvents || this.stopped) throw error;
      void this.dealLater(event, watcher);
    }
  }

  /** Logs the events in memory, which are lost with this replica. */
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

  /** Returns false while the store does not answer. */
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
    // Queued first, because nothing can verify this event after the uninstall, if the rest has to be repeated.
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
    // Events of a portal that is not admitted yet are dropped.
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
