import { besideConsole } from './console.mjs';
import { cost } from './cost.mjs';
import { runBenchmark } from './figures/table.mjs';
import { idleLatency } from './idle-latency.mjs';
import { manyPortals } from './many-portals.mjs';
import { proxy } from './proxy.mjs';
import { throughput } from './throughput.mjs';
import { wire } from './wire.mjs';

for (const benchmark of [wire, idleLatency, throughput, proxy, manyPortals, besideConsole, cost])
  await runBenchmark(benchmark);
