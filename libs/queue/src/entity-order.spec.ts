import type { Command } from '@b24/portal';
import { EntityOrder, type SendFilter } from './entity-order';
import { QueuedCall, type Waiter } from './queued-call';

type Effect = Command['effect'];
const everything: SendFilter = { client: () => true, call: () => true };
const command = (effect: Effect, from: string, ids: Readonly<Record<string, number>> = { thing: 1 }): Command => ({
  ...{ method: 'm', params: {}, effect, from },
  entity: { family: 'thing', ids },
});
const waiterOf = (client: string): Waiter => ({
  ...{ client, bytes: 1, isCounted: true, isEvicted: false, queuedAtMs: 0, signal: new AbortController().signal },
  resolve: () => undefined,
  reject: () => undefined,
});

describe('the order of calls on one entity', () => {
  let order: EntityOrder;
  let sequence: number;

  beforeEach(() => {
    order = new EntityOrder();
    sequence = 0;
  });

  const queued = (...commands: Command[]) => {
    const call = new QueuedCall(++sequence, commands, 1, undefined);
    call.addWaiter(waiterOf(call.client));
    order.add(call);
    return call;
  };
  const read = (from: string, ids?: Record<string, number>) => queued(command('read', from, ids));
  const write = (from: string, ids?: Record<string, number>) => queued(command('write', from, ids));
  const send = (call: QueuedCall) => {
    call.sentAtMs = 1;
    order.markInFlight(call);
  };
  const mayGo = (call: QueuedCall, filter = everything) => order.isItsTurn(call, filter);

  it.each<[first: Effect, second: Effect, isHeld: boolean]>([
    ['read', 'read', false],
    ['read', 'write', true],
    ['write', 'read', true],
    ['write', 'write', true],
  ])('of one client: a %s before a %s holds it: %s, also in flight, until it is answered', (first, second, isHeld) => {
    const before = queued(command(first, 'a'));
    const after = queued(command(second, 'a'));
    expect([mayGo(before), mayGo(after)]).toEqual([true, !isHeld]);
    send(before);
    expect(mayGo(after)).toBe(!isHeld);
    order.remove(before);
    expect(mayGo(after)).toBe(true);
  });

  it.each<[what: string, ids: Record<string, number>, isHeld: boolean]>([
    ['the same', { thing: 1 }, true],
    ['another', { thing: 2 }, false],
    ['one that agrees in an id', { thing: 1, group: 7 }, true],
    ['one that shares no id', { group: 7 }, false],
  ])('holds a write to %s (%j): %s', (_what, ids, isHeld) => {
    write('a');
    expect(mayGo(write('a', ids))).toBe(!isHeld);
  });

  it('does not hold a call that agrees in one id and differs in another', () => {
    write('a', { thing: 1, group: 7 });
    expect(mayGo(write('a', { thing: 2, group: 7 }))).toBe(true);
  });

  it('does not hold calls of another family, or of no entity', () => {
    write('a');
    const other = { ...command('write', 'a'), entity: { family: 'other', ids: { thing: 1 } } };
    const unknown: Command = { method: 'm', params: {}, effect: 'write', from: 'a' };
    expect([mayGo(queued(other)), mayGo(queued(unknown))]).toEqual([true, true]);
  });

  it('holds a read behind a write for the commands on the entity only', () => {
    const batch = queued(command('read', 'a', { thing: 1 }), command('write', 'a', { thing: 2 }));
    const readsSame = read('a', { thing: 1 });
    const readsOther = read('a', { thing: 2 });
    expect([mayGo(batch), mayGo(readsSame), mayGo(readsOther)]).toEqual([true, true, false]);
  });

  it('of two clients is that of their turns', () => {
    const first = write('a');
    const second = write('b');
    expect([mayGo(first), mayGo(second)]).toEqual([true, false]);
  });

  it('lets no client occupy the entity: the second call of one waits for the first of another', () => {
    const first = write('a');
    const second = write('a');
    const other = write('b');
    send(first);
    order.remove(first);
    expect([mayGo(second), mayGo(other)]).toEqual([false, true]);
    send(other);
    order.remove(other);
    expect(mayGo(second)).toBe(true);
  });

  it('lets another client pass while the call before may not be sent', () => {
    const first = write('a');
    const other = write('b');
    expect(mayGo(other, { ...everything, call: (call) => call !== first })).toBe(true);
    expect(mayGo(other, { ...everything, client: (client) => client !== 'a' })).toBe(true);
    expect(mayGo(other, { client: (client) => client === 'a', call: (call) => call === first })).toBe(false);
  });

  it('holds the client’s own calls although the call before may not be sent', () => {
    write('a');
    expect(mayGo(write('a'), { client: () => false, call: () => false })).toBe(false);
  });

  it('waits for calls of all clients in flight', () => {
    const sent = write('a');
    send(sent);
    const other = write('b');
    expect(mayGo(other)).toBe(false);
    order.remove(sent);
    expect(mayGo(other)).toBe(true);
  });

  it('waits for an abandoned call of its own client, not for those of others', () => {
    const sent = write('a');
    send(sent);
    sent.isAbandoned = true;
    expect([mayGo(write('b')), mayGo(write('a'))]).toEqual([true, false]);
  });

  it('holds reads of another client behind a write in flight, and no reads behind a read in flight', () => {
    const sentRead = read('a');
    send(sentRead);
    expect([mayGo(read('b')), mayGo(write('c'))]).toEqual([true, false]);
    order.remove(sentRead);
    const sentWrite = write('a', { thing: 2 });
    send(sentWrite);
    expect(mayGo(read('b', { thing: 2 }))).toBe(false);
  });

  it('is not held by the call itself when it is in flight', () => {
    const call = write('a');
    send(call);
    expect(mayGo(call)).toBe(true);
  });

  it('keeps the place of a call that is queued again', () => {
    const first = write('a');
    const second = write('b');
    send(first);
    first.sentAtMs = undefined;
    order.requeue(first);
    expect([mayGo(first), mayGo(second)]).toEqual([true, false]);
    order.remove(first);
    expect(mayGo(second)).toBe(true);
  });

  it('gives a turn to the first waiting call of each client only', () => {
    const first = write('a');
    const second = write('a');
    const other = write('b');
    expect([first.turn, second.turn, other.turn]).toEqual([1, undefined, 2]);
    expect([order.isFirst(first), order.isFirst(second), order.isFirst(other)]).toEqual([true, false, true]);
    send(first);
    expect(order.isFirst(second)).toBe(true);
    mayGo(second);
    expect(second.turn).toBe(3);
    mayGo(second);
    expect([first.turn, second.turn]).toEqual([1, 3]);
  });

  it('gives a turn to a call that is the first on all of its entities only', () => {
    write('a', { thing: 1 });
    const both = queued(command('write', 'a', { thing: 1 }), command('write', 'a', { thing: 2 }));
    expect([order.isFirst(both), both.turn]).toEqual([false, undefined]);
  });

  it('waits for the turn of another client on any of its entities', () => {
    const onTwo = write('a', { thing: 2 });
    const both = queued(command('write', 'b', { thing: 1 }), command('write', 'b', { thing: 2 }));
    expect([mayGo(onTwo), mayGo(both)]).toEqual([true, false]);
    order.remove(onTwo);
    expect(mayGo(both)).toBe(true);
  });

  it('is open once all writes are answered, and each call is removed once', () => {
    const sent = write('a');
    order.remove(sent);
    order.remove(sent);
    const first = read('a');
    const second = write('b');
    expect([mayGo(first), mayGo(second)]).toEqual([true, false]);
    order.remove(second);
    expect(mayGo(read('a'))).toBe(true);
  });
});
