import { spawnSync } from 'node:child_process';

/** Small enough for a few seconds; the figures mean nothing. */
const small = {
  BENCH_SECONDS: '1',
  BENCH_IDLE_SECONDS: '1',
  BENCH_CALLS: '50',
  BENCH_CALLERS: '4',
  BENCH_PORTALS: '4',
  BENCH_ACTIVE: '4',
  BENCH_CUTS: '1',
  BENCH_STARTS: '1',
  BENCH_LOGGED: '2000',
  BENCH_ROUNDS: '1',
};

it.each([
  'wire',
  'idle-latency',
  'proxy',
  'full-batches',
  'active-portals',
  'memory',
  'refresh-cut',
  'start',
  'call-log',
])(
  'the benchmark %s runs against this build',
  (name) => {
    const env = { ...process.env, ...small };
    const { status, stderr } = spawnSync(process.execPath, [`test/bench/${name}.mjs`], { env, encoding: 'utf8' });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  },
  60_000,
);
