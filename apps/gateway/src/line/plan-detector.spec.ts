import type { PortalRecord, Tariff } from '@b24/grants';
import { type Command, Fault, type PortalId, portalId, type Result } from '@b24/portal';
import { HandClock, settle } from '../../../../test/support/hand-clock';
import { PlanDetector } from './plan-detector';

const hour = 3_600_000;
const week = 7 * 24 * hour;
const numbered = (n: number) => portalId(n.toString(16).padStart(32, '0'));
const enterprise = { LICENSE: 'de_ent250', LICENSE_FAMILY: 'ent' };

function recordOf(portal: PortalId, more: Partial<PortalRecord> = {}): PortalRecord {
  const place = { domain: 'p.example', endpoint: 'https://p.example/rest/', oauthServer: 'https://oauth.example' };
  return { portal, kind: 'app', ...place, scope: [], installedAtMs: 0, suspended: false, version: 1, ...more };
}

class PlanDetectorWorld {
  readonly clock = new HandClock();
  readonly asked: { portal: PortalId; command: Command; signal: AbortSignal }[] = [];
  readonly learned: { portal: PortalId; tariff: Tariff }[] = [];
  answer: () => Promise<unknown> = () => Promise.resolve(enterprise);
  away = false;
  readonly detector = new PlanDetector({
    clock: this.clock,
    ask: async (portal, command, signal): Promise<Result> => {
      this.asked.push({ portal, command, signal });
      return { ok: true, value: await this.answer(), timing: { queueMs: 0, upstreamMs: 0 } };
    },
    store: {
      saveTariff: (portal, tariff) => {
        if (this.away) return Promise.reject(new Fault('store_unavailable'));
        this.learned.push({ portal, tariff });
        return Promise.resolve();
      },
    },
  });

  async look(record: PortalRecord): Promise<void> {
    this.detector.refreshIfStale(record);
    await settle();
  }
}

