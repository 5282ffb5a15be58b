import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, Fault, type PortalId, sleep } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import { type Delivery, type Offer, type Outlook, type Platform, tripLeaseMs, waitsForMs } from './platform';
import { readCommands, readDelivery, writeCommands, writeDelivery } from './platform-words';

/* Every key and field is in docs/storage.md. The braces keep a portal's keys on one node of a cluster. */
const platformKey = (portal: PortalId) => `b24:{${portal}}:platform`;
const deliveriesKey = (replica: string) => `b24:{${replica}}:deliveries`;

const scripts = ['offerSeats', 'readOffers', 'takeSeats', 'keepTrip'] as const;
type Run = (key: string, ...args: (string | number)[]) => Promise<unknown>;

/** A replica that has not read its deliveries for so long is not there any more. */
const deliveriesLiveMs = 120_000;
/** One question for deliveries waits so long; below the connection's own patience. */
const listenMs = 1000;
/** We go on asking for so long after we last had something on offer. */
const listenOnMs = 30_000;

/** What is put into Redis for another replica is for nobody else. */
export interface TextSeal {
  close(text: string, place: string): string;
  open(sealed: string, place: string): string;
}

export interface RedisPlatformOptions {
  readonly redis: Redis | Cluster;
  readonly seal: TextSeal;
  readonly clock: Clock;
}

/** The platform as one Redis hash a portal, and a stream of deliveries for each replica. */
export class RedisPlatform implements Platform {
  private readonly replica = randomBytes(8).toString('hex');
  private readonly run: Record<(typeof scripts)[number], Run>;
  private offered = 0;
  private listener: (portal: PortalId, delivery: Delivery) => void = () => undefined;
  private reader: Redis | Cluster | undefined;
  private listening = false;
  private listensUntilMs = 0;
  private heardUpTo = '0';
  private closed = false;

  constructor(private readonly options: RedisPlatformOptions) {
    const { redis } = options;
    for (const name of scripts) {
      redis.defineCommand(name, { numberOfKeys: 1, lua: readFileSync(join(__dirname, `${name}.lua`), 'utf8') });
    }
    this.run = redis as unknown as typeof this.run;
  }

  newId(): string {
    return `${this.replica}.${++this.offered}`;
  }

  async wait(portal: PortalId, offers: readonly Offer[], waiting: boolean): Promise<Outlook> {
    if (offers.length > 0 || !waiting) this.listen();
    const texts = offers.flatMap(({ id, commands }) => [id, this.sealed(writeCommands(commands), portal, id)]);
    const answer = await asking(() =>
      this.run.offerSeats(platformKey(portal), this.replica, waiting ? 1 : 0, waitsForMs, ...texts),
    );
    const [others, ...states] = answer as [number, ...string[]];
    return { othersWait: others === 1, ours: new Map(pairs(states)) as Outlook['ours'] };
  }

  async offers(portal: PortalId): Promise<readonly Offer[]> {
    const texts = await asking(() => this.run.readOffers(platformKey(portal), this.replica, waitsForMs));
    return pairs(texts as string[]).flatMap(([id, sealed]) => {
      const text = this.opened(sealed, portal, id);
      return text === undefined ? [] : [{ id, commands: readCommands(text) }];
    });
  }

  async take(portal: PortalId, trip: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const taken = await asking(() => this.run.takeSeats(platformKey(portal), this.replica, trip, tripLeaseMs, ...ids));
    return new Set(taken as string[]);
  }

  async keep(portal: PortalId, trip: string): Promise<void> {
    await asking(() => this.run.keepTrip(platformKey(portal), trip, tripLeaseMs));
  }

  async deliver(portal: PortalId, trip: string, delivery: Delivery): Promise<void> {
    const { redis } = this.options;
    await asking(async () => {
      for (const [replica, own] of byOwner(delivery)) {
        const key = deliveriesKey(replica);
        await redis.xadd(key, '*', 'portal', portal, 'delivery', this.sealed(writeDelivery(own), portal, replica));
        await redis.pexpire(key, deliveriesLiveMs);
      }
      // Only now: what is neither on offer nor with a trip has been delivered.
      await redis.hdel(platformKey(portal), `trip:${trip}`, ...delivery.ids.map((id) => `seat:${id}`));
    });
  }

  onDelivery(listener: (portal: PortalId, delivery: Delivery) => void): void {
    this.listener = listener;
  }

  close(): void {
    this.closed = true;
    this.reader?.disconnect();
  }

  private listen(): void {
    this.listensUntilMs = this.options.clock.now() + listenOnMs;
    if (this.listening) return;
    this.listening = true;
    const reader = (this.reader ??= this.another());
    void this.hear(reader).finally(() => (this.listening = false));
  }

  /** A connection that may wait. */
  private another(): Redis | Cluster {
    const { redis } = this.options;
    const reader = 'nodes' in redis ? redis.duplicate() : redis.duplicate();
    reader.on('error', () => undefined); // the main connection tells of it
    return reader;
  }

  private async hear(reader: Redis | Cluster): Promise<void> {
    const { clock } = this.options;
    const key = deliveriesKey(this.replica);
    while (!this.closed && clock.now() < this.listensUntilMs) {
      try {
        const streams = await reader.xread('COUNT', 50, 'BLOCK', listenMs, 'STREAMS', key, this.heardUpTo);
        for (const [id, fields] of streams?.[0]?.[1] ?? []) this.heard(id, fields);
        if (streams) await reader.xtrim(key, 'MINID', this.heardUpTo);
      } catch {
        if (!this.closed) await sleep(clock, listenMs / 2);
      }
    }
  }

  private heard(id: string, fields: string[]): void {
    this.heardUpTo = id;
    const { portal, delivery } = Object.fromEntries(pairs(fields)) as { portal?: PortalId; delivery?: string };
    // What no replica wrote is passed over: the other entries must not wait for it.
    const text = portal && delivery && this.opened(delivery, portal, this.replica);
    if (portal && text) this.listener(portal, readDelivery(text));
  }

  private sealed(text: string, portal: PortalId, place: string): string {
    return this.options.seal.close(text, `${portal}|${place}`);
  }

  /** Undefined when another replica's keys closed it: then its owner carries it. */
  private opened(sealed: string, portal: PortalId, place: string): string | undefined {
    try {
      return this.options.seal.open(sealed, `${portal}|${place}`);
    } catch {
      return undefined;
    }
  }
}

/** Each owner's part of it; an id begins with its owner. */
function byOwner(delivery: Delivery): Map<string, Delivery> {
  const owners = new Map<string, number[]>();
  for (const [i, id] of delivery.ids.entries()) {
    const [owner = ''] = id.split('.');
    owners.set(owner, [...(owners.get(owner) ?? []), i]);
  }
  return new Map([...owners].map(([owner, places]) => [owner, partOf(delivery, places)]));
}

function partOf(delivery: Delivery, places: readonly number[]): Delivery {
  const ids = places.map((i) => delivery.ids[i] ?? '');
  if ('fault' in delivery) return { ids, fault: delivery.fault };
  return { ids, answers: places.map((i) => delivery.answers[i] ?? []), trip: delivery.trip };
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']);
}

async function asking<T>(question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    throw new Fault('store_unavailable', { cause: error });
  }
}
