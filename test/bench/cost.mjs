import { Callers } from './figures/callers.mjs';
import { PacedCalls } from './figures/paced-calls.mjs';
import { readRightly, throughGateway } from './figures/readers.mjs';
import { redisWork } from './figures/redis-work.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { Meter } from './figures/usage.mjs';
import { onGround } from './ground/ground.mjs';
import { seed } from './ground/seed.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const seconds = parameter('BENCH_SECONDS', 8);
/** Enough for 40 commands a batch; one key may have 2,000 requests under way. */
const callers = parameter('BENCH_CALLERS', 1600);
const portalCount = parameter('BENCH_PORTALS', 40);
/** Portals called in turn, so seldom that a replica has given back the permits it had for one. */
const seldomCalled = 1000;
const seldomEverySeconds = 10;
const monitoredSeconds = 2;
const shownCommands = 5;
const narrow = { B24_BURST: '50', B24_DRAIN_PER_SECOND: '5', CALL_TIMEOUT_MS: '120000' };
const goals = {
  atHand: { roundTrips: 0, commands: 0 },
  without: { roundTrips: 'at most 1', commands: 'at most 8' },
  batches: { roundTrips: '', commands: '' },
};

/** What a call costs in CPU and in Redis: with a permit in hand, without one, and in a full batch. */
export async function cost() {
  return [
    row('one idle portal, one call at a time', goals.atHand, await costOf({ portals: 1, load: oneByOne })),
    row(
      `a portal called every ${seldomEverySeconds} s`,
      goals.without,
      await costOf({ portals: seldomCalled, load: seldom }),
    ),
    row(
      `full batches, ${portalCount} portals, ${callers} callers`,
      goals.batches,
      await costOf({ portals: portalCount, load: crowd, settings: narrow }),
    ),
  ];
}

const oneByOne = (read) => new CallersLoad(new Callers(1, () => read(0)));
const crowd = (read) => new CallersLoad(new Callers(callers, (caller) => read(caller % portalCount, 1000 + caller)));
const seldom = (read) =>
  new PacedLoad(new PacedCalls(seldomCalled, seldomEverySeconds * 1000, (portal) => read(portal)));

class CallersLoad {
  constructor(all) {
    this.all = all;
  }

  warmUp() {
    return this.all.measured(4);
  }

  async during(forSeconds) {
    return (await this.all.measured(forSeconds)).right;
  }

  end() {
    this.all.end();
  }
}

class PacedLoad {
  constructor(paced) {
    this.paced = paced;
  }

  warmUp() {
    return this.paced.run(1);
  }

  async during(forSeconds) {
    const before = this.paced.right;
    await this.paced.run(forSeconds / seldomEverySeconds);
    return this.paced.right - before;
  }

  end() {
    // It ends with its last round.
  }
}

function costOf({ portals: count, load: startLoad, settings }) {
  return onGround({ startVendor: fixedVendor(count), ...(settings && { settings }) }, async (ground) => {
    const portals = await seed(ground, count);
    const reader = throughGateway(ground.replicas[0].url, ground.key);
    const load = startLoad((portal, group = 125) => readRightly(reader, portals[portal], group));
    await load.warmUp();
    const meter = await Meter.on(ground);
    const calls = await load.during(seconds);
    const used = await meter.used();
    const [monitored, work] = await Promise.all([
      load.during(monitoredSeconds),
      redisWork(ground.redis.url, monitoredSeconds),
    ]);
    load.end();
    await reader.close();
    return { calls, ...used, monitored, work };
  });
}

function row(portal, goal, { calls, gatewayMs, redisMs, monitored, work }) {
  const { sent, inScripts, reads, names } = work;
  const frequent = [...names].sort(([, a], [, b]) => b - a).slice(0, shownCommands);
  return {
    portal,
    calls,
    'gateway CPU ms a call': rounded(gatewayMs / calls, 3),
    'Redis CPU ms a call': rounded(redisMs / calls, 3),
    'round trips a call': rounded(reads / monitored, 2),
    'goal, round trips': goal.roundTrips,
    'commands a call': rounded((sent + inScripts) / monitored, 1),
    'goal, commands': goal.commands,
    'of these sent': rounded(sent / monitored, 2),
    'most frequent': frequent.map(([name, count]) => `${name} ${rounded(count / monitored, 1)}`).join(', '),
  };
}

await runAlone(import.meta.url, cost);
