import { activePortals } from './active-portals.mjs';
import { callLog } from './call-log.mjs';
import { besideConsole } from './console.mjs';
import { cost } from './cost.mjs';
import { runBenchmark } from './figures/table.mjs';
import { fullBatches } from './full-batches.mjs';
import { idleLatency } from './idle-latency.mjs';
import { memory } from './memory.mjs';
import { proxy } from './proxy.mjs';
import { refreshCut } from './refresh-cut.mjs';
import { start } from './start.mjs';
import { throughput } from './throughput.mjs';
import { wire } from './wire.mjs';

const benchmarks = [
  wire,
  idleLatency,
  proxy,
  fullBatches,
  throughput,
  activePortals,
  memory,
  besideConsole,
  callLog,
  cost,
  refreshCut,
  start,
];
for (const benchmark of benchmarks) await runBenchmark(benchmark);
