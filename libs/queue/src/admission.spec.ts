import type { Command } from '@b24/portal';
import { Admission, type QueueBounds } from './admission';
import { CallQueue } from './call-queue';
import { ClientUsage, overflowOf } from './client-usage';
import type { Waiter } from './queued-call';

const wide: QueueBounds = { calls: 1000, portalBytes: 1000, replicaBytes: 1000 };

describe('what the clients of a replica hold', () => {
  it('is counted for each, and in all', () => {
    const usage = new ClientUsage();
    expect([usage.total, usage.of('a'), usage.largest()]).toEqual([0, 0, undefined]);
    usage.add('a');
    usage.add('b', 5);
    usage.add('a', 3);
    expect([usage.total, usage.of('a'), usage.of('b'), usage.largest()]).toEqual([9, 4, 5, 'b']);
    usage.remove('b', 2);
    expect([usage.total, usage.of('b'), usage.largest()]).toEqual([7, 3, 'a']);
    usage.remove('a', 4);
    usage.remove('b');
    expect([usage.total, usage.of('a'), usage.of('b'), usage.largest()]).toEqual([2, 0, 2, 'b']);
  });

  it('is most for the first of equal ones', () => {
    const usage = new ClientUsage();
    usage.add('a', 2);
    usage.add('b', 2);
    expect(usage.largest()).toBe('a');
  });
});

describe('a newcomer', () => {
  it.each<[what: string, held: Record<string, number>, client: string, amount: number, expected: object | undefined]>([
    ['fits while there is room', { a: 8 }, 'b', 2, undefined],
    ['takes the room of the largest client', { a: 8, b: 1 }, 'b', 2, { evictFrom: 'a' }],
    ['of an unknown client takes it, too', { a: 10 }, 'b', 10, { evictFrom: 'a' }],
    ['of the largest client is refused', { a: 8, b: 2 }, 'a', 1, { evictFrom: undefined }],
    ['is refused if it would hold more than the largest', { a: 5, b: 4 }, 'b', 2, { evictFrom: undefined }],
    ['is taken if it would hold as much as the largest', { a: 6, b: 4 }, 'b', 2, { evictFrom: 'a' }],
    ['larger than all bounds is refused', {}, 'b', 11, { evictFrom: undefined }],
  ])('%s', (_what, held, client, amount, expected) => {
    const usage = new ClientUsage();
    for (const [name, it] of Object.entries(held)) usage.add(name, it);
    expect(overflowOf(usage, 10, client, amount)).toEqual(expected);
  });
});

describe('the admission to a portal’s queue', () => {
  /** A queue with one call for each `[client, bytes]`, in this order; `evicted` lists clients and numbers of calls. */
  function queueWith(bounds: Partial<QueueBounds>, calls: readonly [client: string, bytes: number][]) {
    const usage = new ClientUsage();
    const queue = new CallQueue(usage);
    const evicted: string[] = [];
    const evictedElsewhere: string[] = [];
    calls.forEach(([client, bytes], i) => {
      const command: Command = { method: `m${i}`, params: {}, effect: 'write', from: client };
      const waiter: Waiter = {
        ...{ client, bytes, isCounted: false, isEvicted: false, queuedAtMs: 0, signal: new AbortController().signal },
        resolve: () => undefined,
        reject: () => undefined,
      };
      queue.enqueue([command], { batchBytes: 1, bytes }, waiter);
    });
    const replica = {
      usage,
      evictFrom: (client: string, isShort: () => boolean) => {
        evictedElsewhere.push(`${client} ${isShort()}`);
      },
    };
    const admission = new Admission(queue, { ...wide, ...bounds }, replica, ({ call, waiter }) => {
      evicted.push(`${waiter.client} ${call.sequence}`);
      queue.releaseSlot(waiter);
    });
    return { admission, evicted, evictedElsewhere };
  }

  it('evicts nothing while there is room', () => {
    const { admission, evicted, evictedElsewhere } = queueWith({ calls: 3 }, [
      ['a', 1],
      ['a', 1],
    ]);
    expect([admission.admit('b', 1), evicted, evictedElsewhere]).toEqual([true, [], []]);
  });

  it('evicts the newest call of the client that holds most slots', () => {
    const { admission, evicted } = queueWith({ calls: 3 }, [
      ['b', 1],
      ['a', 1],
      ['a', 1],
    ]);
    expect([admission.admit('c', 1), evicted]).toEqual([true, ['a 3']]);
  });

  it('evicts as many calls as the bytes need', () => {
    const calls: [string, number][] = [
      ['b', 1],
      ['a', 4],
      ['a', 3],
      ['a', 2],
    ];
    const { admission, evicted } = queueWith({ portalBytes: 10 }, calls);
    expect([admission.admit('c', 4), evicted]).toEqual([true, ['a 4', 'a 3']]);
  });

  it('evicts for bytes and slots once only', () => {
    const { admission, evicted } = queueWith({ calls: 2, portalBytes: 8 }, [
      ['a', 4],
      ['a', 4],
    ]);
    expect([admission.admit('c', 4), evicted]).toEqual([true, ['a 2']]);
  });

  it.each<[what: string, bounds: Partial<QueueBounds>]>([
    ['slots', { calls: 3 }],
    ['bytes of the portal', { portalBytes: 3 }],
    ['bytes of the replica', { replicaBytes: 3 }],
  ])('refuses a client that holds most %s, and evicts nothing', (_what, bounds) => {
    const { admission, evicted, evictedElsewhere } = queueWith(bounds, [
      ['b', 1],
      ['a', 1],
      ['a', 1],
    ]);
    expect([admission.admit('a', 1), evicted, evictedElsewhere]).toEqual([false, [], []]);
  });

  it('lets the replica make room where its bytes wait', () => {
    const { admission, evicted, evictedElsewhere } = queueWith({ replicaBytes: 3 }, [
      ['a', 2],
      ['b', 1],
    ]);
    expect([admission.admit('b', 1), evicted, evictedElsewhere]).toEqual([true, [], ['a true']]);
  });

  it('lets the replica make no room that the portal’s queue has made', () => {
    const bounds = { portalBytes: 3, replicaBytes: 3 };
    const { admission, evicted, evictedElsewhere } = queueWith(bounds, [
      ['a', 2],
      ['b', 1],
    ]);
    expect([admission.admit('b', 1), evicted, evictedElsewhere]).toEqual([true, ['a 1'], ['a false']]);
  });
});
