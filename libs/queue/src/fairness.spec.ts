import { type Command, Fault } from '@b24/portal';
import { settle } from '../../../test/support/hand-clock';
import { nameOf, other, plan, portal, read, replicas, result, world, write } from '../../../test/support/lane-world';
import { KeyQueue } from './key-queue';

/** A call that may not share a batch. */
const alone = (n: number, from: string): Command => ({ ...read(n, from), params: { text: '$', n } });

describe('the turns of client keys in a lane', () => {
  it('gives every second request to the other key when one has a thousand calls that travel alone', async () => {
    const { bucket, sent, send } = world();
    for (let n = 0; n < 1000; n++) void send(alone(n, 'greedy'));
    await settle();
    for (let n = 0; n < 3; n++) void send(alone(2000 + n, 'modest'));
    await bucket.drip(6);
    const order = sent.map(({ commands }) => commands[0]?.from);
    expect(order).toEqual(['greedy', 'modest', 'greedy', 'modest', 'greedy', 'modest']);
  });

  it('lets a write pass another key’s many writes to the same entity after one of them', async () => {
    const { bucket, sent, send } = world();
    const note = (n: number, from: string): Command => ({ ...write(1, from), params: { n } });
    for (let n = 0; n < 100; n++) void send(note(n, 'greedy'));
    await bucket.drip();
    void send(note(200, 'modest'));
    for (let n = 0; n < 3; n++) {
      await sent.at(-1)?.answer();
      await bucket.drip();
    }
    expect(sent.map(({ commands }) => commands[0]?.from)).toEqual(['greedy', 'greedy', 'modest', 'greedy']);
  });

  it('keeps a key from another’s entity no longer than two of its requests, whatever else both have waiting', async () => {
    const { bucket, sent, send } = world();
    const note = (n: number, from: string): Command => ({ ...write(1, from), params: { n } });
    for (let n = 0; n < 100; n++) void send(note(n, 'greedy'));
    for (let n = 0; n < 500; n++) void send(read(1000 + n, 'greedy'));
    await bucket.drip();
    void send(note(200, 'modest'));
    for (let n = 0; n < 500; n++) void send(read(2000 + n, 'modest'));
    for (let n = 0; n < 3; n++) {
      await sent.at(-1)?.answer();
      await bucket.drip();
    }
    const writers = sent.flatMap(({ commands }) => commands.filter(({ effect }) => effect === 'write'));
    expect(writers.map(({ from }) => from)).toContain('modest');
  });

  it('lets keys take turns with a method close to its operating time, whatever else both have waiting', async () => {
    const { clock, bucket, sent, send } = world();
    void send(read(1, 'greedy'));
    await bucket.drip();
    await sent[0]?.answer([result('', { operating: { usedSeconds: 350, resetAtMs: clock.now() + 120_000 } })]);
    const slowed = (n: number, from: string): Command => ({ ...read(n, from), method: 'm1', params: { n } });
    for (let n = 0; n < 100; n++) void send(slowed(10 + n, 'greedy'));
    for (let n = 0; n < 500; n++) void send(read(1000 + n, 'greedy'));
    await bucket.drip();
    for (let n = 0; n < 10; n++) void send(slowed(200 + n, 'modest'));
    for (let n = 0; n < 500; n++) void send(read(2000 + n, 'modest'));
    for (let n = 0; n < 6; n++) {
      await sent.at(-1)?.answer();
      await bucket.drip();
    }
    const order = sent.slice(1).flatMap(({ commands }) => commands.filter(({ method }) => method === 'm1'));
    expect(order.slice(1, 6).map(({ from }) => from)).toEqual(['modest', 'greedy', 'modest', 'greedy', 'modest']);
  });

  it('does not make a key wait for a read of its own behind all that another key asked before the same read', async () => {
    const { bucket, sent, send } = world();
    for (let n = 0; n < 100; n++) void send(alone(n, 'greedy'));
    void send(read(500, 'greedy'));
    const modest = send(read(500, 'modest'));
    await bucket.drip(2);
    for (const request of sent) await request.answer();
    expect(await modest).toBe('m500 {}');
  });

  it('does not let a key join a read that waits behind its asker’s own writes', async () => {
    const { bucket, sent, send } = world();
    const note = (n: number): Command => ({ ...write(1, 'greedy'), params: { n } });
    for (let n = 0; n < 50; n++) void send(note(n));
    void send(read(1, 'greedy'));
    const modest = send(read(1, 'modest'));
    await bucket.drip();
    for (let n = 0; n < 3; n++) {
      await sent.at(-1)?.answer();
      await bucket.drip();
    }
    expect(await modest).toBe('m1 {}');
  });

  it('never lets one key have all requests that may be under way, however slow they are', async () => {
    const { bucket, sent, lanes, send } = world();
    for (let n = 0; n < 200; n++) void send(alone(n, 'greedy'));
    await bucket.drip(200);
    expect(lanes.countsOf(portal)?.inFlight).toBe(48);
    for (let n = 0; n < 200; n++) void send(alone(1000 + n, 'second'));
    await bucket.drip(200);
    const modest = send(alone(5000, 'third'));
    await bucket.drip();
    await sent.at(-1)?.answer();
    expect(await modest).toBe('m5000 {"text":"$","n":5000}');
    expect(lanes.countsOf(portal)?.inFlight).toBeLessThan(64);
  });

  it('lets a key that has most requests under way go on when one of them is answered', async () => {
    const { bucket, sent, lanes, send } = world();
    for (let n = 0; n < 60; n++) void send(alone(n, 'greedy'));
    await bucket.drip(200);
    await sent[0]?.answer();
    await bucket.drip();
    expect([sent.length, lanes.countsOf(portal)?.inFlight]).toEqual([49, 48]);
  });
});

