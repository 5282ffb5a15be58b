import { Binder, Bindings, Courier, EventQueue, Subscriptions } from '@b24/events';
import { defaultApp, type GrantStore, Installer, Seal } from '@b24/grants';
import type { PortalId } from '@b24/portal';
import { type MayConnect, targetWire, type TargetWire } from '@b24/upstream';
import type { FactoryProvider } from '@nestjs/common';
import { appAddresses } from '../apps/app-addresses';
import type { Ground } from '../../ground';
import { Metrics } from '../../operations/metrics';
import { made } from '../../made';
import { RequestLine } from '../../request-line';
import { EventInbox } from '../../doors/events/event-inbox';
import { EventTargets } from './event-targets';
import { portalPages } from './portal-pages';
import { grantStoreToken, installerToken, sealToken, targetWireToken } from '../../tokens';

/** What sends events on: who wants them, what waits, who carries it, and who asks portals for it. */
export function eventProviders({
  settings,
  clock,
  redis,
  log,
}: Pick<Ground, 'settings' | 'clock' | 'redis' | 'log'>): FactoryProvider[] {
  const { targets: hosts, timeoutMs, queueLimit } = settings.events;
  const targets = new EventTargets(hosts);
  return [
    made(EventTargets, [], () => targets),
    made(Subscriptions, [sealToken], (seal: Seal) => new Subscriptions(redis, seal, clock)),
    made(EventQueue, [sealToken], (seal: Seal) => new EventQueue(redis, seal, clock, queueLimit)),
    made(Bindings, [], () => new Bindings(redis, clock)),
    made(targetWireToken, [], () => {
      const mayConnect: MayConnect = (address, target) => targets.mayConnect(address, target);
      return targetWire({ clock, timeoutMs, mayAsk: (url) => targets.mayAsk(url), mayConnect });
    }),
    made(
      Courier,
      [Subscriptions, EventQueue, targetWireToken, Metrics],
      (subscriptions: Subscriptions, queue: EventQueue, { send }: TargetWire, observer: Metrics) => {
        return new Courier({ subscriptions, queue, send, clock, observer, timeoutMs });
      },
    ),
    made(
      Binder,
      [Subscriptions, Bindings, RequestLine, grantStoreToken],
      (subscriptions: Subscriptions, bindings: Bindings, line: RequestLine, store: GrantStore) => {
        return new Binder({
          subscriptions,
          bindings,
          clock,
          log,
          ask: (portal, command, signal) => line.askForEvents(portal, command, signal),
          handlerOf: async (portal) => {
            const grant = await store.load(portal);
            if (grant?.waitingSinceMs !== undefined) return undefined;
            return grant?.kind === 'app' ? appAddresses(settings.publicUrl, grant.app ?? defaultApp).events : undefined;
          },
          portals: () => portalPages(store),
        });
      },
    ),
    made(
      EventInbox,
      [installerToken, grantStoreToken, Subscriptions, EventQueue, Courier, Bindings, Metrics],
      (
        installer: Installer,
        store: GrantStore,
        subscriptions: Subscriptions,
        queue: EventQueue,
        courier: Courier,
        bindings: Bindings,
        metrics: Metrics,
      ) => {
        const kept = () => {
          courier.poke();
        };
        const lost = (subscription: string) => {
          metrics.lost(subscription);
        };
        const updated = (portal: PortalId) => bindings.renewed(portal);
        return new EventInbox({ installer, store, subscriptions, queue, clock, log, kept, lost, updated });
      },
    ),
  ];
}
