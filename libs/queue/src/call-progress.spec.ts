import { type Command, Fault } from '@b24/portal';
import { plan, portal, queueWorld, read, result } from '../../../test/support/queue-world';
import { settle } from '../../../test/support/hand-clock';
import { CallProgress } from './call-progress';

describe('the progress of a call', () => {
  const sentBy = (world: ReturnType<typeof queueWorld>, command: Command, signal = new AbortController().signal) => {
    const progress = new CallProgress();
    const ended = world.queues.send(portal, [command], signal, progress).catch((fault: unknown) => fault);
    return { progress, ended };
  };

  it('says when an answered call was queued and sent, and how many commands its request had', async () => {
    const world = queueWorld();
    const queuedAtMs = world.clock.now();
    const calls = [1, 2].map((n) => sentBy(world, read(n)));
    await world.clock.advance(700);
    await world.limiter.allow();
    await world.clock.advance(300);
    await world.sent[0]?.answer();
    await Promise.all(calls.map(({ ended }) => ended));
    const expected = { queuedAtMs, sentAtMs: queuedAtMs + 700, commands: 2, retries: 0 };
    expect(calls.map(({ progress }) => ({ ...progress }))).toEqual([expected, expected]);
  });

  it('counts retries, and says when the last request was sent', async () => {
    const world = queueWorld();
    const queuedAtMs = world.clock.now();
    const { progress, ended } = sentBy(world, read(1));
    await world.limiter.allow();
    const refusal = new Fault('rejected_by_portal', { retryReason: 'not_run' });
    await world.sent[0]?.answer([{ ...result(1), ok: false, fault: refusal }]);
    await world.clock.advance(5000);
    const sentAtMs = world.clock.now();
    await world.limiter.allow();
    await world.sent[1]?.answer();
    await ended;
    expect({ ...progress }).toEqual({ queuedAtMs, sentAtMs, commands: 1, retries: 1 });
  });

  it('says of a call whose request failed when it was sent', async () => {
    const world = queueWorld();
    const { progress, ended } = sentBy(world, read(1));
    await world.limiter.allow();
    const sentAtMs = world.clock.now();
    await world.clock.advance(900);
    await world.sent[0]?.fail(new Fault('portal_error'));
    expect(await ended).toMatchObject({ code: 'portal_error' });
    expect({ ...progress }).toEqual({ queuedAtMs: sentAtMs, sentAtMs, commands: 1, retries: 0 });
  });

  it('says of a call whose caller left before it was sent that it was not', async () => {
    const world = queueWorld();
    const controller = new AbortController();
    const { progress, ended } = sentBy(world, read(1), controller.signal);
    const queuedAtMs = world.clock.now();
    await settle();
    controller.abort(new Fault('deadline_exceeded'));
    await ended;
    expect({ ...progress }).toEqual({ queuedAtMs, sentAtMs: undefined, commands: 0, retries: 0 });
  });

  it('says nothing of a call that the queue refused', async () => {
    const world = queueWorld({ queueLimit: 1, prepare: () => Promise.resolve(plan) });
    void sentBy(world, read(1)).ended;
    const { progress, ended } = sentBy(world, read(2));
    expect(await ended).toMatchObject({ code: 'queue_full' });
    expect(progress).toEqual(new CallProgress());
  });
});
