import { Fault } from '@b24/portal';
import type { Redis } from 'ioredis';
import { HandClock, settle } from '../../../test/support/hand-clock';
import type { Client } from './client';
import { KeyUses } from './key-uses';
import { maxDebtCommands, RedisRateMeter } from './redis-rate-meter';
import { RedisStorageBudget } from './redis-storage-budget';

const client: Client = {
  ...{ id: 'c_1', name: 'n', scopes: ['call'], portals: 'all', createdAtMs: 0 },
  rate: { perSecond: 10, burst: 20 },
};
const unlimited: Client = { id: 'c_1', name: 'n', scopes: ['call'], portals: 'all', createdAtMs: 0 };

describe('the rate of a client', () => {
  let clock: HandClock;
  let charges: unknown[][];
  /** The tokens left after each charge, in turn; the last one from then on. */
  let tokens: (number | Error)[];
  let isPrepaid: boolean;
  let isDeleted: boolean;
  let meter: RedisRateMeter;

  beforeEach(() => {
    clock = new HandClock();
    charges = [];
    tokens = [5];
    isPrepaid = false;
    isDeleted = false;
    const redis = {
      defineCommand: () => undefined,
      chargeRate: (...sent: unknown[]) => {
        charges.push(sent);
        const [next = 0] = tokens.length > 1 ? tokens.splice(0, 1) : tokens;
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(`${next}`);
      },
    } as unknown as Redis;
    const keys = {
      redisKeysOf: ({ id }: Client) => Promise.resolve(isDeleted ? undefined : ([id, `${id}:use`] as const)),
      consumePrepaidCommand: () => isPrepaid,
    };
    meter = new RedisRateMeter(redis, keys, clock);
  });

  const live = () => new AbortController().signal;
  const amounts = () => charges.map(([, , amount]) => amount);

  it('is charged in the bucket of its key', async () => {
    await meter.charge(client, 3, live());
    expect(charges).toEqual([['c_1', 'c_1:use', 3, 20, 10]]);
  });

  it.each<[what: string, commands: number, prepaid: boolean, charged: number[]]>([
    ['its commands', 3, false, [3]],
    ['its commands but the prepaid one', 3, true, [2]],
    ['nothing if the only one is prepaid', 1, true, []],
    ['nothing for no command', 0, false, []],
  ])('is charged %s', async (_what, commands, prepaid, charged) => {
    isPrepaid = prepaid;
    await meter.charge(client, commands, live());
    expect(amounts()).toEqual(charged);
  });

  it('is charged once for all calls of one tick', async () => {
    await Promise.all([meter.charge(client, 1, live()), meter.charge(client, 2, live())]);
    await Promise.all([meter.charge(client, 4, live()), meter.charge({ ...client, id: 'c_2' }, 5, live())]);
    expect(amounts()).toEqual([3, 4, 5]);
  });

  it('is charged nothing for a client without one, or a deleted one', async () => {
    await meter.charge(unlimited, 3, live());
    isDeleted = true;
    await meter.charge(client, 3, live());
    expect([await meter.debtMs(unlimited), await meter.debtMs(client), charges]).toEqual([0, 0, []]);
    await meter.waitUntilPaid(unlimited, live());
  });

  it.each<[tokens: number, waitMs: number]>([
    [5, 0],
    [-maxDebtCommands, 0],
    [-maxDebtCommands - 1, 100],
    [-maxDebtCommands - 1.25, 125],
    [-maxDebtCommands - 1e-7, 0],
  ])('with %f tokens left lets commands wait for %i ms', async (left, waitMs) => {
    tokens = [left];
    let isPaid = false;
    void meter.charge(client, 1, live()).then(() => (isPaid = true));
    await clock.advance(Math.max(0, waitMs - 1));
    expect(isPaid).toBe(waitMs === 0);
    await clock.advance(1);
    expect(isPaid).toBe(true);
  });

  it.each<[what: string, afterMs: number, retryAfterMs: number]>([
    ['the rest of its wait', 40, 60],
    ['a millisecond at least', 100, 1],
  ])('gives a call back its charge when its deadline passes, with %s', async (_what, afterMs, retryAfterMs) => {
    tokens = [-maxDebtCommands - 1];
    const caller = new AbortController();
    const charging = meter.charge(client, 3, caller.signal).catch((error: unknown) => error);
    await settle();
    clock.jump(afterMs);
    caller.abort(new Fault('deadline_exceeded'));
    expect(await charging).toMatchObject({ code: 'client_rate_limited', retryAfterMs });
    expect(amounts()).toEqual([3, -3]);
  });

  it('gives a call back its charge when its caller hangs up, with the reason', async () => {
    tokens = [-maxDebtCommands - 1];
    const caller = new AbortController();
    const charging = meter.charge(client, 3, caller.signal).catch((error: unknown) => error);
    await settle();
    const reason = new Fault('shutting_down');
    caller.abort(reason);
    expect(await charging).toBe(reason);
    expect(amounts()).toEqual([3, -3]);
  });

  it('is owed for as long as it takes to produce the tokens', async () => {
    tokens = [-3];
    expect([await meter.debtMs(client), amounts()]).toEqual([300, [0]]);
    tokens = [0];
    expect(await meter.debtMs(client)).toBe(0);
  });

  it('is waited for until nothing is owed', async () => {
    tokens = [-3, -1, 0];
    let isPaid = false;
    void meter.waitUntilPaid(client, live()).then(() => (isPaid = true));
    await clock.advance(399);
    expect([isPaid, charges.length]).toEqual([false, 2]);
    await clock.advance(1);
    expect([isPaid, charges.length]).toEqual([true, 3]);
  });

  it('fails while the store is away', async () => {
    tokens = [new Error('lost')];
    await expect(meter.charge(client, 1, live())).rejects.toMatchObject({ code: 'store_unavailable' });
    tokens = [0];
    await meter.charge(client, 1, live());
    expect(amounts()).toEqual([1, 1]);
  });
});

