import { type Delivery, type Platform, RedisPlatform, tripLeaseMs, waitsForMs } from '@b24/queue';
import { type Command, Fault, portalId, systemClock } from '@b24/portal';
import type { Redis } from 'ioredis';
import { HandClock, settle } from '../support/hand-clock';
import { MemoryStation } from '../support/memory-platform';
import { RedisServer } from '../support/redis-server';

interface Station {
  replica(): Platform;
  /** So much time passes for the store. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const inMemory = (): Promise<Station> => {
  const clock = new HandClock();
  const station = new MemoryStation(clock);
  return Promise.resolve({
    replica: () => station.platform(),
    pass: (ms) => clock.advance(ms),
    close: () => Promise.resolve(),
  });
};

/** Seals by reversing, and only at its place. */
const seal = {
  close: (text: string, place: string) => [...`${place}\n${text}`].reverse().join(''),
  open: (sealed: string, place: string) => {
    const text = [...sealed].reverse().join('');
    if (!text.startsWith(`${place}\n`)) throw new Error('moved');
    return text.slice(place.length + 1);
  },
};

const overRedis = async (): Promise<Station> => {
  const server = await RedisServer.start();
  const open: { platform: Platform; redis: Redis }[] = [];
  const redis = server.client();
  return {
    replica: () => {
      const connection = server.client();
      connection.on('error', () => undefined);
      const platform = new RedisPlatform({ redis: connection, seal, clock: systemClock });
      open.push({ platform, redis: connection });
      return platform;
    },
    // Redis's own clock can't be moved: what it wrote down is.
    pass: async (ms) => {
      for (const key of await redis.keys('*:platform')) {
        for (const [field, value] of Object.entries(await redis.hgetall(key))) {
          if (/^(replica|trip):/.test(field)) await redis.hset(key, field, Number(value) - ms);
        }
      }
    },
    close: async () => {
      for (const { platform, redis: connection } of open) {
        platform.close();
        connection.disconnect();
      }
      redis.disconnect();
      await server.stop();
    },
  };
};

let counter = 0;
const freshPortal = () => portalId((++counter).toString(16).padStart(32, '0'));
const command = (n: number): Command => ({
  method: 'tasks.api.scrum.backlog.get',
  params: { id: n, text: 'grüße' },
  effect: 'read',
  entity: { family: 'backlog', ids: { group: n } },
  from: 'a',
});

describe.each([
  ['in memory', inMemory],
  ['over a real Redis', overRedis],
])('the platform %s', (_name, open) => {
  let station: Station;
  beforeAll(async () => {
    station = await open();
  });
  afterAll(() => station.close());

  /** Two replicas, and an offer of the first. */
  const scene = async () => {
    const portal = freshPortal();
    const [owner, other] = [station.replica(), station.replica()];
    const heard: Delivery[] = [];
    owner.onDelivery((_portal, delivery) => heard.push(delivery));
    const offer = { id: owner.newId(), commands: [command(1)] };
    await owner.wait(portal, [offer], true);
    const stands = async () => (await owner.wait(portal, [], false)).ours.get(offer.id);
    return { portal, owner, other, offer, heard, stands };
  };
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await settle();
  };

  it('tells a replica that others wait, and not that it waits itself', async () => {
    const portal = freshPortal();
    const [one, two] = [station.replica(), station.replica()];
    expect((await one.wait(portal, [], true)).othersWait).toBe(false);
    expect((await two.wait(portal, [], true)).othersWait).toBe(true);
    expect((await one.wait(portal, [], true)).othersWait).toBe(true);
    expect((await one.wait(freshPortal(), [], true)).othersWait).toBe(false);
  });

  it('does not take one to wait that only looks after what it offered, nor one that was not heard for long', async () => {
    const portal = freshPortal();
    const [one, two] = [station.replica(), station.replica()];
    await one.wait(portal, [], false);
    expect((await two.wait(portal, [], true)).othersWait).toBe(false);
    await station.pass(waitsForMs);
    expect((await one.wait(portal, [], true)).othersWait).toBe(false);
  });

  it('shows an offer whole to others, and not to its owner', async () => {
    const { portal, owner, other, offer } = await scene();
    expect(await other.offers(portal)).toEqual([offer]);
    expect(await owner.offers(portal)).toEqual([]);
    expect(await other.offers(freshPortal())).toEqual([]);
  });

  it('does not show what a replica offers that is not heard of any more', async () => {
    const { portal, other } = await scene();
    await station.pass(waitsForMs);
    expect(await other.offers(portal)).toEqual([]);
  });

  it('gives an offer to one trip only, and shows it no more', async () => {
    const { portal, other, offer, stands } = await scene();
    const third = station.replica();
    expect(await stands()).toBe('waiting');
    const taken = await Promise.all([other, third].map((it) => it.take(portal, it.newId(), [offer.id])));
    expect(taken.map(({ size }) => size).sort()).toEqual([0, 1]);
    expect(await stands()).toBe('taken');
    expect(await other.offers(portal)).toEqual([]);
  });

  it('gives back to its owner what no trip has taken, and nothing else', async () => {
    const { portal, owner, other, offer, stands } = await scene();
    expect(await owner.take(portal, '', [offer.id, 'r0.17'])).toEqual(new Set([offer.id]));
    expect(await stands()).toBeUndefined();
    expect(await other.take(portal, other.newId(), [offer.id])).toEqual(new Set());

    const second = await scene();
    await second.other.take(second.portal, second.other.newId(), [second.offer.id]);
    expect(await second.owner.take(second.portal, '', [second.offer.id])).toEqual(new Set());
  });

  it('delivers answers to their owner, faults with all their words, and then forgets', async () => {
    const { portal, other, offer, heard, stands } = await scene();
    const trip = other.newId();
    await other.take(portal, trip, [offer.id]);
    const fault = new Fault('rejected_by_portal', {
      detail: 'No.',
      upstream: { method: 'm', status: 400, error: '0', description: 'No.' },
      retryAfterMs: 5,
    });
    const spent = { queueMs: 1, upstreamMs: 2, ranMs: 3 };
    const answers = [
      [
        { ok: true as const, value: { id: 1 }, total: 3, operating: { usedSeconds: 4 }, spent },
        { ok: false as const, fault, spent },
      ],
    ];
    const tripTold = { seats: 2, left: 0, capacity: 46, drainPerSecond: 2 };
    await other.deliver(portal, trip, { ids: [offer.id], answers, trip: tripTold });
    await until(() => heard.length > 0);
    expect(heard).toEqual([{ ids: [offer.id], answers, trip: tripTold }]);
    const [own] = 'answers' in heard[0]! ? heard[0].answers : [];
    expect(own?.[1]?.ok === false && { ...own[1].fault, message: own[1].fault.message }).toEqual({
      ...fault,
      message: 'No.',
    });
    expect(await stands()).toBeUndefined();
  });

  it('delivers the failure of a trip, with what may be done about it', async () => {
    const { portal, other, offer, heard } = await scene();
    const trip = other.newId();
    await other.take(portal, trip, [offer.id]);
    await other.deliver(portal, trip, {
      ids: [offer.id],
      fault: new Fault('portal_overloaded', { again: 'bucket_full', haltMs: 7, retryAfterMs: 8 }),
    });
    await until(() => heard.length > 0);
    expect(heard[0]).toMatchObject({ fault: { code: 'portal_overloaded', again: 'bucket_full', haltMs: 7 } });
    expect('fault' in heard[0]! && heard[0].fault).toBeInstanceOf(Fault);
  });

  it('delivers to each owner its own part of a trip', async () => {
    const portal = freshPortal();
    const [one, two, carrier] = [station.replica(), station.replica(), station.replica()];
    const heard: [string, Delivery][] = [];
    one.onDelivery((_, delivery) => heard.push(['one', delivery]));
    two.onDelivery((_, delivery) => heard.push(['two', delivery]));
    const ids = [one.newId(), two.newId(), one.newId()];
    const offered = ids.map((id, i) => ({ id, commands: [command(i)] }));
    await one.wait(portal, [offered[0]!, offered[2]!], true);
    await two.wait(portal, [offered[1]!], true);
    const trip = carrier.newId();
    await carrier.take(portal, trip, ids);
    const spent = { queueMs: 0, upstreamMs: 0 };
    const answers = ids.map((_, i) => [{ ok: true as const, value: i, spent }]);
    await carrier.deliver(portal, trip, { ids, answers, trip: { seats: 3, left: 0, capacity: 46, drainPerSecond: 2 } });
    await until(() => heard.length === 2);
    const values = (whose: string) =>
      heard.flatMap(([owner, it]) => (owner === whose && 'answers' in it ? [it.ids, it.answers.flat()] : []));
    expect(values('one')).toMatchObject([
      [ids[0], ids[2]],
      [{ value: 0 }, { value: 2 }],
    ]);
    expect(values('two')).toMatchObject([[ids[1]], [{ value: 1 }]]);
  });

  it('tells the owner that an offer is lost when the trip that took it is not heard of any more', async () => {
    const { portal, other, offer, stands } = await scene();
    const trip = other.newId();
    await other.take(portal, trip, [offer.id]);
    await station.pass(tripLeaseMs - 2000);
    await other.keep(portal, trip);
    await station.pass(tripLeaseMs - 2000);
    expect(await stands()).toBe('taken');
    await station.pass(2000);
    // A lease that has ended does not begin again: its guests may be under way anew.
    await other.keep(portal, trip);
    expect(await stands()).toBe('lost');
    expect(await stands()).toBeUndefined();
  });
});

it('puts nothing readable into Redis, and shows no offer that was moved', async () => {
  const server = await RedisServer.start();
  const redis = server.client();
  const [one, two] = [0, 1].map(() => new RedisPlatform({ redis, seal, clock: systemClock }));
  const [portal, elsewhere] = [freshPortal(), freshPortal()];
  const id = one!.newId();
  await one!.wait(portal, [{ id, commands: [command(1)] }], true);
  await one!.wait(elsewhere, [], true);
  const stored = await redis.hget(`b24:{${portal}}:platform`, `seat:${id}`);
  expect(stored).not.toContain('backlog');
  await redis.hset(`b24:{${elsewhere}}:platform`, `seat:${id}`, stored!);
  expect(await two!.offers(elsewhere)).toEqual([]);
  expect(await two!.offers(portal)).toHaveLength(1);
  for (const it of [one, two]) it!.close();
  redis.disconnect();
  await server.stop();
});
