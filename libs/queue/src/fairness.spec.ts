import { type Command, Fault } from '@b24/portal';
import { settle } from '../../../test/support/hand-clock';
import {
  nameOf,
  other,
  plan,
  portal,
  read,
  replicas,
  result,
  queueWorld,
  write,
} from '../../../test/support/queue-world';
import { ClientQueue } from './client-queue';

/** A call that may not share a batch. */
const alone = (n: number, from: string): Command => ({ ...read(n, from), params: { text: '$', n } });

describe('the turns of clients in a portal queue', () => {
  it('gives every second request to the other client when one has a thousand calls that are sent alone', async () => {
    const { limiter, sent, send } = queueWorld();
    for (let n = 0; n < 1000; n++) void send(alone(n, 'greedy'));
    await settle();
    for (let n = 0; n < 3; n++) void send(alone(2000 + n, 'modest'));
    await limiter.allow(6);
    const order = sent.map(({ commands }) => commands[0]?.from);
    expect(order).toEqual(['greedy', 'modest', 'greedy', 'modest', 'greedy', 'modest']);
  });

  it('lets a write pass another client’s many writes to the same entity after one of them', async () => {
    const { limiter, sent, send } = queueWorld();
    const note = (n: number, from: string): Command => ({ ...write(1, from), params: { n } });
    for (let n = 0; n < 100; n++) void send(note(n, 'greedy'));
    await limiter.allow();
    void send(note(200, 'modest'));
    for (let n = 0; n < 3; n++) {
      await sent.at(-1)?.answer();
      await limiter.allow();
    }
    expect(sent.map(({ commands }) => commands[0]?.from)).toEqual(['greedy', 'greedy', 'modest', 'greedy']);
  });

  it('keeps a client from another’s entity for at most two requests, whatever else both have waiting', async () => {
    const { limiter, sent, send } = queueWorld();
    const note = (n: number, from: string): Command => ({ ...write(1, from), params: { n } });
    for (let n = 0; n < 100; n++) void send(note(n, 'greedy'));
    for (let n = 0; n < 500; n++) void send(read(1000 + n, 'greedy'));
    await limiter.allow();
    void send(note(200, 'modest'));
    for (let n = 0; n < 500; n++) void send(read(2000 + n, 'modest'));
    for (let n = 0; n < 3; n++) {
      await sent.at(-1)?.answer();
      await limiter.allow();
    }
    const writers = sent.flatMap(({ commands }) => commands.filter(({ effect }) => effect === 'write'));
    expect(writers.map(({ from }) => from)).toContain('modest');
  });

  it('gives clients turns with a method near its operating limit, whatever else both have waiting', async () => {
    const { clock, limiter, sent, send } = queueWorld();
    void send(read(1, 'greedy'));
    await limiter.allow();
    await sent[0]?.answer([result('', { operating: { usedSeconds: 350, resetAtMs: clock.now() + 120_000 } })]);
    const slowed = (n: number, from: string): Command => ({ ...read(n, from), method: 'm1', params: { n } });
    for (let n = 0; n < 100; n++) void send(slowed(10 + n, 'greedy'));
    for (let n = 0; n < 500; n++) void send(read(1000 + n, 'greedy'));
    await limiter.allow();
    for (let n = 0; n < 10; n++) void send(slowed(200 + n, 'modest'));
    for (let n = 0; n < 500; n++) void send(read(2000 + n, 'modest'));
    for (let n = 0; n < 6; n++) {
      await sent.at(-1)?.answer();
      await limiter.allow();
    }
    const order = sent.slice(1).flatMap(({ commands }) => commands.filter(({ method }) => method === 'm1'));
    expect(order.slice(1, 6).map(({ from }) => from)).toEqual(['modest', 'greedy', 'modest', 'greedy', 'modest']);
  });

  it('does not make a client’s read wait behind another client’s calls before the same read', async () => {
    const { limiter, sent, send } = queueWorld();
    for (let n = 0; n < 100; n++) void send(alone(n, 'greedy'));
    void send(read(500, 'greedy'));
    const modest = send(read(500, 'modest'));
    await limiter.allow(2);
    for (const request of sent) await request.answer();
    expect(await modest).toBe('m500 {}');
  });

  it('does not let a client join a read that waits behind its owner’s writes', async () => {
    const { limiter, sent, send } = queueWorld();
    const note = (n: number): Command => ({ ...write(1, 'greedy'), params: { n } });
    for (let n = 0; n < 50; n++) void send(note(n));
    void send(read(1, 'greedy'));
    const modest = send(read(1, 'modest'));
    await limiter.allow();
    for (let n = 0; n < 3; n++) {
      await sent.at(-1)?.answer();
      await limiter.allow();
    }
    expect(await modest).toBe('m1 {}');
  });

  it('never lets one client use all requests in flight, however slow they are', async () => {
    const { limiter, sent, queues, send } = queueWorld();
    for (let n = 0; n < 200; n++) void send(alone(n, 'greedy'));
    await limiter.allow(200);
    expect(queues.countsOf(portal)?.inFlight).toBe(48);
    for (let n = 0; n < 200; n++) void send(alone(1000 + n, 'second'));
    await limiter.allow(200);
    const modest = send(alone(5000, 'third'));
    await limiter.allow();
    await sent.at(-1)?.answer();
    expect(await modest).toBe('m5000 {"text":"$","n":5000}');
    expect(queues.countsOf(portal)?.inFlight).toBeLessThan(64);
  });

  it('lets the client with most requests in flight go on when one of them is answered', async () => {
    const { limiter, sent, queues, send } = queueWorld();
    for (let n = 0; n < 60; n++) void send(alone(n, 'greedy'));
    await limiter.allow(200);
    await sent[0]?.answer();
    await limiter.allow();
    expect([sent.length, queues.countsOf(portal)?.inFlight]).toEqual([49, 48]);
  });
});

