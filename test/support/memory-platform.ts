import { type Delivery, type Offer, type Outlook, type Platform, tripLeaseMs, waitsForMs } from '@b24/lanes';
import { type Clock, Fault, type PortalId } from '@b24/portal';

interface Seat {
  readonly offer: Offer;
  trip?: string;
}

interface Place {
  readonly replicas: Map<string, number>;
  readonly seats: Map<string, Seat>;
  readonly trips: Map<string, number>;
}

/** What the replicas' platforms share, in memory. */
export class MemoryStation {
  readonly listeners = new Map<string, (portal: PortalId, delivery: Delivery) => void>();
  private readonly places = new Map<PortalId, Place>();
  private replicas = 0;

  constructor(readonly clock: Clock) {}

  platform(): MemoryPlatform {
    return new MemoryPlatform(this, `r${++this.replicas}`);
  }

  at(portal: PortalId): Place {
    let place = this.places.get(portal);
    if (!place) this.places.set(portal, (place = { replicas: new Map(), seats: new Map(), trips: new Map() }));
    return place;
  }
}

export class MemoryPlatform implements Platform {
  /** As if the store could not be asked. */
  down = false;
  private lastId = 0;

  constructor(
    private readonly station: MemoryStation,
    readonly replica: string,
  ) {}

  newId = () => `${this.replica}.${++this.lastId}`;

  async wait(portal: PortalId, offers: readonly Offer[], waiting: boolean): Promise<Outlook> {
    await this.reached();
    const { replicas, seats, trips } = this.station.at(portal);
    const now = this.station.clock.now();
    if (waiting) replicas.set(this.replica, now);
    for (const offer of offers) seats.set(offer.id, { offer });
    const ours = new Map<string, 'waiting' | 'taken' | 'lost'>();
    for (const [id, { trip }] of [...seats].filter(([id]) => this.isMine(id))) {
      const state = trip === undefined ? 'waiting' : (trips.get(trip) ?? 0) > now ? 'taken' : 'lost';
      if (state === 'lost') seats.delete(id);
      ours.set(id, state);
    }
    const others = [...replicas].filter(([replica, at]) => replica !== this.replica && now - at < waitsForMs);
    return { othersWait: others.length > 0, ours };
  }

  async offers(portal: PortalId): Promise<readonly Offer[]> {
    await this.reached();
    const { seats } = this.station.at(portal);
    return [...seats.values()]
      .filter(({ offer, trip }) => trip === undefined && !this.isMine(offer.id))
      .map(({ offer }) => offer);
  }

  async take(portal: PortalId, trip: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    await this.reached();
    const { seats, trips } = this.station.at(portal);
    const taken = ids.filter((id) => seats.has(id) && seats.get(id)?.trip === undefined);
    for (const id of taken) {
      const seat = seats.get(id);
      if (this.isMine(id)) seats.delete(id);
      else if (seat) {
        seat.trip = trip;
        trips.set(trip, this.station.clock.now() + tripLeaseMs);
      }
    }
    return new Set(taken);
  }

  async keep(portal: PortalId, trip: string): Promise<void> {
    await this.reached();
    const { trips } = this.station.at(portal);
    const now = this.station.clock.now();
    if ((trips.get(trip) ?? 0) > now) trips.set(trip, now + tripLeaseMs);
  }

  async deliver(portal: PortalId, trip: string, delivery: Delivery): Promise<void> {
    await this.reached();
    const { seats, trips } = this.station.at(portal);
    for (const [replica, listener] of this.station.listeners) {
      const places = [...delivery.ids.keys()].filter((i) => delivery.ids[i]?.startsWith(`${replica}.`));
      const ids = places.map((i) => delivery.ids[i] ?? '');
      if (ids.length === 0) continue;
      if ('fault' in delivery) listener(portal, { ids, fault: delivery.fault });
      else listener(portal, { ids, answers: places.map((i) => delivery.answers[i] ?? []), trip: delivery.trip });
    }
    for (const id of delivery.ids) seats.delete(id);
    trips.delete(trip);
  }

  onDelivery(listener: (portal: PortalId, delivery: Delivery) => void): void {
    this.station.listeners.set(this.replica, listener);
  }

  close(): void {
    this.station.listeners.delete(this.replica);
  }

  private isMine(id: string): boolean {
    return id.startsWith(`${this.replica}.`);
  }

  private reached(): Promise<void> {
    return this.down ? Promise.reject(new Fault('store_unavailable')) : Promise.resolve();
  }
}
