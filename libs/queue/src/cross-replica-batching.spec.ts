import { Fault } from '@b24/portal';
import { settle } from '../../../test/support/hand-clock';
import { deadline, nameOf, queueWorld, read, replicas, sharedWorld, write } from '../../../test/support/queue-world';
import { requestLeaseMs } from './peer-exchange';
import { SoloExchange } from './solo-exchange';

describe('cross-replica batching', () => {
  /** The first call of each replica waits for a permit; from the second poll on, the replicas know of each other. */
  const scene = (count = 3) => {
    const { limiter, clock, replicas: all } = replicas(count);
    const poll = async () => {
      await limiter.poll();
      await limiter.poll();
    };
    const batches = () => all.flatMap(({ sent }) => sent);
    return { limiter, clock, all, poll, batches };
  };

  it('sends the waiting calls of all replicas with the next request of any of them', async () => {
    const { limiter, all, poll, batches } = scene();
    const calls = all.flatMap(({ call }, i) => [1, 2, 3].map((n) => call(10 * i + n)));
    await settle();
    await poll();
    await limiter.allow();
    expect(batches()).toHaveLength(1);
    expect(batches()[0]?.commands).toHaveLength(9);
    await batches()[0]?.answer();
    expect(await Promise.all(calls)).toEqual([1, 2, 3, 11, 12, 13, 21, 22, 23].map((n) => nameOf(read(n))));
  });

  it('does not count calls as waiting that a peer’s request has claimed', async () => {
    const { limiter, clock, all, poll } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    void two!.call(2);
    await settle();
    await poll();
    await limiter.allow();
    await clock.advance(3000);
    expect([...two!.queues.counts()].map(([, { waiting }]) => waiting)).toEqual([0]);
    // Its permit has no call left to send.
    await limiter.allow();
    expect([two!.sent, limiter.refunded]).toEqual([[], 1]);
  });

  it('offers nothing while no peer waits', async () => {
    const { limiter, all, poll } = scene(1);
    const [one] = all;
    const wait = jest.spyOn(one!.exchange, 'offer');
    void one!.call(1);
    await settle();
    await poll();
    expect(wait.mock.calls.map(([, offers]) => offers)).toEqual([[], []]);
    await limiter.allow();
    expect(one!.methods()).toEqual([['m1']]);
  });

  it('claims no remote calls while permits are available', async () => {
    const { limiter, all, poll } = scene(2);
    const [one, two] = all;
    void two!.call(2);
    void one!.call(1);
    await settle();
    await poll();
    limiter.currentLevel.left = 5;
    await limiter.allow();
    expect([one!.methods(), two!.methods()]).toEqual([[], [['m2']]]);
  });

  it('gives the clients of all replicas turns', async () => {
    const { limiter, all, poll, batches } = scene(2);
    const [one, two] = all;
    for (let n = 0; n < 1000; n++) void one!.send(read(n, 'greedy'));
    await settle();
    const single = two!.send(read(5000, 'modest'));
    await settle();
    await poll();
    await limiter.allow();
    expect(batches().flatMap(({ commands }) => commands.map(({ from }) => from))).toContain('modest');
    await batches()[0]?.answer();
    expect(await single).toBe(nameOf(read(5000, 'modest')));
  });

  it('batches no commands that could read or affect each other, wherever they wait', async () => {
    const { limiter, all, poll, batches } = scene(3);
    const [one, two, three] = all;
    void one!.send(write(1, 'a'));
    void two!.send(read(1, 'b'));
    void three!.send({ ...read(2, 'c'), params: { text: '$result' } });
    await settle();
    await poll();
    await limiter.allow();
    expect(batches().map(({ commands }) => commands.length)).toEqual([1]);
  });

  it('does not let a caller join an offered read, because it may have been sent', async () => {
    const { limiter, all, poll, batches } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const first = two!.call(2);
    await settle();
    await poll();
    const second = two!.call(2);
    await limiter.allow();
    await batches()[0]?.answer();
    await limiter.allow();
    await batches()[1]?.answer();
    expect([await first, await second]).toEqual([nameOf(read(2)), nameOf(read(2))]);
    expect(batches().flatMap(({ commands }) => commands.map(({ method }) => method))).toEqual(['m1', 'm2', 'm2']);
  });

  it('never sends a call that was withdrawn at its deadline', async () => {
    const { limiter, all, poll, batches } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const controller = new AbortController();
    const outcome = two!.send(write(2), controller.signal);
    await settle();
    await poll();
    controller.abort(deadline());
    expect(await outcome).toBe('deadline_exceeded');
    await limiter.allow();
    expect(batches().flatMap(({ commands }) => commands.map(({ method }) => method))).toEqual(['m1']);
  });

  it('rejects with outcome_unknown when a peer claimed the call before its deadline', async () => {
    const { limiter, all, poll } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const controller = new AbortController();
    const outcome = two!.send(write(2), controller.signal);
    await settle();
    await poll();
    await limiter.allow();
    controller.abort(deadline());
    expect(await outcome).toBe('outcome_unknown');
  });

  it('does not keep a caller waiting for an exchange that does not reply', async () => {
    const { clock, all, poll } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const controller = new AbortController();
    const outcome = two!.send(write(2), controller.signal);
    await settle();
    await poll();
    two!.exchange.kill();
    controller.abort(deadline());
    await clock.advance(250);
    expect(await outcome).toBe('outcome_unknown');
  });

  it('retries a read whose request died with its replica, and rejects a write with outcome_unknown', async () => {
    const { limiter, clock, all, poll } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const reading = two!.send(read(2));
    const writing = two!.send(write(3));
    await settle();
    await poll();
    await limiter.allow();
    expect(one!.methods()).toEqual([['m1', 'm2', 'm3']]);
    one!.kill();
    await clock.advance(requestLeaseMs + 6000);
    expect(await writing).toBe('outcome_unknown');
    await limiter.allow();
    await limiter.allow();
    expect(two!.methods()).toEqual([['m2']]);
    await two!.sent[0]?.answer();
    expect(await reading).toBe(nameOf(read(2)));
  });

  it('waits for a slow request of a peer as long as it takes', async () => {
    const { limiter, clock, all, poll } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const reading = two!.send(read(2));
    await settle();
    await poll();
    await limiter.allow();
    await clock.advance(5 * requestLeaseMs);
    await one!.sent[0]?.answer();
    expect(await reading).toBe(nameOf(read(2)));
    expect(two!.sent).toEqual([]);
  });

  it('retries from its own queue when the peer’s request was refused', async () => {
    const { limiter, all, poll, batches } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const writing = two!.send(write(2));
    await settle();
    await poll();
    await limiter.allow();
    await batches()[0]?.fail(new Fault('portal_overloaded', { retryReason: 'bucket_full' }));
    await limiter.allow(2);
    for (const batch of batches().slice(1)) await batch.answer();
    expect(await writing).toBe(nameOf(write(2)));
  });

  it('returns a refusal of the portal to the owner', async () => {
    const { limiter, all, poll, batches } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const writing = two!.send(write(2));
    await settle();
    await poll();
    await limiter.allow();
    const timing = { queueMs: 0, upstreamMs: 0 };
    const refused = { ok: false as const, fault: new Fault('rejected_by_portal'), timing };
    await batches()[0]?.answer([refused, refused]);
    expect(await writing).toBe('rejected_by_portal');
  });

  it('sends calls that are not offered while the exchange is down, and the others when it is back', async () => {
    const { limiter, clock, all, poll } = scene(2);
    const [one, two] = all;
    const offered = one!.send(write(1));
    void two!.call(2);
    await settle();
    await poll();
    await poll();
    one!.exchange.isDown = true;
    void one!.call(3);
    await settle();
    await limiter.allow();
    expect(one!.methods()).toEqual([['m3']]);
    two!.kill();
    one!.exchange.isDown = false;
    await clock.advance(6000);
    await limiter.allow();
    expect(one!.methods()).toEqual([['m3'], ['m1']]);
    await one!.sent[1]?.answer();
    expect(await offered).toBe(nameOf(write(1)));
  });

  it('does not loop when the store goes down while calls are offered, and rejects them', async () => {
    const { limiter, clock, all, poll } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const reading = two!.send(read(2));
    const writing = two!.send(write(3));
    await settle();
    await poll();
    const before = limiter.acquired;
    two!.exchange.claim = () => new Promise(() => undefined);
    await limiter.fail();
    expect(limiter.acquired - before).toBeLessThan(5);
    await clock.advance(500);
    expect([await reading, await writing]).toEqual(['store_unavailable', 'outcome_unknown']);
  });

  it('publishes the result later when the exchange was down at the end of the request', async () => {
    const { limiter, clock, all, poll } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const reading = two!.send(read(2));
    await settle();
    await poll();
    await limiter.allow();
    one!.exchange.isDown = true;
    await one!.sent[0]?.answer();
    let settled = false;
    const ended = one!.queues.settle().then(() => (settled = true));
    await clock.advance(2000);
    expect(settled).toBe(false);
    one!.exchange.isDown = false;
    await clock.advance(1000);
    await ended;
    expect(await reading).toBe(nameOf(read(2)));
  });

  it('rejects waiting calls on shutdown, unless a peer has claimed them', async () => {
    const { limiter, all, poll } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const taken = two!.send(read(2));
    await settle();
    await poll();
    await limiter.allow();
    const waiting = two!.send(write(3));
    await settle();
    await poll();
    two!.queues.close();
    expect(await waiting).toBe('shutting_down');
    await one!.sent[0]?.answer();
    expect(await taken).toBe(nameOf(read(2)));
  });
});

describe('cross-replica batching that is off', () => {
  it('lets each replica send its own batches', async () => {
    const shared = sharedWorld({ left: 0 });
    const all = [0, 1].map(() => queueWorld({ exchange: new SoloExchange() }, shared));
    const calls = all.flatMap(({ call }, i) => [1, 2].map((n) => call(10 * i + n)));
    await settle();
    for (let i = 0; i < 3; i++) await shared.limiter.poll();
    await shared.limiter.allow(2);
    expect(all.map(({ methods }) => methods())).toEqual([[['m1', 'm2']], [['m11', 'm12']]]);
    for (const { sent } of all) await sent[0]?.answer();
    expect(await Promise.all(calls)).toEqual([1, 2, 11, 12].map((n) => nameOf(read(n))));
  });
});
