import { type Delivery, type Offer, type Outlook, type Platform, tripLeaseMs, waitsForMs } from '@b24/queue';
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
  private questions = 0;

  constructor(
    readonly clock: Clock,
    /** How many ticks a question takes to arrive, and its answer to come back, in turn. */
    private readonly lags: readonly number[] = [0],
  ) {}

  async lag(): Promise<void> {
    const ticks = this.lags[this.questions++ % this.lags.length] ?? 0;
    for (let i = 0; i < ticks; i++) await Promise.resolve();
  }

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
  private dead = false;
  private lastId = 0;

  constructor(
    private readonly station: MemoryStation,
    readonly replica: string,
  ) {}

  newId = () => `${this.replica}.${++this.lastId}`;

  wait(portal: PortalId, offers: readonly Offer[], waiting: boolean): Promise<Outlook> {
    return this.asked(() => {
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
    });
  }

  offers(portal: PortalId): Promise<readonly Offer[]> {
    return this.asked(() => {
      const { replicas, seats } = this.station.at(portal);
      const since = this.station.clock.now() - waitsForMs;
      const waits = ({ id }: Offer) => (replicas.get(id.split('.')[0] ?? '') ?? 0) > since;
      return [...seats.values()]
        .filter(({ offer, trip }) => trip === undefined && !this.isMine(offer.id) && waits(offer))
        .map(({ offer }) => offer);
    });
  }

  take(portal: PortalId, trip: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.asked(() => {
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
    });
  }

  keep(portal: PortalId, trip: string): Promise<void> {
    return this.asked(() => {
      const { trips } = this.station.at(portal);
      const now = this.station.clock.now();
      if ((trips.get(trip) ?? 0) > now) trips.set(trip, now + tripLeaseMs);
    });
  }

  deliver(portal: PortalId, trip: string, delivery: Delivery): Promise<void> {
    return this.asked(() => {
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
    });
  }

  onDelivery(listener: (portal: PortalId, delivery: Delivery) => void): void {
    this.station.listeners.set(this.replica, listener);
  }

  close(): void {
    this.station.listeners.delete(this.replica);
  }

  kill(): void {
    this.dead = true;
    this.close();
  }

  private isMine(id: string): boolean {
    return id.startsWith(`${this.replica}.`);
  }

  private async asked<T>(does: () => T): Promise<T> {
    await this.station.lag();
    if (this.dead) return new Promise(() => undefined);
    if (this.down) throw new Fault('store_unavailable');
    const answer = does();
    await this.station.lag();
    return answer;
  }
}
