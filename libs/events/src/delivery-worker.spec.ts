import { createHmac } from 'node:crypto';
import { ExchangeFailure, Fault, Secret } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import type { DeliveryAttempt } from './delivery-retry';
import { DeliveryWorker, describeAttempt } from './delivery-worker';
import type { Delivery, DeliveryCounts, DeliveryOutcome, EventQueue } from './event-queue';
import type { Subscription } from './subscription';
import type { Subscriptions } from './subscriptions';

const timeoutMs = 10_000;
const key = Buffer.from('k'.repeat(32));
const secret = new Secret(`whsec_${key.toString('base64')}`);

describe('the deliveries of a replica', () => {
  let clock: HandClock;
  let worker: DeliveryWorker;
  let subscriptions: Map<string, Subscription>;
  let waiting: Record<string, number>;
  let taken: [id: string, holdMs: number][];
  let settled: (DeliveryOutcome & { readonly id: string })[];
  let attempts: [id: string, outcome: string, attempt: DeliveryAttempt][];
  let lost: string[];
  let counted: ReadonlyMap<string, DeliveryCounts>[];
  let earlier: number;
  /** What the target answers, or how it fails, in turn; the last one from then on. */
  let replies: (DeliveryAttempt | Error)[];
  let sent: { url: string; headers: Readonly<Record<string, string>>; text: string }[];
  /** Called with each message that is sent; a promise delays its answer. */
  let onSent: () => Promise<void> | undefined;
  let onSettle: () => Promise<boolean>;

  beforeEach(() => {
    clock = new HandClock();
    subscriptions = new Map();
    waiting = {};
    [taken, settled, attempts, lost, counted, sent] = [[], [], [], [], [], []];
    earlier = 0;
    replies = [{ status: 200 }];
    onSent = () => undefined;
    onSettle = () => Promise.resolve(false);
    let number = 0;
    const queue = {
      counts: (ids: readonly string[]) =>
        Promise.resolve(ids.map((id) => ({ due: waiting[id] ?? 0, waiting: 0, dead: 0 }))),
      take: (subscription: string, holdMs: number): Promise<Delivery | undefined> => {
        taken.push([subscription, holdMs]);
        if ((waiting[subscription] ?? 0) <= 0) return Promise.resolve(undefined);
        waiting[subscription] = (waiting[subscription] ?? 0) - 1;
        const id = `m${++number}`;
        const heldUntilMs = clock.now() + holdMs;
        return Promise.resolve({ id, subscription, text: JSON.stringify({ id }), attempts: earlier, heldUntilMs });
      },
      settle: async ({ id }: Delivery, outcome: DeliveryOutcome) => {
        const isLost = await onSettle();
        settled.push({ id, ...outcome });
        return isLost;
      },
    } as unknown as EventQueue;
    worker = new DeliveryWorker({
      clock,
      queue,
      timeoutMs,
      random: () => 0.5,
      subscriptions: {
        list: () => Promise.resolve([...subscriptions.values()]),
        find: (id: string) => Promise.resolve(subscriptions.get(id)),
        change: (id: string, change: Partial<Subscription>) => {
          const before = subscriptions.get(id);
          if (before) subscriptions.set(id, { ...before, ...change });
          return Promise.resolve();
        },
      } as unknown as Subscriptions,
      send: async (url, headers, text) => {
        sent.push({ url, headers, text });
        await onSent();
        const [next] = replies.length > 1 ? replies.splice(0, 1) : replies;
        if (next instanceof Error) throw next;
        return next as { status: number };
      },
      observer: {
        attempted: (id, outcome, attempt) => attempts.push([id, outcome, attempt]),
        lost: (id) => lost.push(id),
        counted: (counts) => counted.push(counts),
      },
    });
  });
  afterEach(() => {
    worker.stop();
  });

  const subscribe = (id: string, more: Partial<Subscription> = {}) => {
    const url = `https://${id}.example/hook`;
    subscriptions.set(id, { id, url, events: 'all', portals: 'all', createdAtMs: 0, secret, ...more });
    waiting[id] = 1;
  };
  const run = async () => {
    worker.start();
    await clock.advance(0);
  };

  it('are signed, and held for longer than an attempt may take', async () => {
    subscribe('s');
    await run();
    const timestamp = String(Math.floor(clock.now() / 1000));
    const signature = createHmac('sha256', key).update(`m1.${timestamp}.{"id":"m1"}`).digest('base64');
    expect(sent).toEqual([
      {
        url: 'https://s.example/hook',
        text: '{"id":"m1"}',
        headers: {
          ...{ 'content-type': 'application/json', 'webhook-id': 'm1', 'webhook-timestamp': timestamp },
          'webhook-signature': `v1,${signature}`,
        },
      },
    ]);
    expect(taken[0]).toEqual(['s', timeoutMs + 20_000]);
    const done = { id: 'm1', kind: 'done', atMs: clock.now() };
    expect([settled, attempts]).toEqual([[done], [['s', 'delivered', { status: 200 }]]]);
  });

  it('are looked for once a second, and counted', async () => {
    subscribe('s');
    await run();
    waiting['s'] = 2;
    await clock.advance(999);
    expect([sent.length, counted.length]).toEqual([1, 1]);
    await clock.advance(1);
    expect([sent.length, counted.at(-1)?.get('s')?.due]).toEqual([3, 2]);
  });

  it('begin at once when an event came', async () => {
    await run();
    subscribe('s');
    worker.wake();
    await clock.advance(0);
    expect(sent).toHaveLength(1);
  });

  it('of one target are four at once, and those of another go on', async () => {
    subscribe('slow');
    subscribe('quick');
    waiting['slow'] = 10;
    onSent = () => (sent.at(-1)?.url.includes('slow') ? new Promise(() => undefined) : undefined);
    await run();
    await clock.advance(5000);
    const of = (id: string) => sent.filter(({ url }) => url.includes(id)).length;
    expect([of('slow'), of('quick')]).toEqual([4, 1]);
  });

  it('of one target are as many at once as are due', async () => {
    subscribe('slow');
    waiting['slow'] = 2;
    onSent = () => new Promise(() => undefined);
    await run();
    expect(sent).toHaveLength(2);
    waiting['slow'] = 1;
    await clock.advance(1000);
    expect(sent).toHaveLength(3);
  });

  it('are none of a paused subscription', async () => {
    subscribe('s', { paused: 'operator' });
    await run();
    expect(taken).toEqual([]);
  });

  it.each<[what: string, change: () => void]>([
    ['paused', () => subscribe('s', { paused: 'operator' })],
    ['deleted', () => subscriptions.delete('s')],
  ])('end when the subscription is %s meanwhile', async (_what, change) => {
    subscribe('s');
    waiting['s'] = 3;
    onSent = () => {
      if (sent.length === 4) change();
      return undefined;
    };
    waiting['s'] = 9;
    await run();
    expect(sent.length).toBeGreaterThanOrEqual(4);
    expect(sent.length).toBeLessThan(9);
  });

  it('that stop leave the rest to other replicas, and end what they began', async () => {
    subscribe('s');
    waiting['s'] = 5;
    let answer: () => void = () => undefined;
    onSent = () => new Promise((resolve) => (answer = resolve));
    waiting['s'] = 1;
    await run();
    waiting['s'] = 5;
    worker.stop();
    let isSettled = false;
    const settling = worker.settle().then(() => (isSettled = true));
    await clock.advance(2000);
    expect(isSettled).toBe(false);
    answer();
    await settling;
    expect([sent.length, settled.length]).toEqual([1, 1]);
  });

  it.each<[what: string, reply: DeliveryAttempt | Error, before: number, expected: object, outcome: string]>([
    ['is tried later', { status: 500 }, 0, { kind: 'later', inMs: 1000, tries: { attempts: 1 } }, 'failed'],
    [
      'is tried later, as often before',
      { status: 500 },
      2,
      { kind: 'later', inMs: 16_000, tries: { attempts: 3 } },
      'failed',
    ],
    [
      'without an answer is tried later',
      new ExchangeFailure(true, 'TIMEOUT'),
      0,
      { kind: 'later', inMs: 1000, tries: { attempts: 1 } },
      'failed',
    ],
    [
      'becomes a dead letter in the end',
      { status: 500 },
      11,
      { kind: 'dead', inMs: 0, tries: { attempts: 12 } },
      'dead',
    ],
    ['to a target that is gone waits', { status: 410 }, 3, { kind: 'later', inMs: 0, tries: { attempts: 0 } }, 'gone'],
  ])(
    'of a message that fails: it %s',
    async (_what, reply, before, { inMs, tries, ...expected }: { inMs?: number; tries?: object }, outcome) => {
      subscribe('s');
      earlier = before;
      replies = [reply];
      await run();
      const last = reply instanceof ExchangeFailure ? { failure: reply.reason } : reply;
      const all = { ...tries, last, lastAtMs: clock.now() };
      expect(settled).toEqual([{ id: 'm1', ...expected, atMs: clock.now() + (inMs ?? 0), tries: all }]);
      expect(attempts).toEqual([['s', outcome, last]]);
      expect([subscriptions.get('s')?.paused, lost]).toEqual([outcome === 'gone' ? 'gone' : undefined, []]);
    },
  );

  it('report the dead letter that made room for a newer one', async () => {
    subscribe('s');
    earlier = 11;
    replies = [{ status: 500 }];
    onSettle = () => Promise.resolve(true);
    await run();
    expect([lost, attempts.length]).toEqual([['s'], 1]);
  });

  it('are recorded once the store can be reached, while their hold lasts', async () => {
    subscribe('s');
    let failures = 2;
    onSettle = () => (failures-- > 0 ? Promise.reject(new Fault('store_unavailable')) : Promise.resolve(false));
    await run();
    await clock.advance(1999);
    expect([sent.length, settled.length]).toEqual([1, 0]);
    await clock.advance(1);
    expect([settled.length, attempts.length]).toEqual([1, 1]);
  });

  it('are not recorded after their hold, and no failure ends the worker', async () => {
    subscribe('s');
    let tries = 0;
    onSettle = () => (tries++, Promise.reject(new Fault('store_unavailable')));
    await run();
    await clock.advance(40_000);
    expect([tries, settled.length, attempts.length]).toEqual([31, 0, 0]);
    onSettle = () => Promise.resolve(false);
    waiting['s'] = 1;
    await clock.advance(1000);
    expect(settled).toHaveLength(1);
  });

  it('that fail otherwise are due again when their hold ends', async () => {
    subscribe('s');
    replies = [new TypeError('bug')];
    await run();
    expect([settled, attempts]).toEqual([[], []]);
  });

  it('may be tested with a message of the gateway', async () => {
    subscribe('s');
    const subscription = subscriptions.get('s');
    if (!subscription) throw new Error('no subscription');
    const { id, attempt } = await worker.test(subscription);
    expect([id, attempt]).toEqual([expect.stringMatching(/^msg_[0-9a-f]{32}$/), { status: 200 }]);
    const receivedAt = new Date(clock.now()).toISOString();
    expect(JSON.parse(sent[0]?.text ?? '')).toEqual({
      id,
      event: 'GATEWAY.TEST',
      portal: null,
      receivedAt,
      ts: null,
      data: {},
    });
    expect(sent[0]?.headers['webhook-id']).toBe(id);
  });
});

describe('an attempt in words', () => {
  it.each<[attempt: DeliveryAttempt, words: string]>([
    [{ status: 500 }, 'The target answered 500.'],
    [{ status: 302 }, 'The target answered 302; redirects are not followed.'],
    [
      { failure: 'HOST_NOT_ALLOWED' },
      'The target is not among EVENT_TARGET_HOSTS, or its name leads to an address that is not.',
    ],
    [{ failure: 'QUEUE_FULL' }, 'Too many events waited; this one was never sent.'],
    [{ failure: 'TIMEOUT' }, 'The target did not answer in time.'],
    [{ failure: 'ECONNREFUSED' }, 'The target could not be reached (ECONNREFUSED).'],
  ])('%j: %s', (attempt, words) => {
    expect(describeAttempt(attempt)).toBe(words);
  });
});
