import { Callers } from './figures/callers.mjs';
import { readRightly, throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { Meter } from './figures/usage.mjs';
import { commonPlan, onGround } from './ground/ground.mjs';
import { simulator } from './ground/vendors.mjs';

const seconds = parameter('BENCH_SECONDS', 15);
const callers = parameter('BENCH_CALLERS', 50);
const shownCommands = 5;
const groups = Array.from({ length: callers }, (_, caller) => 1000 + caller);
const backlogs = groups.map((groupId, i) => ({ id: i + 1, groupId, createdBy: 6, modifiedBy: 1 }));
const unlimited = { burst: 1_000_000, drainPerSecond: 100_000 };

/** What a call costs in Redis commands and in CPU: alone on an idle portal, and in the lane of a busy one. */
export async function cost() {
  const idle = await costOf({ limits: unlimited, count: 1 });
  const busy = await costOf({ limits: {}, settings: commonPlan, count: callers });
  return [row('idle, one call at a time', idle), row(`common plan, ${callers} callers`, busy)];
}

function costOf({ limits, settings, count }) {
  const startVendor = simulator([{ ...limits, groups, backlogs }]);
  return onGround({ startVendor, settings }, async (ground) => {
    const [portal] = ground.vendor.about.portals;
    await ground.install([portal], 1);
    const reader = throughGateway(ground.replicas[0].url, ground.key);
    const all = new Callers(count, (caller) => readRightly(reader, portal, groups[caller]));
    await all.measured(3);
    const meter = await Meter.on(ground);
    const { right } = await all.measured(seconds);
    const used = await meter.used();
    all.end();
    await reader.close();
    return { calls: right, ...used };
  });
}

function row(portal, { calls, gatewayMs, redisMs, commands }) {
  const each = Object.entries(commands).sort(([, a], [, b]) => b - a);
  const all = each.reduce((sum, [, count]) => sum + count, 0);
  const most = each.slice(0, shownCommands).map(([name, count]) => `${name} ${rounded(count / calls, 1)}`);
  return {
    portal,
    calls,
    'gateway CPU ms a call': rounded(gatewayMs / calls),
    'Redis CPU ms a call': rounded(redisMs / calls, 3),
    'Redis commands a call, those inside scripts too': rounded(all / calls, 1),
    'scripts a call': rounded(commands.evalsha / calls, 1),
    'most of the commands': most.join(', '),
  };
}

await runAlone(import.meta.url, cost);
