import { besideConsole } from './console.mjs';
import { cost } from './cost.mjs';
import { runBenchmark } from './figures/table.mjs';
import { idleLatency } from './idle-latency.mjs';
import { manyPortals } from './many-portals.mjs';
import { proxy } from './proxy.mjs';
import { start } from './start.mjs';
import { throughput } from './throughput.mjs';

for (const benchmark of [idleLatency, throughput, proxy, manyPortals, besideConsole, cost, start])
  await runBenchmark(benchmark);
