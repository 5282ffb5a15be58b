import fc from 'fast-check';
import type { Command } from '@b24/portal';
import { ClientQueue } from './client-queue';
import { ClientWaiters } from './client-waiters';
import { QueuedCall, type Waiter } from './queued-call';

const command: Command = { method: 'm', params: {}, effect: 'read' };
const callOf = (sequence: number) => new QueuedCall(sequence, [command], 1, undefined);
const waiterOf = (): Waiter => ({
  ...{ client: 'a', bytes: 1, isCounted: true, isEvicted: false, queuedAtMs: 0, signal: new AbortController().signal },
  resolve: () => undefined,
  reject: () => undefined,
});
const sequences = (queue: ClientQueue) =>
  [...{ [Symbol.iterator]: () => queue[Symbol.iterator]() }].map((it) => it.sequence);

describe('the waiting calls of one client', () => {
  it('are in the order of their sequence, whatever was sent, retried and answered', () => {
    const step = fc.record({ kind: fc.constantFrom('add', 'send', 'requeue', 'delete'), at: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new ClientQueue();
        const waiting = new Set<QueuedCall>();
        const sent = new Set<QueuedCall>();
        let last = 0;
        const one = (calls: Set<QueuedCall>, at: number) => [...calls][at % calls.size];
        for (const { kind, at } of steps) {
          const known = kind === 'requeue' ? one(sent, at) : one(waiting, at);
          if (kind === 'add') {
            const call = callOf(++last);
            queue.add(call);
            queue.add(call);
            waiting.add(call);
          } else if (known && kind === 'requeue') {
            queue.requeue(known);
            queue.requeue(known);
            queue.add(known);
            sent.delete(known);
            waiting.add(known);
          } else if (known) {
            queue.delete(known);
            waiting.delete(known);
            if (kind === 'send') sent.add(known);
          }
          expect(sequences(queue)).toEqual([...waiting].map((it) => it.sequence).sort((a, b) => a - b));
          expect(queue.isEmpty).toBe(waiting.size === 0);
        }
      }),
    );
  });

  it('are retried in their old position', () => {
    const queue = new ClientQueue();
    const calls = [1, 2, 3, 4].map(callOf);
    for (const call of calls) queue.add(call);
    for (const at of [3, 1, 0]) {
      const call = calls[at];
      if (!call) continue;
      queue.delete(call);
      queue.requeue(call);
    }
    expect(sequences(queue)).toEqual([1, 2, 3, 4]);
  });

  it('are there once when a call that waits is queued again', () => {
    const queue = new ClientQueue();
    const call = callOf(1);
    queue.add(call);
    queue.requeue(call);
    expect(sequences(queue)).toEqual([1]);
    queue.delete(call);
    expect(queue.isEmpty).toBe(true);
  });
});

describe('the callers of one client', () => {
  /** Callers that were added, of which those at these positions were answered. */
  function waitersWith(count: number, answered: readonly number[]) {
    const waiters = new ClientWaiters();
    const entries = Array.from({ length: count }, (_, i) => ({ call: callOf(i), waiter: waiterOf() }));
    for (const entry of entries) {
      entry.call.addWaiter(entry.waiter);
      waiters.add(entry);
    }
    for (const at of answered) {
      const entry = entries[at];
      if (entry) entry.call.removeWaiter(entry.waiter);
      waiters.remove();
    }
    return waiters;
  }
  const newest = (waiters: ClientWaiters) => [...waiters.newest()].map(({ call }) => call.sequence);

  it.each<[answered: number[], newest: number[]]>([
    [[], [3, 2, 1, 0]],
    [[3], [2, 1, 0]],
    [
      [3, 2],
      [1, 0],
    ],
    [[1], [3, 2, 0]],
    [[0, 1, 2, 3], []],
  ])('of which %j were answered are yielded from the newest', (answered, expected) => {
    const waiters = waitersWith(4, answered);
    expect([newest(waiters), newest(waiters)]).toEqual([expected, expected]);
    expect(waiters.isEmpty).toBe(expected.length === 0);
  });

  it('are compacted when half of a long list was answered, and then counted as before', () => {
    const even = Array.from({ length: 50 }, (_, i) => 2 * i);
    const waiters = waitersWith(100, even);
    expect(newest(waiters)).toEqual(Array.from({ length: 50 }, (_, i) => 99 - 2 * i));
    for (let left = 50; left > 0; left--) {
      expect(waiters.isEmpty).toBe(false);
      waiters.remove();
    }
    expect(waiters.isEmpty).toBe(true);
  });
});
