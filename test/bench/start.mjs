import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Child } from '../../scripts/launch/children.mjs';
import { DataDir, newEncryptionKeys, randomText } from '../../scripts/launch/data-dir.mjs';
import { EmbeddedRedis } from '../../scripts/launch/embedded-redis.mjs';
import { until } from '../../scripts/launch/ports.mjs';
import { percentile } from './figures/callers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { cpuMs, residentMb } from './figures/usage.mjs';

const starts = parameter('BENCH_STARTS', 7);
/** The resident memory is read this long after a program is ready, without a call. */
const idleMs = 2000;
const goals = { 'wall ms': 600, 'CPU ms': '', 'resident MB': 100 };

const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url));

const programs = [
  { name: 'gateway', args: [fileOf('../../dist/programs/gateway.js')] },
  { name: 'empty Fastify program', args: [fileOf('ground/empty-server.mjs')] },
];

/** What a start costs with Redis up: until a program listens, and its memory while it is idle. The programs take turns. */
export async function start() {
  const data = new DataDir(mkdtempSync(join(tmpdir(), 'b24-bench-')));
  const redis = await EmbeddedRedis.start(data);
  try {
    const env = environment(redis.url);
    const figures = programs.map(() => []);
    for (let i = 0; i < starts; i++)
      for (const [p, { args }] of programs.entries()) figures[p].push(await startOnce(args, env, data));
    return programs.map(({ name }, p) => row(name, figures[p]));
  } finally {
    await redis.stop();
    rmSync(data.path, { recursive: true, force: true });
  }
}

async function startOnce(args, env, data) {
  const startedAt = performance.now();
  let ready;
  const child = new Child('A program', process.execPath, args, {
    env,
    pidFile: data.at('program.pid'),
    onLine: (line) => {
      if (JSON.parse(line).msg === 'listening')
        ready ??= { 'wall ms': performance.now() - startedAt, 'CPU ms': cpuMs(child.process.pid) };
    },
  });
  await until(() => ready !== undefined || !child.running);
  if (!ready) throw new Error(`A program did not start. ${child.errors}`);
  await sleep(idleMs);
  const figures = { ...ready, 'resident MB': residentMb(child.process.pid) };
  await child.stop(10_000);
  return figures;
}

function row(program, figures) {
  const columns = Object.entries(goals).map(([name, goal]) => {
    const median = percentile(
      figures.map((it) => it[name]),
      0.5,
    );
    return [goal ? `${name} (goal ${goal})` : name, rounded(median, 0)];
  });
  return { program, starts: figures.length, ...Object.fromEntries(columns) };
}

function environment(redisUrl) {
  return {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PORT: '0',
    REDIS_URL: redisUrl,
    ADMIN_KEY: randomText(),
    ENCRYPTION_KEYS: newEncryptionKeys(),
  };
}

await runAlone(import.meta.url, start);