describe('the places of a full lane', () => {
  it('refuses the newest call of the key that holds most, and admits one whose key holds fewer', async () => {
    const { bucket, sent, lanes, send } = world({ queueLimit: 3 });
    const greedy = [1, 2, 3].map((n) => send(alone(n, 'greedy')));
    await settle();
    const modest = send(read(9, 'modest'));
    expect(await greedy[2]).toBe('queue_full');
    expect(lanes.countsOf(portal)?.waiting).toBe(3);
    await bucket.drip(2);
    await sent[1]?.answer();
    expect(await modest).toBe('m9 {}');
  });

  it('refuses a newcomer whose own key holds most', async () => {
    const { send } = world({ queueLimit: 3 });
    const [first, second] = [send(alone(1, 'a')), send(alone(2, 'a'))];
    void send(alone(3, 'b'));
    expect(await send(alone(4, 'a'))).toBe('queue_full');
    void Promise.all([first, second]).then(() => expect('nobody').toBe('refused'));
    await settle();
  });

  it('refuses one of those who share a read without the others', async () => {
    const { bucket, sent, send } = world({ queueLimit: 3 });
    void send(alone(1, 'greedy'));
    const kept = send(read(5, 'modest'));
    const shared = send(read(5, 'greedy'));
    await settle();
    const third = send(read(6, 'third'));
    expect(await shared).toBe('queue_full');
    await bucket.drip(3);
    for (const request of sent) await request.answer();
    expect(await Promise.all([kept, third])).toEqual(['m5 {}', 'm6 {}']);
  });

  it('never refuses what is under way', async () => {
    const { bucket, sent, lanes, send } = world({ queueLimit: 2 });
    const left = [1, 2].map((n) => send(read(n, 'greedy')));
    await bucket.drip();
    const waits = [3, 4].map((n) => send(read(n, 'greedy')));
    void send(read(9, 'modest'));
    expect(await waits[1]).toBe('queue_full');
    await sent[0]?.answer();
    expect(await Promise.all(left)).toEqual(['m1 {}', 'm2 {}']);
    expect(lanes.countsOf(portal)?.waiting).toBe(2);
  });

  describe('which is on offer to other replicas', () => {
    it('answers a call that another replica’s request had already', async () => {
      const { bucket, replicas: both } = replicas(2, undefined, { queueLimit: 2 });
      const [mine, theirs] = both as [(typeof both)[0], (typeof both)[0]];
      void theirs.send(read(1, 'theirs'));
      const greedy = [2, 3].map((n) => mine.send(write(n, 'greedy')));
      await settle();
      await bucket.looks();
      await bucket.looks();
      await bucket.drip();
      const modest = mine.send(read(4, 'modest'));
      await settle();
      await theirs.sent[0]?.answer();
      expect(await Promise.all(greedy)).toEqual([2, 3].map((n) => nameOf(write(n, 'greedy'))));
      await bucket.drip();
      await mine.sent[0]?.answer();
      expect(await modest).toBe('m4 {}');
    });

    it('never sends a call that it refused', async () => {
      const { bucket, replicas: both } = replicas(2, undefined, { queueLimit: 2 });
      const [mine, theirs] = both as [(typeof both)[0], (typeof both)[0]];
      void theirs.send(read(1, 'theirs'));
      const greedy = [2, 3].map((n) => mine.send(write(n, 'greedy')));
      await settle();
      await bucket.looks();
      await bucket.looks();
      void mine.send(read(4, 'modest'));
      expect(await greedy[1]).toBe('queue_full');
      await bucket.drip(3);
      const sent = [mine, theirs].flatMap((it) =>
        it.sent.flatMap(({ commands }) => commands.map(({ method }) => method)),
      );
      expect(sent.sort()).toEqual(['m1', 'm2', 'm4']);
    });
  });

  it('bounds the bytes that wait for one portal, and takes them from the key that holds most', async () => {
    const { lanes, send } = world({ maxBytes: { portal: 100_000, replica: 1_000_000 } });
    const large = (n: number, from: string): Command => ({
      ...alone(n, from),
      params: { text: `$${'x'.repeat(20_000)}`, n },
    });
    const greedy = [1, 2, 3, 4].map((n) => send(large(n, 'greedy')));
    expect(await send(large(5, 'greedy'))).toBe('queue_full');
    void send(large(6, 'modest'));
    expect(await greedy[3]).toBe('queue_full');
    expect(lanes.countsOf(portal)?.waiting).toBe(4);
  });

  it('bounds the bytes that wait on a replica, and takes them where the key that holds most has them', async () => {
    const { lanes, send } = world({ maxBytes: { portal: 1_000_000, replica: 100_000 } });
    const large = (n: number, from: string): Command => ({
      ...alone(n, from),
      params: { text: `$${'x'.repeat(20_000)}`, n },
    });
    const greedy = [1, 2, 3, 4].map((n) => send(large(n, 'greedy')));
    void send(large(6, 'modest'), undefined, other);
    expect(await greedy[3]).toBe('queue_full');
    expect([lanes.countsOf(portal)?.waiting, lanes.countsOf(other)?.waiting]).toEqual([3, 1]);
  });

  it('goes through a queue once when it empties it, not once for each call', async () => {
    const { lanes, send } = world();
    const calls = Array.from({ length: 1000 }, (_, n) => send(alone(n, 'a')));
    await settle();
    const through = jest.spyOn(KeyQueue.prototype, Symbol.iterator as never);
    lanes.close();
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['shutting_down']));
    expect(through.mock.calls.length).toBeLessThan(5);
    through.mockRestore();
  });
});

