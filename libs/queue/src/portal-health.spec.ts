import { type Answer, type Command, Fault, portalId } from '@b24/portal';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { PortalHealth } from './portal-health';
import { QueuedCall } from './queued-call';
import type { Plan, RateLimiter } from './rate-limiter';

const portal = portalId('a'.repeat(32));
const plan: Plan = { burst: 50, drainPerSecond: 2 };
const unreachable = new Fault('portal_unreachable');
const unanswered = new Fault('outcome_unknown');
const command = (method: string): Command => ({ method, params: {}, effect: 'read' });
const timing = { queueMs: 0, upstreamMs: 0 };
const done: Answer = { ok: true, value: 1, timing };
const failed: Answer = { ok: false, fault: new Fault('access_denied'), timing };

describe('the health of a portal', () => {
  let clock: HandClock;
  let health: PortalHealth;
  let changes: string[];
  let backOffsMs: number[];
  let isAnswering: () => Promise<boolean>;
  let probes: number;
  let backOff: RateLimiter['backOff'];

  beforeEach(() => {
    clock = new HandClock();
    changes = [];
    backOffsMs = [];
    probes = 0;
    isAnswering = () => Promise.resolve(false);
    backOff = (_portal, _plan, forMs) => {
      backOffsMs.push(forMs);
      return Promise.resolve();
    };
    const observer = {
      requestSent: () => undefined,
      callSentByPeer: () => undefined,
      backedOff: (it: string) => changes.push(`backed off ${it === portal}`),
      circuit: (it: string, change: string, fault?: Fault) => changes.push(`${change} ${it === portal} ${fault?.code}`),
    };
    const rateLimiter: RateLimiter = {
      backOff: (...args: Parameters<RateLimiter['backOff']>) => backOff(...args),
    } as never;
    health = new PortalHealth(portal, {
      clock,
      observer,
      rateLimiter,
      isAnswering: () => {
        probes++;
        return isAnswering();
      },
    });
  });

  const fail = (times: number, fault: Fault) => {
    for (let i = 0; i < times; i++) health.onFailure(fault);
  };
  const answer = (...answers: [method: string, answer: Answer][]) => {
    const calls = answers.map(([method, it], i) => [new QueuedCall(i, [command(method)], 1, undefined), [it]] as const);
    health.onAnswers(new Map(calls));
  };

  it('reports that the circuit opened, with the fault, and that it closed', async () => {
    fail(4, unreachable);
    expect(changes).toEqual([]);
    expect(health.onFailure(unreachable)).toBe('opened');
    expect(changes).toEqual(['opened true portal_unreachable']);
    await clock.advance(5000);
    answer(['m', done]);
    expect(changes).toEqual(['opened true portal_unreachable', 'closed true undefined']);
    answer(['m', done]);
    expect(changes).toHaveLength(2);
  });

  it('reports that the circuit closed when the portal refuses a request as a whole', async () => {
    fail(5, unreachable);
    await clock.advance(5000);
    const refused = new Fault('portal_error', { upstream: { method: 'm', status: 500, error: 'X', description: '' } });
    expect(health.onFailure(refused)).toBe('unchanged');
    expect(changes.at(-1)).toBe('closed true undefined');
  });

  it.each<[what: string, isAnswering: () => Promise<boolean>, isOpened: boolean, changes: string[]]>([
    ['opens when its probe is not answered', () => Promise.resolve(false), true, ['opened true outcome_unknown']],
    ['stays closed when its probe is answered', () => Promise.resolve(true), false, []],
    ['stays closed when the probe could not be made', () => Promise.reject(new Fault('store_unavailable')), false, []],
  ])('%s', async (_what, probed, isOpened, expected) => {
    isAnswering = probed;
    fail(4, unanswered);
    expect(health.onFailure(unanswered)).toBe('probe');
    expect(changes).toEqual([]);
    expect(await health.probe(unanswered)).toBe(isOpened);
    expect(changes).toEqual(expected);
  });

  it('reports that a half-open circuit closed when its probe is answered', async () => {
    fail(5, unreachable);
    await clock.advance(5000);
    expect(health.onFailure(unanswered)).toBe('probe');
    isAnswering = () => Promise.resolve(true);
    expect(await health.probe(unanswered)).toBe(false);
    expect(changes.at(-1)).toBe('closed true undefined');
  });

  describe('whose bucket is full', () => {
    it('grants no permit for a while, once for all requests that were refused meanwhile', async () => {
      await health.backOff(plan);
      await clock.advance(1999);
      await health.backOff(plan);
      expect([backOffsMs, changes]).toEqual([[2000], ['backed off true']]);
      await clock.advance(1);
      await health.backOff(plan);
      expect(backOffsMs).toEqual([2000, 4000]);
    });

    it('backs off twice as long each time in a row, 16 s at most, until the portal answers', async () => {
      for (let times = 0; times < 5; times++) {
        await health.backOff(plan);
        await clock.advance(16_000);
      }
      answer(['m', done]);
      await health.backOff(plan);
      expect(backOffsMs).toEqual([2000, 4000, 8000, 16_000, 16_000, 2000]);
    });

    it('backs off although the store is away', async () => {
      backOff = () => Promise.reject(new Fault('store_unavailable'));
      await expect(health.backOff(plan)).resolves.toBeUndefined();
    });
  });

  describe('when a method is refused because the bucket is full', () => {
    const refuse = (...methods: string[]) => health.isRefusedForItself(methods.map(command));

    it('believes that for requests of several methods, or none', () => {
      for (let times = 0; times < 5; times++) {
        expect([refuse('a', 'b'), refuse()]).toEqual([false, false]);
        answer(['c', done]);
      }
      expect(probes).toBe(0);
    });

    it('finds out at the second time whether other methods are answered', async () => {
      refuse('m');
      expect(probes).toBe(0);
      refuse('m');
      await settle();
      expect(probes).toBe(1);
    });

    it('believes that it concerns the method once probes are answered', async () => {
      isAnswering = () => Promise.resolve(true);
      const own: boolean[] = [];
      for (let times = 0; times < 4; times++) {
        own.push(refuse('m'));
        await settle();
      }
      expect(own).toEqual([false, false, false, true]);
    });

    it.each<[what: string, isAnswering: () => Promise<boolean>]>([
      ['are not answered', () => Promise.resolve(false)],
      ['can’t be made', () => Promise.reject(new Fault('store_unavailable'))],
    ])('believes that it concerns all while probes %s', async (_what, probed) => {
      isAnswering = probed;
      for (let times = 0; times < 6; times++) {
        expect(refuse('m')).toBe(false);
        await settle();
      }
    });

    it('closes the circuit when it concerns the method only', async () => {
      refuse('m');
      answer(['other', done]);
      refuse('m');
      answer(['other', done]);
      fail(5, unreachable);
      await clock.advance(5000);
      expect(health.circuit.state).toBe('probing');
      expect(refuse('m')).toBe(true);
      expect(changes.at(-1)).toBe('closed true undefined');
    });

    it.each<[what: string, answer: Answer, isOwn: boolean]>([
      ['that ran meanwhile', done, false],
      ['that failed meanwhile', failed, true],
    ])('counts from the beginning for a method %s', (_what, meanwhile, isOwn) => {
      for (let times = 0; times < 2; times++) {
        refuse('m');
        answer(['other', done]);
      }
      answer(['m', meanwhile]);
      expect(refuse('m')).toBe(isOwn);
    });
  });
});
