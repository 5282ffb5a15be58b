import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { Child } from '../../scripts/launch/children.mjs';
import { DataDir, newEncryptionKeys, randomText } from '../../scripts/launch/data-dir.mjs';
import { EmbeddedRedis } from '../../scripts/launch/embedded-redis.mjs';
import { until } from '../../scripts/launch/ports.mjs';

const program = 'dist/apps/gateway/apps/gateway/src/main.js';
const warmUp = 1000;
const calls = Number(process.env.BENCH_CALLS ?? 4000);
const method = 'tasks.api.scrum.backlog.get';

/** What the gateway adds to a call on an idle portal: the same read, the same client, in turn, one at a time. */
export async function idleLatency() {
  const data = new DataDir(mkdtempSync(join(tmpdir(), 'b24-bench-')));
  const redis = await EmbeddedRedis.start(data);
  const vendor = fork(new URL('./simulator.mjs', import.meta.url));
  const [portal] = await once(vendor, 'message');
  const { gateway, url, key } = await startGateway(data, redis, portal);
  try {
    await install(vendor, url, key, portal);
    return await measure(portal, url, key);
  } finally {
    await gateway.stop(10_000);
    vendor.kill();
    await redis.stop();
    rmSync(data.path, { recursive: true, force: true });
  }
}

async function startGateway(data, redis, portal) {
  const key = randomText();
  let url;
  const gateway = new Child('gateway', process.execPath, ['--disable-warning=ExperimentalWarning', program], {
    pidFile: data.at('gateway.pid'),
    onLine: (line) => (url ??= JSON.parse(line).url),
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      PORT: '0',
      REDIS_URL: redis.url,
      ADMIN_KEY: key,
      ENCRYPTION_KEYS: newEncryptionKeys(),
      B24_CLIENT_ID: portal.clientId,
      B24_CLIENT_SECRET: portal.clientSecret,
      B24_OAUTH_SERVER: portal.oauthServer,
      B24_ALLOW_HTTP: 'true',
      B24_PORTAL_HOSTS: '127.0.0.0/8',
      B24_BURST: '10000',
      B24_DRAIN_PER_SECOND: '1000',
    },
  });
  await until(() => url !== undefined || !gateway.running);
  if (!url) throw new Error(gateway.errors);
  return { gateway, url, key };
}

async function install(vendor, url, key, { memberId }) {
  vendor.send({ installAt: url });
  const headers = { Authorization: `Bearer ${key}` };
  // The bucket of a new portal starts empty; with this drain it is full after a few seconds.
  await until(async () => (await (await fetch(`${url}/v1/portals/${memberId}`, { headers })).json()).lane?.left > 7900);
}

async function measure(portal, url, key) {
  const direct = new Pool(new URL(portal.endpoint).origin);
  const through = new Pool(url);
  const body = JSON.stringify({ id: 125, auth: portal.accessToken });
  const ways = {
    direct: () =>
      direct.request({
        method: 'POST',
        path: `/rest/${method}`,
        headers: { 'content-type': 'application/json' },
        body,
      }),
    through: () =>
      through.request({
        method: 'GET',
        path: `/v1/portals/${portal.memberId}/groups/125/backlog`,
        headers: { authorization: `Bearer ${key}` },
      }),
  };
  const times = { direct: [], through: [] };
  for (let i = 0; i < warmUp + calls; i++) {
    for (const way of i % 2 ? ['direct', 'through'] : ['through', 'direct']) {
      const startedAt = performance.now();
      const { statusCode, body: answer } = await ways[way]();
      await answer.text();
      if (statusCode !== 200) throw new Error(`${way} answered ${statusCode}`);
      if (i >= warmUp) times[way].push(performance.now() - startedAt);
    }
  }
  await Promise.all([direct.close(), through.close()]);
  const at = (list, share) => list.toSorted((a, b) => a - b)[Math.floor(list.length * share)];
  return ['p50', 'p90', 'p99'].map((name) => {
    const share = Number(name.slice(1)) / 100;
    const [d, t] = [at(times.direct, share), at(times.through, share)];
    return {
      figure: name,
      'direct ms': d.toFixed(2),
      'through the gateway ms': t.toFixed(2),
      'added ms': (t - d).toFixed(2),
      ratio: (t / d).toFixed(2),
    };
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  console.log(`Idle portal, ${calls} calls each way in turn, Node ${process.version}, ${cpus().length} cores`);
  console.table(await idleLatency());
}
