import { Fault, portalId, type PortalId } from '@b24/portal';
import { HandClock } from '../../../../../test/support/hand-clock';
import { Live, type ConsoleWatcher } from './live';
import type { LiveMessage } from './live-channel';
import { type ConsoleQueueView, LiveFigures } from './live-figures';
import type { LiveSnapshot } from './live-snapshot';

const acme = portalId('a'.repeat(32));
const globex = portalId('b'.repeat(32));

const queues: ConsoleQueueView = {
  counts: function* () {
    yield* [];
  },
  countsOf: () => undefined,
  ledger: { viewOf: () => [] },
};

/** Replicas that receive each other's messages at once. */
class Fleet {
  readonly clock = new HandClock();
  private readonly hearers = new Map<string, (word: LiveMessage) => void>();

  replica(name: string) {
    const { clock, hearers } = this;
    const figures = new LiveFigures(clock);
    const channel = {
      replica: name,
      listen: (received: (word: LiveMessage) => void) => void hearers.set(name, received),
      say: (word: LiveMessage) => {
        for (const [other, received] of hearers)
          if (other !== name) received(JSON.parse(JSON.stringify(word)) as LiveMessage);
      },
      close: () => undefined,
    };
    const level = { left: 46, capacity: 46, drainPerSecond: 2 };
    const live = new Live({ figures, channel, queues, clock, look: () => Promise.resolve({ portal: {}, level }) });
    live.start();
    return {
      calls: (times: number, portal = acme) => {
        for (let i = 0; i < times; i++) figures.called(portal, 'm', 'ok');
      },
      fails: (code: 'backlog_not_found' | 'portal_error', portal = acme) => {
        figures.called(portal, 'm', code);
        figures.failed(portal, 'm', new Fault(code), { caller: 'planning', requestId: 'r' });
      },
      watch: (more: Partial<ConsoleWatcher> = {}) => {
        const shown: LiveSnapshot[] = [];
        const watcher: ConsoleWatcher = {
          seesAll: true,
          portals: [],
          closely: acme,
          mayStay: () => Promise.resolve(true),
          show: (snapshot) => shown.push(snapshot),
          end: () => undefined,
          ...more,
        };
        return { shown, leave: live.watch(watcher) };
      },
    };
  }
}

const callsOf = (portal: PortalId) => (snapshot: LiveSnapshot) => {
  const { ok, failed } = snapshot.portals[portal]?.calls ?? {};
  return ok === undefined ? undefined : [ok, failed];
};

it('a portal that is requested within an interval has no calls until it was counted for a whole one', () => {
  const figures = new LiveFigures(new HandClock());
  const wanted = new Set([acme]);
  figures.begin([globex]);
  figures.called(acme, 'm', 'ok');
  expect(figures.take(queues, wanted, new Set()).portals[acme]).not.toHaveProperty('calls');
  figures.called(acme, 'm', 'ok');
  expect(figures.take(queues, wanted, new Set()).portals[acme]?.calls).toMatchObject({ ok: 1, failed: 0 });
});

