import { type Answer, type Command, Fault, portalId } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { OperatingLedger, type PortalLedger } from './operating-ledger';

const portal = portalId('a'.repeat(32));
const command = (method = 'crm.deal.list'): Command => ({ method, params: {}, effect: 'read' });
const timing = { queueMs: 0, upstreamMs: 0 };
const ran = (usedSeconds: number, resetAtMs?: number): Answer => ({
  ok: true,
  value: 1,
  timing,
  operating: { usedSeconds, ...(resetAtMs !== undefined && { resetAtMs }) },
});
const refused = (retryAfterMs?: number): Answer => ({
  ok: false,
  timing,
  fault: new Fault('operating_time_spent', retryAfterMs === undefined ? {} : { retryAfterMs }),
});

describe('the operating time of a portal’s methods', () => {
  let clock: HandClock;
  let ledgers: OperatingLedger;
  let ledger: PortalLedger;

  beforeEach(() => {
    clock = new HandClock();
    ledgers = new OperatingLedger(clock);
    ledger = ledgers.of(portal);
  });

  const state = (method = 'crm.deal.list') => ({
    nearLimit: ledger.isNearLimit(method),
    spent: ledger.isSpent(method),
    blockedForMs: ledger.blockedForMs(method),
  });

  it.each([
    [0, false, undefined],
    [299.9, false, undefined],
    [300, true, undefined],
    [399.9, true, undefined],
    [400, true, 60_000],
    [480, true, 60_000],
  ])('of %f s sends the method one by one: %s, and holds it for %s ms', (usedSeconds, nearLimit, blockedForMs) => {
    ledger.record(command(), ran(usedSeconds, clock.now() + 60_000));
    expect(state()).toEqual({ nearLimit, spent: blockedForMs !== undefined, blockedForMs });
    expect([ledger.hasNearLimit, ledger.hasSpent]).toEqual([nearLimit, blockedForMs !== undefined]);
  });

  it('is that of the method in any case of letters', () => {
    ledger.record(command('CRM.deal.LIST'), ran(410, clock.now() + 1000));
    expect(state('crm.DEAL.list')).toEqual({ nearLimit: true, spent: true, blockedForMs: 1000 });
    expect(ledger.view().map(({ method }) => method)).toEqual(['crm.deal.list']);
  });

  it('holds the method for a minute if the portal names no reset', async () => {
    ledger.record(command(), ran(410));
    await clock.advance(59_999);
    expect(ledger.blockedForMs('crm.deal.list')).toBe(1);
    await clock.advance(1);
    expect(state()).toEqual({ nearLimit: true, spent: false, blockedForMs: undefined });
  });

  it('holds no method whose usage was never reported, also while another is held', () => {
    expect(state()).toEqual({ nearLimit: false, spent: false, blockedForMs: undefined });
    ledger.record(command('other'), ran(410));
    expect(state()).toEqual({ nearLimit: false, spent: false, blockedForMs: undefined });
    ledger.record(command(), ran(100));
    expect(state()).toEqual({ nearLimit: false, spent: false, blockedForMs: undefined });
  });

  it('frees a method whose usage fell, and no other', () => {
    ledger.record(command(), ran(410));
    ledger.record(command('other'), ran(350));
    ledger.record(command(), ran(10));
    expect(state()).toEqual({ nearLimit: false, spent: false, blockedForMs: undefined });
    expect(ledger.isNearLimit('other')).toBe(true);
  });

  it('returns the answer as it is', () => {
    const answer = ran(410);
    expect(ledger.record(command(), answer)).toBe(answer);
    expect(ledger.record(undefined, answer)).toBe(answer);
    const other: Answer = { ok: false, timing, fault: new Fault('access_denied') };
    expect(ledger.record(command(), other)).toBe(other);
  });

  it('gives a refusal the reset that is known as its Retry-After', async () => {
    ledger.record(command(), ran(350, clock.now() + 120_000));
    await clock.advance(20_000);
    expect(ledger.record(command(), refused(60_000))).toMatchObject({ fault: { retryAfterMs: 100_000 } });
    expect(ledger.blockedForMs('crm.deal.list')).toBe(100_000);
  });

  it.each([
    ['that names none', undefined, 60_000],
    ['that names it', 5000, 5000],
  ])('lasts until the reset of a refusal %s', (_what, retryAfterMs, blockedForMs) => {
    expect(ledger.record(command(), refused(retryAfterMs))).toMatchObject({ fault: { retryAfterMs: blockedForMs } });
    expect(state()).toEqual({ nearLimit: true, spent: true, blockedForMs });
  });

  it('lasts until the reset of a refusal when the one before has passed', async () => {
    ledger.record(command(), ran(350, clock.now() + 1000));
    await clock.advance(1000);
    ledger.record(command(), refused(5000));
    expect(ledger.blockedForMs('crm.deal.list')).toBe(5000);
  });

  it('ends a refusal once the portal runs the method, whatever it reports', async () => {
    ledger.record(command(), refused(1000));
    await clock.advance(1000);
    expect(state()).toEqual({ nearLimit: true, spent: false, blockedForMs: undefined });
    ledger.record(command(), { ok: true, value: 1, timing });
    expect(ledger.isNearLimit('crm.deal.list')).toBe(false);
    ledger.record(command(), refused(1000));
    ledger.record(command(), ran(10));
    expect(state()).toEqual({ nearLimit: false, spent: false, blockedForMs: undefined });
  });

  it('leaves a method one by one that ran without a report, if it was near its limit', () => {
    ledger.record(command(), ran(350));
    ledger.record(command(), { ok: true, value: 1, timing });
    expect(ledger.isNearLimit('crm.deal.list')).toBe(true);
  });

  it('counts no failure as a run', () => {
    ledger.record(command(), refused(1000));
    ledger.record(command(), { ok: false, timing, fault: new Fault('access_denied') });
    expect(ledger.isSpent('crm.deal.list')).toBe(true);
  });

  it('is recorded for `batch`, and for each command inside', () => {
    const inside = [
      { name: 'a', method: 'first' },
      { name: 'b', method: 'second' },
    ];
    const batch: Command = { ...command('batch'), inside };
    const answer: Answer = { ok: true, value: 1, timing, inside: [ran(310), ran(320), ran(330)] };
    ledger.record(batch, answer);
    ledger.record(command('third'), { ...ran(10), batchOperating: { usedSeconds: 340 } });
    expect(ledger.view().map(({ method, operating }) => [method, operating.usedSeconds])).toEqual([
      ['first', 310],
      ['second', 320],
      ['third', 10],
      ['batch', 340],
    ]);
  });

  it('is shown with its reset, for methods that used any or were refused', () => {
    ledger.record(command('idle'), ran(0));
    ledger.record(command('busy'), ran(1, 5));
    ledger.record(command('plain'), ran(1));
    ledger.record(command('refused'), refused(1000));
    expect(ledger.view()).toEqual([
      { method: 'busy', operating: { usedSeconds: 1, resetAtMs: 5 } },
      { method: 'plain', operating: { usedSeconds: 1 } },
      { method: 'refused', operating: { usedSeconds: 0, resetAtMs: clock.now() + 1000 } },
    ]);
  });

  describe('for commands that wait', () => {
    it('rejects them while any of their methods is held, until the last reset', () => {
      expect(ledger.spentFault([command()])).toBeUndefined();
      ledger.record(command('a'), ran(410, clock.now() + 1000));
      ledger.record(command('b'), ran(410, clock.now() + 3000));
      ledger.record(command('c'), ran(350, clock.now() + 9000));
      expect(ledger.spentFault([command('c'), command('d')])).toBeUndefined();
      const fault = ledger.spentFault([command('a'), command('b'), command('c')]);
      expect(fault).toMatchObject({ code: 'operating_time_spent', retryAfterMs: 3000 });
    });

    it('rejects a batch for a method inside', () => {
      ledger.record(command('a'), ran(410, clock.now() + 1000));
      expect(ledger.spentFault([{ ...command('batch'), inside: [{ name: 'x', method: 'A' }] }])).toBeDefined();
    });
  });

  describe('predicts how long a command runs', () => {
    const run = (ranMs: number) => ledger.record(command(), { ok: true, value: 1, timing: { ...timing, ranMs } });

    it('as 300 ms before it ran, then as the slowest recent run, which decays', () => {
      expect(ledger.predictMs('crm.deal.list')).toBe(300);
      run(1000);
      expect(ledger.predictMs('CRM.deal.list')).toBe(1000);
      run(0);
      expect(ledger.predictMs('crm.deal.list')).toBe(900);
      run(500);
      expect(ledger.predictMs('crm.deal.list')).toBeCloseTo(860);
      run(2000);
      expect(ledger.predictMs('crm.deal.list')).toBe(2000);
    });

    it('without an effect on its limits', () => {
      run(1000);
      expect(ledger.view()).toEqual([]);
    });
  });

  describe('is forgotten', () => {
    it('ten minutes after its reset, or its last report', async () => {
      ledger.record(command(), ran(350, clock.now() + 1000));
      await clock.advance(601_000);
      ledger.removeStale();
      expect([ledger.isEmpty, ledger.hasNearLimit]).toEqual([false, true]);
      await clock.advance(1);
      ledger.removeStale();
      expect([ledger.isEmpty, ledger.hasNearLimit]).toEqual([true, false]);
    });

    it('later if it is reported again', async () => {
      ledger.record(command(), ran(10, clock.now()));
      await clock.advance(600_000);
      ledger.record(command(), { ok: true, value: 1, timing: { ...timing, ranMs: 1 } });
      await clock.advance(600_000);
      ledger.removeStale();
      expect(ledger.isEmpty).toBe(false);
      await clock.advance(60_001);
      ledger.removeStale();
      expect(ledger.isEmpty).toBe(true);
    });

    it('with the portal', () => {
      ledger.record(command(), ran(350));
      expect(ledgers.viewOf(portal)).toHaveLength(1);
      expect(ledgers.of(portal)).toBe(ledger);
      ledgers.forget(portal);
      expect([ledgers.viewOf(portal), ledgers.isEmpty]).toEqual([[], true]);
    });

    it.each([
      ['of a portal without a queue', false, true],
      ['of a portal with a queue', true, false],
    ])('as a whole, when nothing is left: %s', (_what, hasQueue, isEmpty) => {
      ledgers.removeStale({ has: (it) => it === portal && hasQueue });
      expect(ledgers.isEmpty).toBe(isEmpty);
    });

    it('for no portal that has usage', async () => {
      ledger.record(command(), ran(350));
      ledgers.removeStale({ has: () => false });
      expect(ledgers.isEmpty).toBe(false);
      await clock.advance(700_000);
      ledgers.removeStale({ has: () => false });
      expect(ledgers.isEmpty).toBe(true);
    });
  });
});
