import { type Command, type Fault, portalId } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { InFlightRequests, maxInFlight } from './in-flight-requests';
import { OperatingLedger, type PortalLedger } from './operating-ledger';
import { QueuedCall, type Waiter } from './queued-call';

const timing = { queueMs: 0, upstreamMs: 0 };
const command = (method: string, from: string): Command => ({ method, params: {}, effect: 'read', from });

describe('the requests in flight to one portal', () => {
  let ledger: PortalLedger;
  let requests: InFlightRequests;
  let sequence: number;

  beforeEach(() => {
    ledger = new OperatingLedger(new HandClock()).of(portalId('a'.repeat(32)));
    requests = new InFlightRequests(ledger);
    sequence = 0;
  });

  const callOf = (client: string, ...methods: string[]) => {
    const call = new QueuedCall(
      ++sequence,
      methods.map((method) => command(method, client)),
      1,
      undefined,
    );
    addWaiter(call, client);
    return call;
  };
  const addWaiter = (call: QueuedCall, client: string) => {
    const caller = new AbortController();
    const waiter: Waiter = {
      ...{ client, bytes: 1, isCounted: true, isEvicted: false, queuedAtMs: 0, signal: caller.signal },
      resolve: () => undefined,
      reject: () => undefined,
    };
    call.addWaiter(waiter);
    return { caller, waiter };
  };
  const nearLimit = (method: string, usedSeconds = 350) =>
    ledger.record(command(method, ''), { ok: true, value: 1, timing, operating: { usedSeconds } });

  it('are counted until they end', () => {
    const request = requests.start([callOf('a', 'm')]);
    requests.start([callOf('a', 'm')]);
    expect(requests.count).toBe(2);
    requests.finish(request);
    expect(requests.count).toBe(1);
  });

  it('leave room for other clients: one client has 48 of 64, and a second 12 of the rest', () => {
    let first = 0;
    for (; requests.canSend('a'); first++) requests.start([callOf('a', 'm')]);
    let second = 0;
    for (; requests.canSend('b'); second++) requests.start([callOf('b', 'm')]);
    expect([maxInFlight, first, second, requests.canSend('c')]).toEqual([64, 48, 12, true]);
  });

  it('count for every client whose calls they carry, once', () => {
    const shared = [callOf('a', 'm'), callOf('b', 'm'), callOf('a', 'm')];
    const started = Array.from({ length: 48 }, () => requests.start(shared));
    expect([requests.canSend('a'), requests.canSend('b'), requests.canSend('c')]).toEqual([false, false, true]);
    expect([...(started[0]?.clients ?? [])]).toEqual(['a', 'b']);
    for (const request of started) requests.finish(request);
    expect([requests.canSend('a'), requests.canSend('b'), requests.count]).toEqual([true, true, 0]);
  });

  describe('with a method near its operating limit', () => {
    it('hold calls of that method, in any case and inside batches, and no others, until they end', () => {
      nearLimit('slow');
      nearLimit('idle');
      const request = requests.start([callOf('a', 'SLOW')]);
      expect(request.methods).toEqual(['slow']);
      const batch = new QueuedCall(
        9,
        [{ ...command('batch', 'b'), inside: [{ name: 'x', method: 'Slow' }] }],
        1,
        undefined,
      );
      const calls = [
        callOf('b', 'slow'),
        callOf('b', 'quick', 'slow'),
        batch,
        callOf('b', 'quick'),
        callOf('b', 'idle'),
      ];
      expect(calls.map((call) => requests.isHeld(call))).toEqual([true, true, true, false, false]);
      requests.finish(request);
      expect(calls.map((call) => requests.isHeld(call))).toEqual([false, false, false, false, false]);
    });

    it('hold nothing once the method’s usage has fallen', () => {
      nearLimit('slow');
      requests.start([callOf('a', 'slow')]);
      nearLimit('slow', 10);
      expect(requests.isHeld(callOf('b', 'slow'))).toBe(false);
      nearLimit('other');
      expect(requests.isHeld(callOf('b', 'slow'))).toBe(false);
    });

    it('hold nothing while they only carry other methods', () => {
      nearLimit('slow');
      requests.start([callOf('a', 'quick')]);
      expect(requests.isHeld(callOf('b', 'slow'))).toBe(false);
    });

    it('give the turn to the client that has waited longest', () => {
      nearLimit('slow');
      const [ofA, ofB, ofC] = [callOf('a', 'slow'), callOf('b', 'slow'), callOf('c', 'quick')];
      const turns = () => requests.turnsOf([ofA, ofB, ofC]);
      expect([...turns()]).toEqual([['slow', 0]]);
      expect(requests.yields(ofA, turns())).toBe(false);
      requests.finish(requests.start([callOf('a', 'slow')]));
      expect([requests.yields(ofA, turns()), requests.yields(ofB, turns())]).toEqual([true, false]);
      requests.finish(requests.start([callOf('b', 'slow')]));
      expect([requests.yields(ofA, turns()), requests.yields(ofB, turns())]).toEqual([false, true]);
      expect([...turns()]).toEqual([['slow', 1]]);
      expect(requests.yields(ofC, turns())).toBe(false);
    });

    it('take no turn of a client by its other methods', () => {
      nearLimit('slow');
      requests.finish(requests.start([callOf('a', 'slow')]));
      requests.finish(requests.start([callOf('b', 'quick'), callOf('c', 'slow')]));
      const calls = ['a', 'b', 'c'].map((client) => callOf(client, 'slow'));
      const turns = requests.turnsOf(calls);
      expect(calls.map((call) => requests.yields(call, turns))).toEqual([true, false, true]);
    });

    it('give no turns for methods that nobody waits for', () => {
      nearLimit('slow');
      nearLimit('other');
      requests.finish(requests.start([callOf('a', 'slow')]));
      expect(requests.yields(callOf('a', 'slow'), requests.turnsOf([callOf('b', 'other')]))).toBe(false);
      expect(requests.yields(callOf('a', 'slow'), new Map())).toBe(false);
    });
  });

  describe('end early', () => {
    it('by the signal of the only caller of the only call', () => {
      const call = new QueuedCall(1, [command('m', 'a')], 1, undefined);
      const { caller } = addWaiter(call, 'a');
      expect(requests.start([call]).signal).toBe(caller.signal);
    });

    it('when nobody waits for any of the calls', () => {
      const [first, second] = [callOf('a', 'm'), callOf('b', 'm')];
      const { signal } = requests.start([first, second]);
      first.abandon();
      expect(signal.aborted).toBe(false);
      second.abandon();
      expect((signal.reason as Fault).code).toBe('deadline_exceeded');
    });

    it('when no caller waits for the only call that had several', () => {
      const call = callOf('a', 'm');
      const { caller } = addWaiter(call, 'b');
      const { signal, clients } = requests.start([call]);
      expect([signal === caller.signal, [...clients]]).toEqual([false, ['a', 'b']]);
      call.abandon();
      expect(signal.aborted).toBe(true);
    });
  });
});