describe('a portal that is not there', () => {
  it('leaves no lane and no ledger, however often it is called', async () => {
    const { clock, lanes, call } = world({ prepare: () => Promise.reject(new Fault('portal_not_found')) });
    expect(await Promise.all([call(1), call(2)])).toEqual(['portal_not_found', 'portal_not_found']);
    await settle();
    expect([[...lanes.counts()], lanes.ledger.isEmpty, lanes.knows(portal)]).toEqual([[], true, false]);
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  it('is not among the lanes while it is looked for, nor when the store does not answer', async () => {
    let fail: (fault: Fault) => void = () => undefined;
    const { lanes, call } = world({ prepare: () => new Promise((_, reject) => (fail = reject)) });
    const outcome = call(1);
    await settle();
    expect([...lanes.counts()]).toEqual([]);
    fail(new Fault('store_unavailable'));
    expect(await outcome).toBe('store_unavailable');
    await settle();
    expect([[...lanes.counts()], lanes.ledger.isEmpty]).toEqual([[], true]);
  });

  it('gets no lane from questions about its state', async () => {
    const { clock, lanes } = world();
    expect(await lanes.state(portal, plan)).toMatchObject({ waiting: 0, circuit: 'closed', left: 7 });
    await lanes.level(portal, plan);
    expect([[...lanes.counts()], lanes.ledger.viewOf(portal), lanes.ledger.isEmpty]).toEqual([[], [], true]);
    expect(clock.pending).toBe(0);
  });
});
