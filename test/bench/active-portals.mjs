import { Callers, percentile } from './figures/callers.mjs';
import { PacedCalls } from './figures/paced-calls.mjs';
import { readRightly, throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { cpuMs } from './figures/usage.mjs';
import { onGround } from './ground/ground.mjs';
import { seed } from './ground/seed.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const active = parameter('BENCH_ACTIVE', 2000);
const seconds = parameter('BENCH_SECONDS', 15);
const warmUpSeconds = 5;
const idlePauseMs = 20;
const group = 125;
/** An open loop would open a connection for each call that a slow gateway has not answered. */
const connections = 256;

/** Whether an idle portal notices thousands of active ones, and what those cost: one call a second each. */
export function activePortals() {
  // Each portal has a host of its own, as in production: the gateway keeps connections per host.
  return onGround({ startVendor: fixedVendor(active + 1) }, async (ground) => {
    const [idle, ...others] = await seed(ground, active + 1);
    const [{ url, pid }] = ground.replicas;
    const reader = throughGateway(url, ground.key, { connections });
    const idleCaller = new Callers(1, () => readRightly(reader, idle, group), { pauseMs: idlePauseMs });
    await idleCaller.measured(2);
    const alone = await idleCaller.measured(seconds);
    const paced = new PacedCalls(active, 1000, (portal) => readRightly(reader, others[portal], group));
    await paced.run(warmUpSeconds);
    const before = { cpuMs: cpuMs(pid), right: paced.right, skipped: paced.skipped };
    const [among, ranSeconds] = await Promise.all([idleCaller.measured(seconds), paced.run(seconds)]);
    const usedMs = cpuMs(pid) - before.cpuMs;
    idleCaller.end();
    await reader.close();
    return [
      ...[0.5, 0.99].map((share) => idleRow(share, alone.times, among.times)),
      {
        figure: `calls/s to ${active} portals`,
        value: rounded((paced.right - before.right) / ranSeconds, 0),
        goal: active,
      },
      { figure: 'calls skipped, because the one before had no answer', value: paced.skipped - before.skipped, goal: 0 },
      { figure: 'CPU of the gateway, % of a core', value: rounded(usedMs / ranSeconds / 10, 1), goal: 'under 60' },
    ];
  });
}

function idleRow(share, alone, among) {
  return {
    figure: `a call to an idle portal, p${share * 100} ms`,
    value: rounded(percentile(among, share)),
    alone: rounded(percentile(alone, share)),
    goal: share === 0.99 ? 'under 20' : '',
  };
}

await runAlone(import.meta.url, activePortals);
