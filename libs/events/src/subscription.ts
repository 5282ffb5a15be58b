import type { PortalId, Secret } from '@b24/portal';

/** An internal service that wants to be told of events. */
export interface Subscription {
  readonly id: string;
  readonly name?: string;
  readonly url: string;
  /** Names as `ONTASKADD`, or the beginning of names as `ONCRM*`; upper case. */
  readonly events: 'all' | readonly string[];
  readonly portals: 'all' | readonly PortalId[];
  readonly createdAtMs: number;
  /** Events wait while it is: the operator wants it so, or the target answered 410 Gone. */
  readonly paused?: 'operator' | 'gone';
  /** `whsec_…`: signs what is sent. */
  readonly secret: Secret;
  /** The secret that was replaced; it signs as well until then, unix milliseconds. */
  readonly former?: { readonly secret: Secret; readonly untilMs: number };
}

/** What signs a message to it now. */
export function secretsOf({ secret, former }: Pick<Subscription, 'secret' | 'former'>, nowMs: number): Secret[] {
  return former && former.untilMs > nowMs ? [secret, former.secret] : [secret];
}

export type EventFilter = Pick<Subscription, 'events' | 'portals'>;

export function wants({ events, portals }: EventFilter, portal: PortalId, event: string): boolean {
  return wantsOf(portals, portal) && (events === 'all' || events.some((pattern) => covers(pattern, event)));
}

export function wantsOf(portals: EventFilter['portals'], portal: PortalId): boolean {
  return portals === 'all' || portals.includes(portal);
}

/** An asterisk at the end stands for any characters; the vendor's events know no case. */
export function covers(pattern: string, event: string): boolean {
  const name = event.toUpperCase();
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
