import { setTimeout as sleep } from 'node:timers/promises';
import { Callers, percentile } from './figures/callers.mjs';
import { readRightly, throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { Meter, residentMb } from './figures/usage.mjs';
import { onGround } from './ground/ground.mjs';
import { seed } from './ground/seed.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const installed = parameter('BENCH_PORTALS', 10_000);
const active = parameter('BENCH_ACTIVE', 500);
const seconds = parameter('BENCH_SECONDS', 15);
const idleSeconds = parameter('BENCH_IDLE_SECONDS', 30);
/** Each busy portal gets a call a second, the quiet one a call each 20 ms, to have enough of them. */
const busyPauseMs = 1000;
const quietPauseMs = 20;
const warmUpSeconds = 8;
const group = 125;

/** What thousands of portals cost one replica, and whether a quiet one feels the busy ones. */
export function manyPortals() {
  // A host of its own for each portal in use, as in the world: the gateway keeps connections for each.
  return onGround({ startVendor: fixedVendor(active + 1) }, async (ground) => {
    const [quiet, ...others] = (await seed(ground, installed)).slice(0, active + 1);
    const [{ url, pid }] = ground.replicas;
    const startMb = residentMb(pid);
    const reader = throughGateway(url, ground.key);
    const latency = await quietLatency((portal) => readRightly(reader, portal, group), quiet, others);
    const busyMb = residentMb(pid);
    await reader.close();
    const idle = await idleShare(ground);
    return [
      { figure: `resident memory, ${installed} portals installed`, value: `${rounded(startMb, 0)} MB` },
      {
        figure: `resident memory, ${active} of them active, ${rounded(latency.busyPerSecond, 0)} calls/s`,
        value: `${rounded(busyMb, 0)} MB`,
        goal: 'under 400 MB',
      },
      { figure: 'CPU of the gateway, idle after that', value: `${rounded(idle.gateway)} %`, goal: 'under 3 %' },
      { figure: 'CPU of Redis, idle after that', value: `${rounded(idle.redis)} %` },
      ...[0.5, 0.99].map((share) => quietRow(share, latency)),
    ];
  });
}

async function quietLatency(read, quiet, others) {
  const busy = () => new Callers(others.length, (caller) => read(others[caller]), { pauseMs: busyPauseMs });
  const warmingUp = busy();
  await warmingUp.measured(warmUpSeconds);
  warmingUp.end();
  const quietCaller = new Callers(1, () => read(quiet), { pauseMs: quietPauseMs });
  await quietCaller.measured(2);
  const alone = await quietCaller.measured(seconds);
  const busyCallers = busy();
  await busyCallers.measured(2);
  const [crowded, { perSecond }] = await Promise.all([quietCaller, busyCallers].map((it) => it.measured(seconds)));
  [quietCaller, busyCallers].forEach((it) => it.end());
  await sleep(2 * busyPauseMs);
  return { alone: alone.times, crowded: crowded.times, busyPerSecond: perSecond };
}

async function idleShare(ground) {
  const meter = await Meter.on(ground);
  await sleep(idleSeconds * 1000);
  const { gatewayMs, redisMs } = await meter.used();
  const percent = (ms) => ms / idleSeconds / 10;
  return { gateway: percent(gatewayMs), redis: percent(redisMs) };
}

function quietRow(share, { alone, crowded }) {
  const [before, after] = [alone, crowded].map((times) => percentile(times, share));
  return {
    figure: `a quiet portal's p${share * 100}: alone, among ${active} others, ratio`,
    value: `${rounded(before)} ms, ${rounded(after)} ms, ${rounded(after / before)}`,
    goal: 'unchanged',
  };
}

await runAlone(import.meta.url, manyPortals);