describe('the storage budget of a client', () => {
  const sent: unknown[][] = [];
  let reply: unknown;
  const redis = {
    defineCommand: () => undefined,
    chargeStorage: (...it: unknown[]) => (
      sent.push(it),
      reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply)
    ),
    releaseStorage: (...it: unknown[]) => (
      sent.push(it),
      reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply)
    ),
  } as unknown as Redis;
  const budget = new RedisStorageBudget(redis, { bytes: 1000, lifeMs: 60_000 });
  const names = ['b24:{c}:storage', 'b24:{c}:storage:lives'];

  beforeEach(() => {
    sent.length = 0;
  });

  it.each<[what: string, options: Parameters<RedisStorageBudget['charge']>[2], room: number, entry: string]>([
    ['in the entry of the hour', undefined, 10, ''],
    ['in an entry of its own', { entry: 'job' }, 10, 'job'],
    ['if there is room for more', { room: 99 }, 99, ''],
    ['in any case', { room: 0 }, 0, ''],
  ])('is charged %s', async (_what, options, room, entry) => {
    reply = [1, 'hour:5'];
    expect(await budget.charge('c', 10, options)).toEqual({ entry: 'hour:5', bytes: 10 });
    expect(sent).toEqual([[...names, entry, 10, room, 1000, 60_000]]);
  });

  it('is spent until there is room', async () => {
    reply = [0, 500];
    await expect(budget.charge('c', 10)).rejects.toMatchObject({ code: 'storage_budget_spent', retryAfterMs: 500 });
  });

  it('gets bytes back, and is set to what an entry takes', async () => {
    reply = 1;
    await budget.release('c', { entry: 'job', bytes: 7 });
    await budget.settle('c', 'job', 8);
    expect(sent).toEqual([
      [...names, 'job', 'less', 7, 60_000],
      [...names, 'job', 'exactly', 8, 60_000],
    ]);
  });

  it('fails while the store is away', async () => {
    reply = new Error('lost');
    const away = { code: 'store_unavailable' };
    await expect(budget.charge('c', 1)).rejects.toMatchObject(away);
    await expect(budget.release('c', { entry: '', bytes: 1 })).rejects.toMatchObject(away);
    await expect(budget.settle('c', '', 1)).rejects.toMatchObject(away);
  });
});

describe('the use of keys', () => {
  it('is stored once for each key, every ten seconds, in any order', async () => {
    const clock = new HandClock();
    const stored: string[] = [];
    const uses = new KeyUses(clock, (digest) => Promise.resolve(stored.push(digest)));
    const keys = ['a', 'b'].map((digest) => ({ digest, isStoredUntilMs: -Infinity }));
    const note = () => {
      for (const key of [...keys, ...keys]) uses.note(key);
    };
    uses.start();
    note();
    await clock.advance(1000);
    note();
    await clock.advance(1000);
    expect(stored).toEqual(['a', 'b']);
    await clock.advance(8000);
    note();
    await uses.flush();
    expect(stored).toEqual(['a', 'b', 'a', 'b']);
    uses.stop();
    expect(clock.pending).toBe(0);
  });
});
