import { type Answer, type Command, Fault, type FaultCode, type FaultOptions, portalId, Secret } from '@b24/portal';
import { HandClock, settle } from '../../../test/support/hand-clock';
import type { Grant } from './install';
import { PortalProbe, type ProbeOutcome } from './portal-probe';

const grantOf = (version: number, portal = 'a'): Grant => ({
  ...{ portal: portalId(portal.repeat(32)), kind: 'app', domain: 'p.example', endpoint: 'https://p.example/rest/' },
  ...{ oauthServer: 'https://oauth.example', scope: ['task'], suspended: false, version, installedAtMs: 5 },
  pair: { accessToken: new Secret('a'), refreshToken: new Secret('r'), expiresAtMs: 1, lifetimeMs: 1 },
});

describe('the probe of a portal', () => {
  let clock: HandClock;
  let probe: PortalProbe;
  let sent: readonly Command[][];
  let signals: AbortSignal[];
  let permits: number;
  let settled: number;
  let send: () => Promise<readonly Answer[]>;
  let acquire: () => Promise<void>;

  beforeEach(() => {
    clock = new HandClock();
    sent = [];
    signals = [];
    permits = 0;
    settled = 0;
    send = () => Promise.resolve([]);
    acquire = () => Promise.resolve();
    probe = new PortalProbe({
      clock,
      acquirePermit: async (_grant, signal) => {
        permits++;
        signals.push(signal);
        await acquire();
        return () => void settled++;
      },
      send: (_authorization, commands) => {
        sent = [...sent, [...commands]];
        return send();
      },
    });
  });

  it('sends a command that needs no scope, under a permit that it settles', async () => {
    expect(await probe.ask(grantOf(1))).toEqual({ kind: 'passed' });
    await settle();
    expect([sent, permits, settled]).toEqual([[[{ method: 'profile', params: {}, effect: 'read' }]], 1, 1]);
  });

  const upstream = { method: 'profile', status: 401, error: 'X', description: '' };

  it.each<[code: FaultCode, options: FaultOptions, kind: ProbeOutcome['kind']]>([
    ['reauthorization_required', { upstream }, 'refused'],
    ['portal_payment_required', { upstream }, 'refused'],
    ['portal_overloaded', { upstream, haltMs: 1 }, 'refused'],
    ['portal_overloaded', { upstream }, 'silent'],
    ['reauthorization_required', {}, 'silent'],
    ['portal_unreachable', {}, 'silent'],
    ['store_unavailable', {}, 'silent'],
  ])('that fails with %s (%j) is %s, and its permit is settled', async (code, options, kind) => {
    const fault = new Fault(code, options);
    send = () => Promise.reject(fault);
    expect(await probe.ask(grantOf(1))).toEqual(kind === 'refused' ? { kind, fault } : { kind });
    await settle();
    expect(settled).toBe(1);
  });

  it.each<[step: string, hang: () => void]>([
    [
      'permit',
      () => (acquire = () => new Promise((_resolve, reject) => signals.at(-1)?.addEventListener('abort', reject))),
    ],
    ['answer', () => (send = () => new Promise(() => undefined))],
  ])('is silent when its %s takes ten seconds', async (_step, hang) => {
    hang();
    let outcome: ProbeOutcome | undefined;
    void probe.ask(grantOf(1)).then((it) => (outcome = it));
    await clock.advance(9999);
    expect(outcome).toBeUndefined();
    await clock.advance(1);
    expect([outcome, signals.at(-1)?.aborted, settled]).toEqual([{ kind: 'silent' }, true, 0]);
  });

  it('is shared while it is in flight, by grant and version', async () => {
    let answer: () => void = () => undefined;
    send = () => new Promise((resolve) => (answer = () => resolve([])));
    const first = probe.ask(grantOf(1));
    expect(probe.ask(grantOf(1), true)).toBe(first);
    await settle();
    expect(permits).toBe(1);
    answer();
    await first;
    void probe.ask(grantOf(2));
    void probe.ask(grantOf(1, 'b'));
    await settle();
    expect(permits).toBe(3);
  });

  it('that passed is valid for five seconds, unless the error clearly concerns the grant', async () => {
    await probe.ask(grantOf(1));
    await clock.advance(4999);
    expect([await probe.ask(grantOf(1)), permits]).toEqual([{ kind: 'passed' }, 1]);
    await probe.ask(grantOf(1), true);
    expect(permits).toBe(2);
    await clock.advance(5000);
    await probe.ask(grantOf(1));
    expect(permits).toBe(3);
  });

  it('that was refused is made each time', async () => {
    send = () => Promise.reject(new Fault('portal_deleted', { upstream }));
    await probe.ask(grantOf(1));
    await probe.ask(grantOf(1));
    expect(permits).toBe(2);
  });
});
