import type { Answer, Command, Fault, PortalId, Trip } from '@b24/portal';

/** A booking of this replica that any replica's trip may take along. */
export interface Offer {
  /** From `Platform.newId`; each time it is offered it has another. */
  readonly id: string;
  readonly commands: readonly Command[];
}

/** What a replica hears while it waits for a portal's bucket. */
export interface Outlook {
  /** Other replicas wait for the same bucket. */
  readonly othersWait: boolean;
  /** What we have on offer: still there, under way with another's trip, or lost with it. Delivered ones are gone. */
  readonly ours: ReadonlyMap<string, 'waiting' | 'taken' | 'lost'>;
}

/** What became of offers that another replica's trip took along: answers for each, or the failure of the whole trip. */
export type Delivery =
  | { readonly ids: readonly string[]; readonly answers: readonly (readonly Answer[])[]; readonly trip: Trip }
  | { readonly ids: readonly string[]; readonly fault: Fault };

/**
 * Where bookings that wait on one replica are picked up by whichever replica's trip leaves first. An offer is taken by
 * one trip or withdrawn by its owner, never both. A trip that carries others' bookings holds a lease; when it ends
 * undelivered, the owners are told that they are lost.
 * Every method rejects with Fault `store_unavailable` when the store cannot be asked: what it did then is unknown.
 */
export interface Platform {
  newId(): string;
  /** Puts bookings on offer, and asks how things stand. `waiting`: our own departure waits at the bucket. */
  wait(portal: PortalId, offers: readonly Offer[], waiting: boolean): Promise<Outlook>;
  /** What other replicas that wait have on offer. */
  offers(portal: PortalId): Promise<readonly Offer[]>;
  /** Takes offers for a trip of ours, or our own off the platform; tells which were still there. */
  take(portal: PortalId, trip: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** The trip is still under way: its lease begins anew. */
  keep(portal: PortalId, trip: string): Promise<void>;
  /** The trip is back; each owner is told what became of its own. */
  deliver(portal: PortalId, trip: string, delivery: Delivery): Promise<void>;
  /** Who is told of deliveries to this replica; one listener. */
  onDelivery(listener: (portal: PortalId, delivery: Delivery) => void): void;
  close(): void;
}

/** A trip whose lease was not kept for so long is lost. */
export const tripLeaseMs = 10_000;
/** A replica that was not heard for so long does not wait any more. */
export const waitsForMs = 5000;
