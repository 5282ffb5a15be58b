import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../scripts/launch/ports.mjs';
import { percentile } from './figures/callers.mjs';
import { throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { onGround } from './ground/ground.mjs';
import { simulator } from './ground/vendors.mjs';

const cuts = parameter('BENCH_CUTS', 4);
/** How long the replica has held the lease when it is killed; differs, so that no single moment decides. */
const heldMs = (cut) => 150 + 700 * cut;
const group = 125;
const backlogs = [{ id: 1, groupId: group, createdBy: 6, modifiedBy: 1 }];
const portal = { burst: 1_000_000, drainPerSecond: 100_000, rotation: 'grace', backlogs };

/** How long a portal waits whose refresh was cut by the death (kill -9) of its replica, until another has refreshed it. */
export function refreshCut() {
  const options = { startVendor: simulator(Array(cuts).fill(portal)), replicas: cuts + 1 };
  return onGround(options, async (ground) => {
    await ground.install(ground.vendor.about.portals, 1);
    const times = [];
    // The first replica serves the administration.
    for (let cut = 0; cut < cuts; cut++)
      times.push(await afterCut(ground, ground.vendor.about.portals[cut], ground.replicas[cut + 1], heldMs(cut)));
    return [
      {
        figure: 'from kill -9 to a refreshed portal, longest s',
        value: rounded(Math.max(...times) / 1000),
        goal: 'at most 4',
      },
      { figure: 'the same, p50 s', value: rounded(percentile(times, 0.5) / 1000) },
      { figure: 'refreshes cut', value: cuts },
    ];
  });
}

async function afterCut({ vendor, replicas: [survivor], key }, { memberId }, doomed, heldForMs) {
  const requested = async () => (await vendor.ask('refreshes', memberId)).requested;
  const before = await requested();
  await vendor.ask('loseRefresh', memberId);
  const lost = throughGateway(doomed.url, key);
  lost.read({ memberId }, group).catch(() => undefined);
  if (!(await until(async () => (await requested()) > before, { tries: 300, everyMs: 20 })))
    throw new Error('No refresh was requested.');
  await sleep(heldForMs);
  doomed.child.process.kill('SIGKILL');
  const killedAt = performance.now();
  const reader = throughGateway(survivor.url, key);
  // The caller's deadline may end before the lease does.
  while ((await reader.read({ memberId }, group)).status !== 200) await sleep(20);
  const tookMs = performance.now() - killedAt;
  await Promise.all([lost, reader].map((it) => it.close()));
  return tookMs;
}

await runAlone(import.meta.url, refreshCut);
