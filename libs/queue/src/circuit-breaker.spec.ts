import { Fault, type FaultOptions, type VendorResponse } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { CircuitBreaker } from './circuit-breaker';

const upstream = (error: string): VendorResponse => ({ method: 'm', status: 500, error, description: '' });
const unreachable = () => new Fault('portal_unreachable', { detail: 'No connection.' });
const unanswered = () => new Fault('outcome_unknown', { detail: 'No answer.' });

describe('the circuit of a portal', () => {
  let clock: HandClock;
  let circuit: CircuitBreaker;

  beforeEach(() => {
    clock = new HandClock();
    circuit = new CircuitBreaker(clock);
  });

  const fail = (times: number, fault = unreachable()) =>
    Array.from({ length: times }, () => circuit.onFailure(fault)).at(-1);

  it('is closed at first, and has no fault', () => {
    expect([circuit.state, circuit.openFault(), circuit.isProbing]).toEqual(['closed', undefined, false]);
  });

  it('opens at the fifth failed connection in a row', () => {
    expect([fail(4), circuit.state]).toEqual(['unchanged', 'closed']);
    expect([fail(1), circuit.state]).toEqual(['opened', 'open']);
  });

  it('says how often the portal did not answer, how it failed last, and when to retry', async () => {
    fail(5);
    await clock.advance(1000);
    expect(circuit.openFault()).toMatchObject({
      code: 'portal_unreachable',
      message: 'The portal has not answered 5 times in a row, so this call was not sent. The last time: No connection.',
      retryAfterMs: 4000,
    });
  });

  it.each<
    [
      what: string,
      code: 'portal_error' | 'outcome_unknown' | 'queue_full' | 'answer_too_large',
      options: FaultOptions,
      after: string,
    ]
  >([
    ['no answer', 'outcome_unknown', {}, 'probe'],
    ['an answer that can’t be read', 'portal_error', { upstream: upstream('') }, 'probe'],
    ['an error without the portal’s response', 'portal_error', {}, 'probe'],
    ['an error that can be parsed', 'portal_error', { upstream: upstream('X') }, 'unchanged'],
    ['a portal that was renamed', 'portal_error', { upstream: upstream(''), retryReason: 'moved' }, 'unchanged'],
    ['a fault of the gateway itself', 'queue_full', {}, 'unchanged'],
  ])('by %s, five times in a row: %s %j', (_what, code, options, after) => {
    expect(fail(5, new Fault(code, options))).toBe(after);
    expect(circuit.state).toBe('closed');
  });

  it.each<[what: string, fault: Fault, failuresLeft: number]>([
    ['an error of the portal', new Fault('portal_error', { upstream: upstream('X') }), 5],
    ['an answer that is too large', new Fault('answer_too_large'), 5],
    ['a fault of the gateway itself', new Fault('queue_full'), 1],
  ])('counts %s as an answer, or not at all', (_what, fault, failuresLeft) => {
    fail(4);
    expect(circuit.onFailure(fault)).toBe('unchanged');
    if (failuresLeft > 1) expect(fail(failuresLeft - 1)).toBe('unchanged');
    expect(fail(1)).toBe('opened');
  });

  it('counts failed connections and missing answers apart', () => {
    expect(fail(4)).toBe('unchanged');
    expect(fail(4, unanswered())).toBe('unchanged');
    expect(circuit.state).toBe('closed');
  });

  it('starts to count from zero when the portal answers', () => {
    fail(4);
    fail(4, unanswered());
    circuit.close();
    expect([fail(4), fail(4, unanswered()), circuit.state]).toEqual(['unchanged', 'unchanged', 'closed']);
  });

  it('takes no news from requests that were sent before it opened', async () => {
    fail(5);
    await clock.advance(4999);
    expect(fail(20)).toBe('unchanged');
    expect(circuit.openFault()?.retryAfterMs).toBe(1);
  });

  it('lets a request try after 5 s, and then has no fault', async () => {
    fail(5);
    await clock.advance(4999);
    expect(circuit.state).toBe('open');
    await clock.advance(1);
    expect([circuit.state, circuit.openFault()]).toEqual(['probing', undefined]);
  });

  it('stays open twice as long each time, a minute at most, until the portal answers', async () => {
    const openMs: number[] = [];
    fail(4);
    for (let times = 0; times < 6; times++) {
      fail(1);
      openMs.push(circuit.openFault()?.retryAfterMs ?? 0);
      await clock.advance(openMs.at(-1) ?? 0);
    }
    expect(openMs).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    circuit.close();
    fail(5);
    expect(circuit.openFault()?.retryAfterMs).toBe(5000);
  });

  it('opens at once for as long as the vendor blocks the portal, with its fault', async () => {
    const blocked = new Fault('portal_overloaded', { detail: 'Blocked.', haltMs: 300_000 });
    expect(circuit.onFailure(blocked)).toBe('opened');
    expect(circuit.openFault()).toMatchObject({
      code: 'portal_overloaded',
      message: 'Blocked.',
      retryAfterMs: 300_000,
    });
    await clock.advance(300_000);
    expect(circuit.state).toBe('probing');
  });

  it('asks for one probe at a time', () => {
    expect(fail(5, unanswered())).toBe('probe');
    expect(circuit.isProbing).toBe(true);
    expect([fail(3, unanswered()), circuit.state]).toEqual(['unchanged', 'closed']);
  });

  it('stays closed when the probe is answered, and starts to count from zero', () => {
    fail(5, unanswered());
    expect(circuit.onProbeResult(true, unanswered())).toBe(false);
    expect([circuit.isProbing, circuit.state]).toEqual([false, 'closed']);
    expect([fail(4, unanswered()), fail(1, unanswered())]).toEqual(['unchanged', 'probe']);
  });

  it('opens when the probe is not answered either', () => {
    fail(5, unanswered());
    fail(2, unanswered());
    expect(circuit.onProbeResult(false, unanswered())).toBe(true);
    expect([circuit.isProbing, circuit.state]).toEqual([false, 'open']);
    expect(circuit.openFault()?.message).toMatch(/not answered 7 times in a row.*No answer\.$/);
  });

  it('stays open as it is when it opened during the probe', async () => {
    fail(5, unanswered());
    fail(5);
    await clock.advance(1000);
    expect(circuit.onProbeResult(false, unanswered())).toBe(false);
    expect(circuit.openFault()?.retryAfterMs).toBe(4000);
  });

  it.each<[what: string, fault: Fault, change: string, state: string]>([
    ['opens again when the connection of the one request fails', unreachable(), 'opened', 'open'],
    ['asks for a probe when the one request has no answer', unanswered(), 'probe', 'probing'],
    [
      'closes when the portal refuses the one request',
      new Fault('portal_error', { upstream: upstream('X') }),
      'unchanged',
      'closed',
    ],
    ['waits on when the one request was not sent', new Fault('queue_full'), 'unchanged', 'probing'],
  ])('half-open %s', async (_what, fault, change, state) => {
    fail(5);
    await clock.advance(5000);
    expect([circuit.onFailure(fault), circuit.state]).toEqual([change, state]);
  });
});
