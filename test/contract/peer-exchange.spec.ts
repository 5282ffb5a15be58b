import { type PeerResult, type PeerExchange, RedisPeerExchange, requestLeaseMs, peerTtlMs } from '@b24/queue';
import { type Command, Fault, portalId, systemClock } from '@b24/portal';
import { Keyring } from '@b24/seal';
import type { Redis } from 'ioredis';
import { HandClock, settle } from '../support/hand-clock';
import { MemoryPeerHub } from '../support/memory-peer-exchange';
import { RedisServer } from '../support/redis-server';

interface ExchangeStore {
  replica(): PeerExchange;
  /** Advances the time of the store. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const inMemory = (): Promise<ExchangeStore> => {
  const clock = new HandClock();
  const store = new MemoryPeerHub(clock);
  return Promise.resolve({
    replica: () => store.exchange(),
    pass: (ms) => clock.advance(ms),
    close: () => Promise.resolve(),
  });
};

const sealer = new Keyring([{ id: 'k1', key: Buffer.alloc(32, 1) }]).for('remote calls');

const overRedis = async (): Promise<ExchangeStore> => {
  const server = await RedisServer.start();
  const open: { exchange: PeerExchange; redis: Redis }[] = [];
  const redis = server.client();
  return {
    replica: () => {
      const connection = server.client();
      connection.on('error', () => undefined);
      const exchange = new RedisPeerExchange({ redis: connection, sealer, clock: systemClock });
      open.push({ exchange, redis: connection });
      return exchange;
    },
    // The clock of Redis cannot be moved, so the stored times are.
    pass: async (ms) => {
      for (const key of await redis.keys('*:peers')) {
        for (const [field, value] of Object.entries(await redis.hgetall(key))) {
          if (/^(replica|request):/.test(field)) await redis.hset(key, field, Number(value) - ms);
        }
      }
    },
    close: async () => {
      for (const { exchange, redis: connection } of open) {
        exchange.close();
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
])('a peer exchange %s', (_name, open) => {
  let store: ExchangeStore;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  /** Two replicas, and a call that the first one offers. */
  const scene = async () => {
    const portal = freshPortal();
    const [owner, other] = [store.replica(), store.replica()];
    const received: PeerResult[] = [];
    owner.onResult((_portal, result) => received.push(result));
    const call = { id: owner.newId(), commands: [command(1)] };
    await owner.offer(portal, [call], true);
    const stateOf = async () => (await owner.offer(portal, [], false)).offered.get(call.id);
    return { portal, owner, other, call, received, stateOf };
  };
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await settle();
  };

  it('reports whether peers wait, not counting the replica itself', async () => {
    const portal = freshPortal();
    const [one, two] = [store.replica(), store.replica()];
    expect((await one.offer(portal, [], true)).peersWait).toBe(false);
    expect((await two.offer(portal, [], true)).peersWait).toBe(true);
    expect((await one.offer(portal, [], true)).peersWait).toBe(true);
    expect((await one.offer(freshPortal(), [], true)).peersWait).toBe(false);
  });

  it('does not count a replica as waiting that only checks its offers, or that shows no sign of life', async () => {
    const portal = freshPortal();
    const [one, two] = [store.replica(), store.replica()];
    await one.offer(portal, [], false);
    expect((await two.offer(portal, [], true)).peersWait).toBe(false);
    await store.pass(peerTtlMs);
    expect((await one.offer(portal, [], true)).peersWait).toBe(false);
  });

  it('shows an offered call in full to peers, and not to its owner', async () => {
    const { portal, owner, other, call } = await scene();
    expect(await other.remoteCalls(portal)).toEqual([call]);
    expect(await owner.remoteCalls(portal)).toEqual([]);
    expect(await other.remoteCalls(freshPortal())).toEqual([]);
  });

  it('does not show the calls of a replica that shows no sign of life', async () => {
    const { portal, other } = await scene();
    await store.pass(peerTtlMs);
    expect(await other.remoteCalls(portal)).toEqual([]);
  });

  it('lets one request only claim a call, and shows it no more', async () => {
    const { portal, other, call, stateOf } = await scene();
    const third = store.replica();
    expect(await stateOf()).toBe('waiting');
    const claimed = await Promise.all([other, third].map((it) => it.claim(portal, it.newId(), [call.id])));
    expect(claimed.map(({ size }) => size).sort()).toEqual([0, 1]);
    expect(await stateOf()).toBe('claimed');
    expect(await other.remoteCalls(portal)).toEqual([]);
  });

  it('lets an owner withdraw unclaimed calls, and no other', async () => {
    const { portal, owner, other, call, stateOf } = await scene();
    expect(await owner.claim(portal, '', [call.id, 'r0.17'])).toEqual(new Set([call.id]));
    expect(await stateOf()).toBeUndefined();
    expect(await other.claim(portal, other.newId(), [call.id])).toEqual(new Set());

    const second = await scene();
    await second.other.claim(second.portal, second.other.newId(), [second.call.id]);
    expect(await second.owner.claim(second.portal, '', [second.call.id])).toEqual(new Set());
  });

  it('sends answers to their owner, faults with all properties, and then forgets the call', async () => {
    const { portal, other, call, received, stateOf } = await scene();
    const requestId = other.newId();
    await other.claim(portal, requestId, [call.id]);
    const fault = new Fault('rejected_by_portal', {
      detail: 'No.',
      upstream: { method: 'm', status: 400, error: '0', description: 'No.' },
      retryAfterMs: 5,
    });
    const timing = { queueMs: 1, upstreamMs: 2, ranMs: 3 };
    const answers = [
      [
        { ok: true as const, value: { id: 1 }, total: 3, operating: { usedSeconds: 4 }, timing },
        { ok: false as const, fault, timing },
      ],
    ];
    const info = { commands: 2, left: 0, capacity: 46, drainPerSecond: 2 };
    await other.publishResult(portal, requestId, { ids: [call.id], answers, request: info });
    await until(() => received.length > 0);
    expect(received).toEqual([{ ids: [call.id], answers, request: info }]);
    const [own] = 'answers' in received[0]! ? received[0].answers : [];
    expect(own?.[1]?.ok === false && { ...own[1].fault, message: own[1].fault.message }).toEqual({
      ...fault,
      message: 'No.',
    });
    expect(await stateOf()).toBeUndefined();
  });

  it('sends the fault of a request with its retry reason', async () => {
    const { portal, other, call, received } = await scene();
    const requestId = other.newId();
    await other.claim(portal, requestId, [call.id]);
    await other.publishResult(portal, requestId, {
      ids: [call.id],
      fault: new Fault('portal_overloaded', { retryReason: 'bucket_full', haltMs: 7, retryAfterMs: 8 }),
    });
    await until(() => received.length > 0);
    expect(received[0]).toMatchObject({ fault: { code: 'portal_overloaded', retryReason: 'bucket_full', haltMs: 7 } });
    expect('fault' in received[0]! && received[0].fault).toBeInstanceOf(Fault);
  });

  it('sends each owner its own part of a result', async () => {
    const portal = freshPortal();
    const [one, two, carrier] = [store.replica(), store.replica(), store.replica()];
    const received: [string, PeerResult][] = [];
    one.onResult((_, result) => received.push(['one', result]));
    two.onResult((_, result) => received.push(['two', result]));
    const ids = [one.newId(), two.newId(), one.newId()];
    const offered = ids.map((id, i) => ({ id, commands: [command(i)] }));
    await one.offer(portal, [offered[0]!, offered[2]!], true);
    await two.offer(portal, [offered[1]!], true);
    const requestId = carrier.newId();
    await carrier.claim(portal, requestId, ids);
    const timing = { queueMs: 0, upstreamMs: 0 };
    const answers = ids.map((_, i) => [{ ok: true as const, value: i, timing }]);
    await carrier.publishResult(portal, requestId, {
      ids,
      answers,
      request: { commands: 3, left: 0, capacity: 46, drainPerSecond: 2 },
    });
    await until(() => received.length === 2);
    const values = (whose: string) =>
      received.flatMap(([owner, it]) => (owner === whose && 'answers' in it ? [it.ids, it.answers.flat()] : []));
    expect(values('one')).toMatchObject([
      [ids[0], ids[2]],
      [{ value: 0 }, { value: 2 }],
    ]);
    expect(values('two')).toMatchObject([[ids[1]], [{ value: 1 }]]);
  });

  it('reports a call as lost when the lease of the request that claimed it expires', async () => {
    const { portal, other, call, stateOf } = await scene();
    const requestId = other.newId();
    await other.claim(portal, requestId, [call.id]);
    await store.pass(requestLeaseMs - 2000);
    await other.renewLease(portal, requestId);
    await store.pass(requestLeaseMs - 2000);
    expect(await stateOf()).toBe('claimed');
    await store.pass(2000);
    // An expired lease is not renewed: its calls may have been sent again.
    await other.renewLease(portal, requestId);
    expect(await stateOf()).toBe('lost');
    expect(await stateOf()).toBeUndefined();
  });
});

it('stores nothing readable in Redis, and shows no call that was moved to another portal', async () => {
  const server = await RedisServer.start();
  const redis = server.client();
  const [one, two] = [0, 1].map(() => new RedisPeerExchange({ redis, sealer, clock: systemClock }));
  const [portal, elsewhere] = [freshPortal(), freshPortal()];
  const id = one!.newId();
  await one!.offer(portal, [{ id, commands: [command(1)] }], true);
  await one!.offer(elsewhere, [], true);
  const stored = await redis.hget(`b24:{${portal}}:peers`, `call:${id}`);
  expect(stored).not.toContain('backlog');
  await redis.hset(`b24:{${elsewhere}}:peers`, `call:${id}`, stored!);
  expect(await two!.remoteCalls(elsewhere)).toEqual([]);
  expect(await two!.remoteCalls(portal)).toHaveLength(1);
  for (const it of [one, two]) it!.close();
  redis.disconnect();
  await server.stop();
});