describe('the slots of a full portal queue', () => {
  it('evicts the newest call of the client that holds most slots, and admits a client that holds fewer', async () => {
    const { limiter, sent, queues, send } = queueWorld({ queueLimit: 3 });
    const greedy = [1, 2, 3].map((n) => send(alone(n, 'greedy')));
    await settle();
    const modest = send(read(9, 'modest'));
    expect(await greedy[2]).toBe('queue_full');
    expect(queues.countsOf(portal)?.waiting).toBe(3);
    await limiter.allow(2);
    await sent[1]?.answer();
    expect(await modest).toBe('m9 {}');
  });

  it('refuses a newcomer whose own client holds most slots', async () => {
    const { send } = queueWorld({ queueLimit: 3 });
    const [first, second] = [send(alone(1, 'a')), send(alone(2, 'a'))];
    void send(alone(3, 'b'));
    expect(await send(alone(4, 'a'))).toBe('queue_full');
    void Promise.all([first, second]).then(() => expect('nobody').toBe('refused'));
    await settle();
  });

  it('evicts one caller of a shared read without the others', async () => {
    const { limiter, sent, send } = queueWorld({ queueLimit: 3 });
    void send(alone(1, 'greedy'));
    const kept = send(read(5, 'modest'));
    const shared = send(read(5, 'greedy'));
    await settle();
    const third = send(read(6, 'third'));
    expect(await shared).toBe('queue_full');
    await limiter.allow(3);
    for (const request of sent) await request.answer();
    expect(await Promise.all([kept, third])).toEqual(['m5 {}', 'm6 {}']);
  });

  it('never evicts a call in flight', async () => {
    const { limiter, sent, queues, send } = queueWorld({ queueLimit: 2 });
    const left = [1, 2].map((n) => send(read(n, 'greedy')));
    await limiter.allow();
    const waits = [3, 4].map((n) => send(read(n, 'greedy')));
    void send(read(9, 'modest'));
    expect(await waits[1]).toBe('queue_full');
    await sent[0]?.answer();
    expect(await Promise.all(left)).toEqual(['m1 {}', 'm2 {}']);
    expect(queues.countsOf(portal)?.waiting).toBe(2);
  });

  describe('with calls offered to peers', () => {
    it('answers a call that a peer had already claimed', async () => {
      const { limiter, replicas: both } = replicas(2, undefined, { queueLimit: 2 });
      const [mine, theirs] = both as [(typeof both)[0], (typeof both)[0]];
      void theirs.send(read(1, 'theirs'));
      const greedy = [2, 3].map((n) => mine.send(write(n, 'greedy')));
      await settle();
      await limiter.poll();
      await limiter.poll();
      await limiter.allow();
      const modest = mine.send(read(4, 'modest'));
      await settle();
      await theirs.sent[0]?.answer();
      expect(await Promise.all(greedy)).toEqual([2, 3].map((n) => nameOf(write(n, 'greedy'))));
      await limiter.allow();
      await mine.sent[0]?.answer();
      expect(await modest).toBe('m4 {}');
    });

    it('never sends an evicted call', async () => {
      const { limiter, replicas: both } = replicas(2, undefined, { queueLimit: 2 });
      const [mine, theirs] = both as [(typeof both)[0], (typeof both)[0]];
      void theirs.send(read(1, 'theirs'));
      const greedy = [2, 3].map((n) => mine.send(write(n, 'greedy')));
      await settle();
      await limiter.poll();
      await limiter.poll();
      void mine.send(read(4, 'modest'));
      expect(await greedy[1]).toBe('queue_full');
      await limiter.allow(3);
      const sent = [mine, theirs].flatMap((it) =>
        it.sent.flatMap(({ commands }) => commands.map(({ method }) => method)),
      );
      expect(sent.sort()).toEqual(['m1', 'm2', 'm4']);
    });
  });

  it('bounds the bytes that wait for one portal, evicting the client that holds most', async () => {
    const { queues, send } = queueWorld({ maxBytes: { portal: 100_000, replica: 1_000_000 } });
    const large = (n: number, from: string): Command => ({
      ...alone(n, from),
      params: { text: `$${'x'.repeat(20_000)}`, n },
    });
    const greedy = [1, 2, 3, 4].map((n) => send(large(n, 'greedy')));
    expect(await send(large(5, 'greedy'))).toBe('queue_full');
    void send(large(6, 'modest'));
    expect(await greedy[3]).toBe('queue_full');
    expect(queues.countsOf(portal)?.waiting).toBe(4);
  });

  it('bounds the bytes that wait on a replica, evicting where the client that holds most has them', async () => {
    const { queues, send } = queueWorld({ maxBytes: { portal: 1_000_000, replica: 100_000 } });
    const large = (n: number, from: string): Command => ({
      ...alone(n, from),
      params: { text: `$${'x'.repeat(20_000)}`, n },
    });
    const greedy = [1, 2, 3, 4].map((n) => send(large(n, 'greedy')));
    void send(large(6, 'modest'), undefined, other);
    expect(await greedy[3]).toBe('queue_full');
    await settle();
    expect([queues.countsOf(portal)?.waiting, queues.countsOf(other)?.waiting]).toEqual([3, 1]);
  });

  it('empties a queue in one pass', async () => {
    const { queues, send } = queueWorld();
    const calls = Array.from({ length: 1000 }, (_, n) => send(alone(n, 'a')));
    await settle();
    const through = jest.spyOn(ClientQueue.prototype, Symbol.iterator as never);
    queues.close();
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['shutting_down']));
    expect(through.mock.calls.length).toBeLessThan(5);
    through.mockRestore();
  });
});

