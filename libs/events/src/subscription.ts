import type { PortalId, Secret } from '@b24/portal';

/** A service that receives events. */
export interface Subscription {
  readonly id: string;
  readonly name?: string;
  readonly url: string;
  /** Names such as `ONTASKADD`, or prefixes such as `ONCRM*`, in upper case. */
  readonly events: 'all' | readonly string[];
  readonly portals: 'all' | readonly PortalId[];
  readonly createdAtMs: number;
  /** Whether deliveries wait, because an operator paused them or the target answered 410 Gone. */
  readonly paused?: 'operator' | 'gone';
  /** The signing secret, `whsec_…`. */
  readonly secret: Secret;
  /** The replaced secret, which also signs messages until `untilMs`, unix milliseconds. */
  readonly former?: { readonly secret: Secret; readonly untilMs: number };
}

/** Returns the secrets that sign a message now. */
export function secretsOf({ secret, former }: Pick<Subscription, 'secret' | 'former'>, nowMs: number): Secret[] {
  return former && former.untilMs > nowMs ? [secret, former.secret] : [secret];
}

export type EventFilter = Pick<Subscription, 'events' | 'portals'>;

export function wants({ events, portals }: EventFilter, portal: PortalId, event: string): boolean {
  return wantsOf(portals, portal) && (events === 'all' || events.some((pattern) => covers(pattern, event)));
}

function wantsOf(portals: EventFilter['portals'], portal: PortalId): boolean {
  return portals === 'all' || portals.includes(portal);
}

/** A final asterisk matches any characters. The names of Bitrix24's events are case-insensitive. */
export function covers(pattern: string, event: string): boolean {
  const name = event.toUpperCase();
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Returns the event patterns that subscriptions want of a portal, sorted; `*` means all. */
export function patternsFor(portal: PortalId, subscriptions: readonly Subscription[]): string[] {
  const mine = subscriptions.filter(({ portals }) => wantsOf(portals, portal));
  const all = mine.flatMap(({ events }) => (events === 'all' ? ['*'] : events));
  return all.includes('*') ? ['*'] : [...new Set(all)].sort();
}