describe('the figures that the console shows', () => {
  let fleet: Fleet;
  let one: ReturnType<Fleet['replica']>;
  beforeEach(() => {
    fleet = new Fleet();
    one = fleet.replica('one');
  });
  const seconds = (n: number) => fleet.clock.advance(n * 1000);

  it('begin with the first second that was counted for their watcher', async () => {
    const { shown } = one.watch();
    await seconds(0.9);
    expect(shown).toEqual([]);
    one.calls(3);
    await seconds(0.1);
    expect(shown.map(callsOf(acme))).toEqual([[3, 0]]);
    expect(shown[0]).toMatchObject({ all: { calls: { ok: 3, failed: 0 } }, close: { problems: [] } });
  });

  it('count nothing while no console is open, neither for one portal nor for all', async () => {
    one.calls(1000);
    const first = one.watch();
    await seconds(1);
    first.leave();
    await seconds(30);
    one.calls(1000);
    const { shown } = one.watch();
    one.calls(2);
    await seconds(2);
    expect([...first.shown, ...shown].map(({ all }) => all?.calls?.ok)).toEqual([0, 2, 0]);
    expect([...first.shown, ...shown].map(callsOf(acme))).toEqual([
      [0, 0],
      [2, 0],
      [0, 0],
    ]);
  });

  it('need no timer while no console is open', async () => {
    const { leave } = one.watch();
    leave();
    await seconds(10);
    expect(fleet.clock.pending).toBe(0);
  });

  it.each([0, 0.3, 0.999, 2.5])(
    'of an earlier watcher’s second are not shown to one who comes %s s later',
    async (later) => {
      const first = one.watch();
      await seconds(1.5);
      one.fails('portal_error');
      first.leave();
      await seconds(later);
      const { shown } = one.watch();
      one.fails('backlog_not_found');
      await seconds(3);
      const known = shown.map(callsOf(acme)).filter((it) => it !== undefined);
      expect(known.length).toBeGreaterThan(0);
      // Its own call may fall into the second that began before it watched, which is not shown; the earlier call never
      // is.
      expect(known.flat().reduce<number>((sum, it) => sum + (it ?? 0), 0)).toBeLessThanOrEqual(1);
      expect(
        shown.map(({ all }) => all?.calls?.failed ?? 0).reduce<number>((sum, it) => sum + it, 0),
      ).toBeLessThanOrEqual(1);
      expect(shown.every(({ close }) => close?.problems?.length === 2)).toBe(true);
    },
  );

  it('of a portal that is added while another is watched are unknown for a whole second', async () => {
    one.watch({ closely: globex });
    await seconds(1.5);
    const { shown } = one.watch({ portals: [globex] });
    one.calls(1);
    await seconds(0.5);
    one.calls(4);
    await seconds(1);
    expect(shown.map(callsOf(acme))).toEqual([undefined, [4, 0]]);
    expect(shown.map(callsOf(globex))).toEqual([undefined, [0, 0]]);
  });

  it('are sums over the replicas, and unknown until each replica has reported its part', async () => {
    const two = fleet.replica('two');
    two.fails('portal_error');
    one.fails('portal_error');
    const { shown } = one.watch();
    two.calls(3);
    await seconds(1);
    one.calls(2);
    await seconds(1);
    expect(shown.map(({ replicas }) => replicas)).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
    expect(shown.map(callsOf(acme))).toEqual([undefined, [5, 0]]);
    expect(shown.map(({ close }) => close?.problems?.map(({ count }) => count))).toEqual([[2], [2]]);
  });

  it('do not include a portal’s problems until a reporting replica has reported them', async () => {
    const two = fleet.replica('two');
    two.fails('portal_error');
    one.watch({ closely: globex });
    await seconds(1.5);
    const { shown } = one.watch();
    await seconds(2);
    expect(shown.map(({ close }) => close?.problems?.length)).toEqual([undefined, 1]);
  });

  it('hold no sum over all portals for a watcher who may not see all', async () => {
    const { shown } = one.watch({ seesAll: false });
    one.calls(2, globex);
    await seconds(1);
    expect(shown).toHaveLength(1);
    expect(shown[0]).not.toHaveProperty('all');
  });

  it('of the present are not overwritten by those of an earlier second', async () => {
    const clock = new HandClock();
    const looks: ((it: undefined) => void)[] = [];
    const channel = { replica: 'x', listen: () => undefined, say: () => undefined, close: () => undefined };
    const look = () => new Promise<undefined>((resolve) => looks.push(resolve));
    const live = new Live({ figures: new LiveFigures(clock), channel, queues, clock, look });
    const times: number[] = [];
    live.watch({
      seesAll: true,
      portals: [],
      closely: acme,
      mayStay: () => Promise.resolve(true),
      show: ({ atMs }) => times.push(atMs),
      end: () => undefined,
    });
    await clock.advance(2000);
    for (const answer of looks.reverse()) answer(undefined);
    await clock.advance(0);
    expect(times).toEqual([clock.now()]);
  });
});