describe('the plan detector', () => {
  const portal = numbered(1);
  const unknown = recordOf(portal);
  const never = () => new Promise<never>(() => undefined);
  let world: PlanDetectorWorld;

  beforeEach(() => {
    world = new PlanDetectorWorld();
  });

  it('asks a portal of which no tariff is known for its app.info, and saves what it says', async () => {
    await world.look(unknown);
    expect(world.asked).toMatchObject([{ portal, command: { method: 'app.info', params: {}, effect: 'read' } }]);
    const tariff = { licence: 'de_ent250', family: 'ent', requestedAtMs: world.clock.now() };
    expect(world.learned).toEqual([{ portal, tariff }]);
    expect(world.clock.pending).toBe(0);
  });

  it('returns before anything is asked', async () => {
    world.detector.refreshIfStale(unknown);
    expect(world.asked).toEqual([]);
    await settle();
    expect(world.asked).toHaveLength(1);
  });

  it('asks again when the tariff is a week old, and not before', async () => {
    const known = recordOf(portal, { tariff: { licence: 'de_basic', requestedAtMs: world.clock.now() } });
    await world.clock.advance(week - 1);
    await world.look(known);
    expect(world.asked).toHaveLength(0);
    await world.clock.advance(1);
    await world.look(known);
    expect(world.asked).toHaveLength(1);
  });

  it.each([
    ['came by webhook', { kind: 'webhook' as const }],
    ['is suspended', { suspended: true }],
  ])('asks nothing of a portal that %s', async (_what, more) => {
    await world.look(recordOf(portal, more));
    expect(world.asked).toEqual([]);
  });

  it('has one question to a portal under way, whoever looks', async () => {
    world.answer = never;
    for (let i = 0; i < 100; i++) await world.look(unknown);
    expect(world.asked).toHaveLength(1);
  });

  it('does not ask again for records that were read before the answer was saved', async () => {
    await world.look(unknown);
    await world.clock.advance(1000);
    await world.look(unknown);
    expect(world.asked).toHaveLength(1);
  });

  it('asks a portal that was forgotten and installed again', async () => {
    await world.look(unknown);
    await world.clock.advance(60_000);
    await world.look(unknown);
    expect(world.asked).toHaveLength(2);
  });

  it.each([
    ['is refused', () => Promise.reject(new Fault('access_denied'))],
    ['has no answer to read', () => Promise.resolve('<html>')],
    ['has a list for an answer', () => Promise.resolve([])],
    ['has no answer', () => Promise.resolve(null)],
    ['ends in a bug', () => Promise.reject(new TypeError('a bug'))],
  ])('rests for an hour after a question that %s, and saves nothing', async (_what, answer) => {
    world.answer = answer;
    await world.look(unknown);
    await world.clock.advance(hour - 1);
    await world.look(unknown);
    expect([world.asked.length, world.learned]).toEqual([1, []]);
    await world.clock.advance(1);
    world.answer = () => Promise.resolve(enterprise);
    await world.look(unknown);
    expect([world.asked.length, world.learned.length]).toEqual([2, 1]);
  });

  it('rests for an hour when the answer could not be saved', async () => {
    world.away = true;
    await world.look(unknown);
    await world.clock.advance(hour - 1);
    await world.look(unknown);
    expect(world.asked).toHaveLength(1);
  });

  it('is harmless when whoever asks for it throws at once', async () => {
    const { clock } = world;
    const ask = () => {
      throw new Error('a bug');
    };
    const detector = new PlanDetector({ clock, ask, store: { saveTariff: () => Promise.resolve() } });
    detector.refreshIfStale(unknown);
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('gives up after 30 seconds, says so by the signal, and takes no answer after that', async () => {
    let report: (value: unknown) => void = () => undefined;
    world.answer = () => new Promise((resolve) => (report = resolve));
    await world.look(unknown);
    await world.clock.advance(29_999);
    expect(world.asked[0]?.signal.aborted).toBe(false);
    await world.clock.advance(1);
    expect(world.asked[0]?.signal.reason).toMatchObject({ code: 'deadline_exceeded' });
    report(enterprise);
    await settle();
    expect(world.learned).toEqual([]);
    await world.clock.advance(hour - 1);
    await world.look(unknown);
    expect(world.asked).toHaveLength(1);
  });

  it.each([
    [
      { LICENSE: ' de_pro100 ', LICENSE_FAMILY: 'pro' },
      { licence: 'de_pro100', family: 'pro' },
    ],
    [{ LICENSE: 'de_basic' }, { licence: 'de_basic' }],
    [{ LICENSE: 'de_basic', LICENSE_FAMILY: null }, { licence: 'de_basic' }],
    [{ LICENSE_FAMILY: 'ent' }, { licence: '', family: 'ent' }],
    [{ LICENSE: 250, LICENSE_FAMILY: ['ent'] }, { licence: '' }],
    [{ LICENSE: 'x'.repeat(65) }, { licence: '' }],
    [{ ID: 5 }, { licence: '' }],
  ])('reads %j carefully', async (reported, tariff) => {
    world.answer = () => Promise.resolve(reported);
    await world.look(unknown);
    expect(world.learned).toEqual([{ portal, tariff: { ...tariff, requestedAtMs: world.clock.now() } }]);
  });

  it('asks few portals at once, and the others when they are looked at again', async () => {
    world.answer = never;
    for (let n = 1; n <= 100; n++) await world.look(recordOf(numbered(n)));
    expect(world.asked).toHaveLength(16);
    await world.clock.advance(30_000);
    for (let n = 1; n <= 100; n++) await world.look(recordOf(numbered(n)));
    expect(new Set(world.asked.map((it) => it.portal)).size).toBe(32);
  });

  const failed = async (count: number) => {
    world.answer = () => Promise.reject(new Fault('access_denied'));
    for (let n = 1; n <= count; n++) {
      world.detector.refreshIfStale(recordOf(numbered(n)));
      if (n % 16 === 0) await settle();
    }
    await settle();
  };

  it('remembers the latest failure of a portal, not its first, when there are too many to remember', async () => {
    await failed(10_000);
    await world.clock.advance(hour);
    await world.look(recordOf(numbered(1)));
    await world.look(recordOf(numbered(10_001)));
    await world.look(recordOf(numbered(1)));
    expect(world.asked).toHaveLength(10_002);
  });

  it('forgets the oldest failures when there are too many to remember', async () => {
    await failed(10_001);
    expect(world.asked).toHaveLength(10_001);
    await world.look(recordOf(numbered(2)));
    expect(world.asked).toHaveLength(10_001);
    await world.look(recordOf(numbered(1)));
    expect(world.asked).toHaveLength(10_002);
  });

  it('gives up at the end of the replica, and asks nothing more', async () => {
    world.answer = never;
    await world.look(unknown);
    world.detector.stop();
    await settle();
    expect([world.asked[0]?.signal.aborted, world.clock.pending]).toEqual([true, 0]);
    await world.look(recordOf(numbered(2)));
    expect(world.asked).toHaveLength(1);
  });
});