describe('a portal that does not exist', () => {
  it('leaves no queue and no ledger, however often it is called', async () => {
    const { clock, queues, call } = queueWorld({ prepare: () => Promise.reject(new Fault('portal_not_found')) });
    expect(await Promise.all([call(1), call(2)])).toEqual(['portal_not_found', 'portal_not_found']);
    await settle();
    expect([[...queues.counts()], queues.ledger.isEmpty, queues.knows(portal)]).toEqual([[], true, false]);
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
  });

  it('is not listed while it is looked up, nor when the store does not answer', async () => {
    let fail: (fault: Fault) => void = () => undefined;
    const { queues, call } = queueWorld({ prepare: () => new Promise((_, reject) => (fail = reject)) });
    const outcome = call(1);
    await settle();
    expect([...queues.counts()]).toEqual([]);
    fail(new Fault('store_unavailable'));
    expect(await outcome).toBe('store_unavailable');
    await settle();
    expect([[...queues.counts()], queues.ledger.isEmpty]).toEqual([[], true]);
  });

  it('gets no queue from reading its state', async () => {
    const { clock, queues } = queueWorld();
    expect(await queues.state(portal, plan)).toMatchObject({ waiting: 0, circuit: 'closed', left: 7 });
    await queues.level(portal, plan);
    expect([[...queues.counts()], queues.ledger.viewOf(portal), queues.ledger.isEmpty]).toEqual([[], [], true]);
    expect(clock.pending).toBe(0);
  });
});
