import { Callers, percentile } from './figures/callers.mjs';
import { readRightly, straight, throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { cpuMs } from './figures/usage.mjs';
import { onGround } from './ground/ground.mjs';
import { Nginx } from './ground/nginx.mjs';
import { seed, seedBare } from './ground/seed.mjs';
import { SideProcess } from './ground/side-process.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const seconds = parameter('BENCH_SECONDS', 8);
const callers = parameter('BENCH_CALLERS', 64);
const portalCount = parameter('BENCH_PORTALS', 500);
const group = 125;
const goal = { perSecond: 'at least 4500', cpu: 'at most 0.22', ratio: 'at most 2.4' };

/**
 * Reads a second through one replica over many portals without limits, beside the least that a gateway does in Node and
 * proxies that know nothing of Bitrix24, in front of the same vendor. The simulator would be the bottleneck, so a vendor without rules answers. The callers
 * are this process; what is straight or through nginx waits for them and for the vendor, so compare CPU, too.
 */
export function proxy() {
  return onGround({ startVendor: fixedVendor(1) }, async (ground) => {
    const portals = await seed(ground, portalCount);
    const [origin] = ground.vendor.about.origins;
    const [replica] = ground.replicas;
    const figures = [await measured('gateway', throughGateway(replica.url, ground.key), portals, replica.pid)];
    const bare = await throughBareGateway(ground, origin, portals);
    figures.push(bare);
    figures.push(await throughBareProxy(origin, portals));
    figures.push(await throughNginx(origin, portals));
    figures.push(await measured('none', straight(origin), portals));
    return figures.map((figure) => row(figure, figures[0], bare));
  });
}

async function throughBareGateway(ground, origin, portals) {
  await seedBare(ground, portals);
  const bare = await SideProcess.start('./bare-gateway.mjs', { redisUrl: ground.redis.url, origin });
  try {
    return await measured('bare gateway', throughGateway(bare.about.url, ground.key), portals, bare.pid);
  } finally {
    bare.stop();
  }
}

async function throughBareProxy(origin, portals) {
  const bare = await SideProcess.start('./bare-proxy.mjs', { origin });
  try {
    return await measured('bare undici proxy', straight(bare.about.url), portals, bare.pid);
  } finally {
    bare.stop();
  }
}

async function throughNginx(origin, portals) {
  if (!Nginx.installed) return { name: 'nginx (not on the PATH)' };
  const nginx = await Nginx.start(origin);
  try {
    return await measured('nginx, 1 worker', straight(nginx.url), portals, nginx.pid);
  } finally {
    await nginx.stop();
  }
}

async function measured(name, reader, portals, pid) {
  // A portal's queue is made, and its bucket begins to fill, at its first call.
  for (let from = 0; from < portals.length; from += callers) {
    await Promise.all(portals.slice(from, from + callers).map((portal) => readRightly(reader, portal, group)));
  }
  let next = 0;
  const all = new Callers(callers, () => readRightly(reader, portals[next++ % portals.length], group));
  await all.measured(2);
  const before = cpuMs(pid);
  const answered = await all.measured(seconds);
  const cpu = (cpuMs(pid) - before) / answered.right;
  all.end();
  await reader.close();
  return { name, ...answered, cpu };
}

function row({ name, perSecond, times = [], cpu }, gateway, bareGateway) {
  const goals = name === gateway.name ? goal : {};
  return {
    between: name,
    'requests/s': rounded(perSecond, 0),
    goal: goals.perSecond,
    'p50 ms': rounded(percentile(times, 0.5), 1),
    'p99 ms': rounded(percentile(times, 0.99), 1),
    'its CPU ms a request': rounded(cpu, 3),
    'CPU goal': goals.cpu,
    'its CPU to the bare gateway': rounded(cpu / bareGateway.cpu),
    'ratio goal': goals.ratio,
  };
}

await runAlone(import.meta.url, proxy);
