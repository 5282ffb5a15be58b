import { setTimeout as sleep } from 'node:timers/promises';
import { PacedCalls } from './figures/paced-calls.mjs';
import { readRightly, throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { Meter, residentMb } from './figures/usage.mjs';
import { onGround } from './ground/ground.mjs';
import { seed } from './ground/seed.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const installed = parameter('BENCH_PORTALS', 10_000);
const withinSeconds = parameter('BENCH_SECONDS', 60);
const idleSeconds = parameter('BENCH_IDLE_SECONDS', 30);
const group = 125;
/** An open loop would open a connection for each call that a slow gateway has not answered. */
const connections = 256;

/** What thousands of portals that are all in use cost one replica in memory, and in CPU once nobody calls. */
export function memory() {
  return onGround({ startVendor: fixedVendor(installed) }, async (ground) => {
    const portals = await seed(ground, installed);
    const [{ pid, url }] = ground.replicas;
    const startMb = residentMb(pid);
    const reader = throughGateway(url, ground.key, { connections });
    const each = new PacedCalls(installed, withinSeconds * 1000, (portal) =>
      readRightly(reader, portals[portal], group),
    );
    await each.run(1);
    const activeMb = residentMb(pid);
    while (each.right < each.calls && !each.failure) await sleep(100);
    await reader.close();
    const idle = await idleShare(ground);
    return [
      { figure: `resident memory, ${installed} portals installed`, value: `${rounded(startMb, 0)} MB` },
      {
        figure: `resident memory, each called within ${withinSeconds} s`,
        value: `${rounded(activeMb, 0)} MB`,
        goal: 'under 1000 MB',
      },
      { figure: 'wrong or missing answers', value: installed - each.right, goal: 0 },
      { figure: 'CPU of the gateway, idle after that', value: `${rounded(idle.gateway)} %`, goal: 'under 1 %' },
      { figure: 'CPU of Redis, idle after that', value: `${rounded(idle.redis)} %` },
    ];
  });
}

async function idleShare(ground) {
  const meter = await Meter.on(ground);
  await sleep(idleSeconds * 1000);
  const { gatewayMs, redisMs } = await meter.used();
  const percent = (ms) => ms / idleSeconds / 10;
  return { gateway: percent(gatewayMs), redis: percent(redisMs) };
}

await runAlone(import.meta.url, memory);
