import { Fault } from '@b24/portal';
import { settle } from '../../../test/support/hand-clock';
import { deadline, nameOf, read, replicas, write } from '../../../test/support/lane-world';
import { tripLeaseMs } from './platform';

describe('the handover between replicas', () => {
  /** Each replica's first call holds the departure; from the second look on, everyone knows of the others. */
  const scene = (count = 3) => {
    const { bucket, clock, replicas: all } = replicas(count);
    const looks = async () => {
      await bucket.looks();
      await bucket.looks();
    };
    const trips = () => all.flatMap(({ sent }) => sent);
    return { bucket, clock, all, looks, trips };
  };

  it('lets whoever departs next take along what waits on the other replicas', async () => {
    const { bucket, all, looks, trips } = scene();
    const calls = all.flatMap(({ call }, i) => [1, 2, 3].map((n) => call(10 * i + n)));
    await settle();
    await looks();
    await bucket.drip();
    expect(trips()).toHaveLength(1);
    expect(trips()[0]?.commands).toHaveLength(9);
    await trips()[0]?.answer();
    expect(await Promise.all(calls)).toEqual([1, 2, 3, 11, 12, 13, 21, 22, 23].map((n) => nameOf(read(n))));
  });

  it('does not count those as waiting whom another trip has', async () => {
    const { bucket, clock, all, looks } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    void two!.call(2);
    await settle();
    await looks();
    await bucket.drip();
    await clock.advance(3000);
    expect([...two!.lanes.counts()].map(([, { waiting }]) => waiting)).toEqual([0]);
    // Its departure has nobody left to carry.
    await bucket.drip();
    expect([two!.sent, bucket.givenBack]).toEqual([[], 1]);
  });

  it('offers nothing while nobody else waits', async () => {
    const { bucket, all, looks } = scene(1);
    const [one] = all;
    const wait = jest.spyOn(one!.platform, 'wait');
    void one!.call(1);
    await settle();
    await looks();
    expect(wait.mock.calls.map(([, offers]) => offers)).toEqual([[], []]);
    await bucket.drip();
    expect(one!.methods()).toEqual([['m1']]);
  });

  it('takes nobody along while there is no want of departures', async () => {
    const { bucket, all, looks } = scene(2);
    const [one, two] = all;
    void two!.call(2);
    void one!.call(1);
    await settle();
    await looks();
    bucket.theLevel.left = 5;
    await bucket.drip();
    expect([one!.methods(), two!.methods()]).toEqual([[], [['m2']]]);
  });

  it('seats the callers of all replicas fairly', async () => {
    const { bucket, all, looks, trips } = scene(2);
    const [one, two] = all;
    for (let n = 0; n < 1000; n++) void one!.send(read(n, 'greedy'));
    await settle();
    const single = two!.send(read(5000, 'modest'));
    await settle();
    await looks();
    await bucket.drip();
    expect(trips().flatMap(({ commands }) => commands.map(({ from }) => from))).toContain('modest');
    await trips()[0]?.answer();
    expect(await single).toBe(nameOf(read(5000, 'modest')));
  });

  it('keeps commands that could read or meet others from the company, wherever they wait', async () => {
    const { bucket, all, looks, trips } = scene(3);
    const [one, two, three] = all;
    void one!.send(write(1, 'a'));
    void two!.send(read(1, 'b'));
    void three!.send({ ...read(2, 'c'), params: { text: '$result' } });
    await settle();
    await looks();
    await bucket.drip();
    expect(trips().map(({ commands }) => commands.length)).toEqual([1]);
  });

  it('does not let a caller join a read that is on offer, since it may have left', async () => {
    const { bucket, all, looks, trips } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const first = two!.call(2);
    await settle();
    await looks();
    const second = two!.call(2);
    await bucket.drip();
    await trips()[0]?.answer();
    await bucket.drip();
    await trips()[1]?.answer();
    expect([await first, await second]).toEqual([nameOf(read(2)), nameOf(read(2))]);
    expect(trips().flatMap(({ commands }) => commands.map(({ method }) => method))).toEqual(['m1', 'm2', 'm2']);
  });

  it('never sends what was withdrawn at its deadline, and says so', async () => {
    const { bucket, all, looks, trips } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const controller = new AbortController();
    const outcome = two!.send(write(2), controller.signal);
    await settle();
    await looks();
    controller.abort(deadline());
    expect(await outcome).toBe('deadline_exceeded');
    await bucket.drip();
    expect(trips().flatMap(({ commands }) => commands.map(({ method }) => method))).toEqual(['m1']);
  });

  it('says that the outcome is unknown when a trip has taken it before its deadline', async () => {
    const { bucket, all, looks } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const controller = new AbortController();
    const outcome = two!.send(write(2), controller.signal);
    await settle();
    await looks();
    await bucket.drip();
    controller.abort(deadline());
    expect(await outcome).toBe('outcome_unknown');
  });

  it('does not keep a caller waiting for a platform that says nothing', async () => {
    const { clock, all, looks } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const controller = new AbortController();
    const outcome = two!.send(write(2), controller.signal);
    await settle();
    await looks();
    two!.platform.kill();
    controller.abort(deadline());
    await clock.advance(250);
    expect(await outcome).toBe('outcome_unknown');
  });

  it('sends a read again whose trip died with its replica, and says of a write that its outcome is unknown', async () => {
    const { bucket, clock, all, looks } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const reading = two!.send(read(2));
    const writing = two!.send(write(3));
    await settle();
    await looks();
    await bucket.drip();
    expect(one!.methods()).toEqual([['m1', 'm2', 'm3']]);
    one!.kill();
    await clock.advance(tripLeaseMs + 6000);
    expect(await writing).toBe('outcome_unknown');
    await bucket.drip();
    await bucket.drip();
    expect(two!.methods()).toEqual([['m2']]);
    await two!.sent[0]?.answer();
    expect(await reading).toBe(nameOf(read(2)));
  });

  it('waits for a slow trip of another replica for as long as it lasts', async () => {
    const { bucket, clock, all, looks } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const reading = two!.send(read(2));
    await settle();
    await looks();
    await bucket.drip();
    await clock.advance(5 * tripLeaseMs);
    await one!.sent[0]?.answer();
    expect(await reading).toBe(nameOf(read(2)));
    expect(two!.sent).toEqual([]);
  });

  it('goes again from its own lane when the trip that took it was refused', async () => {
    const { bucket, all, looks, trips } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const writing = two!.send(write(2));
    await settle();
    await looks();
    await bucket.drip();
    await trips()[0]?.fail(new Fault('portal_overloaded', { again: 'bucket_full' }));
    await bucket.drip(2);
    for (const trip of trips().slice(1)) await trip.answer();
    expect(await writing).toBe(nameOf(write(2)));
  });

  it('tells the owner what the portal refused', async () => {
    const { bucket, all, looks, trips } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const writing = two!.send(write(2));
    await settle();
    await looks();
    await bucket.drip();
    const spent = { queueMs: 0, upstreamMs: 0 };
    const refused = { ok: false as const, fault: new Fault('rejected_by_portal'), spent };
    await trips()[0]?.answer([refused, refused]);
    expect(await writing).toBe('rejected_by_portal');
  });

  it('lets those leave who are not on offer while the platform is down, and the others when it is back', async () => {
    const { bucket, clock, all, looks } = scene(2);
    const [one, two] = all;
    const offered = one!.send(write(1));
    void two!.call(2);
    await settle();
    await looks();
    await looks();
    one!.platform.down = true;
    void one!.call(3);
    await settle();
    await bucket.drip();
    expect(one!.methods()).toEqual([['m3']]);
    two!.kill();
    one!.platform.down = false;
    await clock.advance(6000);
    await bucket.drip();
    expect(one!.methods()).toEqual([['m3'], ['m1']]);
    await one!.sent[1]?.answer();
    expect(await offered).toBe(nameOf(write(1)));
  });

  it('does not go round and round when the store goes down under what is on offer, and tells its callers', async () => {
    const { bucket, clock, all, looks } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const reading = two!.send(read(2));
    const writing = two!.send(write(3));
    await settle();
    await looks();
    const before = bucket.taken;
    two!.platform.take = () => new Promise(() => undefined);
    await bucket.breaksDown();
    expect(bucket.taken - before).toBeLessThan(5);
    await clock.advance(500);
    expect([await reading, await writing]).toEqual(['store_unavailable', 'outcome_unknown']);
  });

  it('tells the owners at last when the platform was down at the end of the trip', async () => {
    const { bucket, clock, all, looks } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const reading = two!.send(read(2));
    await settle();
    await looks();
    await bucket.drip();
    one!.platform.down = true;
    await one!.sent[0]?.answer();
    let settled = false;
    const ended = one!.lanes.settle().then(() => (settled = true));
    await clock.advance(2000);
    expect(settled).toBe(false);
    one!.platform.down = false;
    await clock.advance(1000);
    await ended;
    expect(await reading).toBe(nameOf(read(2)));
  });

  it('tells those who wait at the end of their replica to go elsewhere, unless a trip has them', async () => {
    const { bucket, all, looks } = scene(2);
    const [one, two] = all;
    void one!.call(1);
    const taken = two!.send(read(2));
    await settle();
    await looks();
    await bucket.drip();
    const waiting = two!.send(write(3));
    await settle();
    await looks();
    two!.lanes.close();
    expect(await waiting).toBe('shutting_down');
    await one!.sent[0]?.answer();
    expect(await taken).toBe(nameOf(read(2)));
  });
});
