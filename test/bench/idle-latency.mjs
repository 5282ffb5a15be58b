import { percentile } from './figures/callers.mjs';
import { readRightly, straight, throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { onGround } from './ground/ground.mjs';
import { simulator } from './ground/vendors.mjs';

const calls = parameter('BENCH_CALLS', 4000);
const warmUp = calls / 4;
const goals = { p50: 'at most 0.6 ms added', p99: 'at most 2.5 ms added' };
const group = 125;
const backlogs = [{ id: 1, groupId: group, createdBy: 6, modifiedBy: 1 }];
const unlimited = { burst: 1_000_000, drainPerSecond: 100_000 };

/** What the gateway adds to a call on an idle portal: the same read, the same client, in turn, one at a time. */
export function idleLatency() {
  return onGround({ startVendor: simulator([{ ...unlimited, backlogs }]) }, async (ground) => {
    const [portal] = ground.vendor.about.portals;
    await ground.install([portal], 1000);
    const ways = { direct: straight(portal.origin), through: throughGateway(ground.replicas[0].url, ground.key) };
    const times = await timed(ways, portal);
    await Promise.all([ways.direct.close(), ways.through.close()]);
    return ['p50', 'p90', 'p99'].map((name) => row(name, times));
  });
}

async function timed(ways, portal) {
  const times = { direct: [], through: [] };
  for (let i = 0; i < warmUp + calls; i++) {
    for (const way of i % 2 ? ['direct', 'through'] : ['through', 'direct']) {
      const startedAt = performance.now();
      await readRightly(ways[way], portal, group);
      if (i >= warmUp) times[way].push(performance.now() - startedAt);
    }
  }
  return times;
}

function row(name, times) {
  const share = Number(name.slice(1)) / 100;
  const direct = percentile(times.direct, share);
  const through = percentile(times.through, share);
  return {
    figure: name,
    'direct ms': rounded(direct),
    'through the gateway ms': rounded(through),
    'added ms': rounded(through - direct),
    goal: goals[name],
    ratio: rounded(through / direct),
  };
}

await runAlone(import.meta.url, idleLatency);
