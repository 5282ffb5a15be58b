import { type Command, Fault, type FaultCode, type PortalId, portalId, type Result, Secret } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { BindingReconciler } from './binding-reconciler';
import type { Bindings, BoundEvents, HeldBinding } from './bindings';
import type { Subscription } from './subscription';

const portal = portalId('a'.repeat(32));
const other = portalId('b'.repeat(32));
const handler = 'https://gw.example/events/bitrix24';
const day = 24 * 3_600_000;

describe('the event bindings of a portal', () => {
  let clock: HandClock;
  let reconciler: BindingReconciler;
  let due: HeldBinding[];
  let settled: unknown[][];
  let added: (readonly PortalId[])[];
  let stored: BoundEvents | undefined;
  let subscriptions: Subscription[];
  let handlerOf: () => Promise<string | undefined>;
  /** Every request, as `<method> <event>`. */
  let asked: string[];
  let bound: unknown;
  let offered: unknown;
  /** What the portal refuses, by event. */
  let refusals: Record<string, Fault>;
  let warnings: object[];
  /** Replaces every answer. */
  let answer: ((signal: AbortSignal) => Promise<Result>) | undefined;

  const subscribe = (events: Subscription['events'], portals: Subscription['portals'] = 'all') => {
    const secret = new Secret('whsec_x');
    subscriptions.push({
      id: `s${subscriptions.length}`,
      url: 'https://t.example',
      events,
      portals,
      createdAtMs: 0,
      secret,
    });
  };
  const ask = (
    _portal: PortalId,
    { method, params, effect, entity }: Command,
    signal: AbortSignal,
  ): Promise<Result> => {
    const event = typeof params['event'] === 'string' ? params['event'] : '';
    asked.push(`${method} ${event}`.trim());
    expect(effect).toBe(event ? 'write' : 'read');
    expect(entity).toEqual({ family: 'event', ids: { event: event || method } });
    if (event) expect(params['handler']).toBe(handler);
    const refusal = refusals[event || method];
    if (refusal) return Promise.reject(refusal);
    if (answer) return answer(signal);
    const value = method === 'event.get' ? bound : method === 'events' ? offered : true;
    return Promise.resolve({ ok: true, value, timing: { queueMs: 0, upstreamMs: 0 } });
  };

  beforeEach(() => {
    clock = new HandClock();
    due = [];
    settled = [];
    added = [];
    stored = undefined;
    subscriptions = [];
    handlerOf = () => Promise.resolve(handler);
    asked = [];
    bound = [];
    offered = [];
    refusals = {};
    warnings = [];
    answer = undefined;
    reconciler = new BindingReconciler({
      clock,
      ask,
      subscriptions: { list: () => Promise.resolve(subscriptions) },
      handlerOf: () => handlerOf(),
      bindings: {
        take: () => Promise.resolve(due.shift()),
        of: () => Promise.resolve(stored),
        add: (portals: readonly PortalId[]) => {
          added.push(portals);
          return Promise.resolve();
        },
        settle: (...args: unknown[]) => {
          settled.push(args);
          return Promise.resolve();
        },
      } as unknown as Bindings,
      portals: async function* () {
        await Promise.resolve();
        yield [portal];
        yield [other];
      },
      log: { warn: (fields) => warnings.push(fields) },
    });
  });
  afterEach(() => {
    reconciler.stop();
  });

  const taken: HeldBinding = { portal, heldUntilMs: 1 };
  const reconcile = async (it: HeldBinding = taken) => {
    due.push(it);
    reconciler.start();
    await clock.advance(0);
    await reconciler.settle();
  };
  const settledWith = (bindings: Omit<BoundEvents, 'atMs'>, againInMs = day) => {
    expect(settled).toEqual([[taken, { ...bindings, atMs: clock.now() }, clock.now() + againInMs]]);
  };

  it('are bound as the subscriptions want, once for each event', async () => {
    subscribe(['ONTASKADD', 'ONTASKUPDATE']);
    subscribe(['ONTASKADD', 'ONCRMDEALADD'], [portal]);
    subscribe(['ONOTHER'], [other]);
    await reconcile();
    expect(asked).toEqual(['event.get', 'event.bind ONCRMDEALADD', 'event.bind ONTASKADD', 'event.bind ONTASKUPDATE']);
    settledWith({ wanted: 'ONCRMDEALADD,ONTASKADD,ONTASKUPDATE', count: 3 });
  });

  it('are only changed where they differ, and those of others and of the app stay', async () => {
    subscribe(['ONTASKADD', 'ONTASKUPDATE']);
    bound = [
      { event: 'onTaskAdd', handler },
      { event: 'ONCRMDEALADD', handler },
      { event: 'ONAPPINSTALL', handler },
      { event: 'ONLEADADD', handler: 'https://other.example' },
      { event: 7, handler },
    ];
    await reconcile();
    expect(asked).toEqual(['event.get', 'event.bind ONTASKUPDATE', 'event.unbind ONCRMDEALADD']);
    settledWith({ wanted: 'ONTASKADD,ONTASKUPDATE', count: 2 });
  });

  it('are those of the portal that a pattern covers', async () => {
    subscribe(['ONCRM*', 'ONTASKADD']);
    offered = ['onCrmDealAdd', 'ONCRMLEADADD', 'ONVOXIMPLANT', 7];
    await reconcile();
    expect(asked).toEqual([
      'events',
      'event.get',
      'event.bind ONTASKADD',
      'event.bind ONCRMDEALADD',
      'event.bind ONCRMLEADADD',
    ]);
    settledWith({ wanted: 'ONCRM*,ONTASKADD', count: 3 });
  });

  it('are all events of the portal if any subscription wants all', async () => {
    subscribe(['ONTASKADD']);
    subscribe('all');
    offered = ['ONTASKADD', 'ONCRMDEALADD'];
    await reconcile();
    settledWith({ wanted: '*', count: 2 });
  });

  it('are none of a portal that answers in another shape', async () => {
    subscribe('all');
    [offered, bound] = [{}, 'x'];
    await reconcile();
    settledWith({ wanted: '*', count: 0 });
  });

  it.each<[what: string, code: FaultCode, description: string, refused: string[] | undefined]>([
    ['that the portal refuses', 'rejected_by_portal', '', ['ONTASKADD']],
    ['beyond the permissions of the app', 'insufficient_scope', '', ['ONTASKADD']],
    ['that is bound already', 'rejected_by_portal', 'Unable to set event handler: Handler already binded', undefined],
  ])('leave out an event %s', async (_what, code, description, refused) => {
    subscribe(['ONTASKADD', 'ONTASKUPDATE']);
    refusals = { ONTASKADD: new Fault(code, { upstream: { method: 'm', status: 400, error: 'X', description } }) };
    await reconcile();
    settledWith({ wanted: 'ONTASKADD,ONTASKUPDATE', count: refused ? 1 : 2, ...(refused && { refused }) });
  });

  it('are compared once a day while they are right', async () => {
    subscribe(['ONTASKADD']);
    stored = { wanted: 'ONTASKADD', count: 1, atMs: clock.now() - day + 1 };
    await reconcile();
    expect([asked, settled]).toEqual([[], [[taken, stored, stored.atMs + day]]]);
  });

  it.each<[what: string, before: Partial<BoundEvents>]>([
    ['a day has passed', { atMs: 1_700_000_000_000 - day }],
    ['others are wanted', { wanted: 'ONTASKADD,ONTASKUPDATE' }],
    ['they may be lost', { wanted: '?' }],
    ['they failed the last time', { failure: 'queue_full', times: 1 }],
  ])('are compared at once if %s', async (_what, before) => {
    subscribe(['ONTASKADD']);
    stored = { wanted: 'ONTASKADD', count: 1, atMs: clock.now(), ...before };
    await reconcile();
    expect(asked).toEqual(['event.get', 'event.bind ONTASKADD']);
    settledWith({ wanted: 'ONTASKADD', count: 1 });
  });

  it('are removed with the last subscription', async () => {
    stored = { wanted: 'ONTASKADD', count: 1, atMs: clock.now() };
    bound = [{ event: 'ONTASKADD', handler }];
    await reconcile();
    expect([asked, settled]).toEqual([['event.get', 'event.unbind ONTASKADD'], [[taken]]]);
  });

  it.each<[what: string, prepare: () => void]>([
    ['has no app', () => (handlerOf = () => Promise.resolve(undefined))],
    ['was never bound', () => subscriptions.splice(0)],
  ])('are left alone if the portal %s', async (_what, prepare) => {
    subscribe(['ONTASKADD']);
    prepare();
    await reconcile();
    expect([asked, settled]).toEqual([[], [[taken]]]);
  });

  it.each<[failures: number, pauseMs: number]>([
    [0, 60_000],
    [1, 120_000],
    [5, 1_920_000],
    [20, 6 * 3_600_000],
  ])('are tried later when that fails: after %i failures in %i ms', async (failures, pauseMs) => {
    subscribe(['ONTASKADD']);
    if (failures > 0) stored = { wanted: 'x', count: 4, times: failures, failure: 'queue_full', atMs: 0 };
    refusals = { 'event.get': new Fault('portal_unreachable') };
    await reconcile();
    const times = failures + 1;
    settledWith({ wanted: 'ONTASKADD', count: failures > 0 ? 4 : 0, failure: 'portal_unreachable', times }, pauseMs);
    expect(warnings).toEqual([{ portal, code: 'portal_unreachable', times }]);
  });

  it('fail after a minute without an answer', async () => {
    subscribe(['ONTASKADD']);
    answer = (signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    due.push(taken);
    reconciler.start();
    await clock.advance(59_999);
    expect(settled).toEqual([]);
    await clock.advance(1);
    settledWith({ wanted: 'ONTASKADD', count: 0, failure: 'deadline_exceeded', times: 1 }, 60_000);
  });

  it('are due again when their hold ends if the replica stops meanwhile', async () => {
    subscribe(['ONTASKADD']);
    answer = (signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    due.push(taken);
    reconciler.start();
    await clock.advance(1000);
    reconciler.stop();
    await reconciler.settle();
    expect([settled, warnings]).toEqual([[], [{ portal, code: 'shutting_down' }]]);
  });

  it('are due again when their hold ends if the store is away', async () => {
    subscribe(['ONTASKADD']);
    refusals = { 'event.get': new Fault('store_unavailable') };
    await reconcile();
    expect([settled, warnings]).toEqual([[], [{ portal, code: 'store_unavailable' }]]);
  });

  it.each<[what: string, hasSubscription: boolean]>([
    ['and tomorrow', true],
    ['and not again without subscriptions', false],
  ])('of all portals are due at once, %s', async (_what, hasSubscription) => {
    if (hasSubscription) subscribe('all');
    const all: HeldBinding = { portal: '*', heldUntilMs: 1 };
    await reconcile(all);
    expect(added).toEqual([[portal], [other]]);
    expect(settled).toEqual([[all, undefined, hasSubscription ? clock.now() + day : undefined]]);
  });
});
