import { Callers, percentile } from './figures/callers.mjs';
import { throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { Meter } from './figures/usage.mjs';
import { onGround } from './ground/ground.mjs';
import { seed } from './ground/seed.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const seconds = parameter('BENCH_SECONDS', 10);
const callers = parameter('BENCH_CALLERS', 800);
const portalCount = parameter('BENCH_PORTALS', 40);
/** Reads that each caller has under way, so that 60 wait at each portal and every batch can be full. */
const readsAtOnce = parameter('BENCH_READS_AT_ONCE', 3);
/** One key may have 2,000 requests under way. */
const keyCount = 4;
const drainPerSecond = 5;
const vendorLimit = portalCount * drainPerSecond * 50;
const bucket = { burst: 50, drainPerSecond };
const settings = {
  B24_BURST: `${bucket.burst}`,
  B24_DRAIN_PER_SECOND: `${drainPerSecond}`,
  CALL_TIMEOUT_MS: '120000',
  CONNECTIONS_PER_ADDRESS: '10000',
};
const goal = { perSecond: `at least ${0.9 * vendorLimit}`, cpu: 'at most 0.11' };

/** Answers a second through busy portals whose buckets are empty, so that a permit is worth a full batch. */
export function fullBatches() {
  return onGround({ startVendor: fixedVendor(portalCount, bucket), settings }, async (ground) => {
    const portals = await seed(ground, portalCount);
    const readers = await readersOf(ground);
    const all = new Callers(callers * readsAtOnce, async (read) => {
      const reader = readers[read % readers.length];
      const { status, answer } = await reader.read(portals[read % portals.length], 1000 + read);
      if (status !== 200) throw new Error(`Status ${status}: ${JSON.stringify(answer)}`);
      return answer.groupId === 1000 + read;
    });
    await burstUsed(ground, portals, all);
    const before = await ground.vendor.ask('traffic');
    const meter = await Meter.on(ground);
    const answered = await all.measured(seconds);
    const used = await meter.used();
    const after = await ground.vendor.ask('traffic');
    all.end();
    await Promise.all(readers.map((reader) => reader.close()));
    const [requests, commands] = ['requests', 'commands'].map((what) => after[what] - before[what]);
    return [row({ ...answered, ...used, requests, commands, overBucket: after.overBucket })];
  });
}

async function readersOf(ground) {
  const names = Array.from({ length: keyCount }, (_, i) => `bench ${i + 1}`);
  const keys = await Promise.all(names.map((name) => ground.newKey(name)));
  return keys.map((key) => throughGateway(ground.replicas[0].url, key));
}

/** Calls until no portal has more permits than it gets in a second. */
async function burstUsed(ground, portals, all) {
  for (const { memberId } of portals) {
    const queue = async () => (await ground.asAdmin(`portals/${memberId}`)).queue;
    while ((await queue())?.permitsAvailable > drainPerSecond) await all.measured(0.2);
  }
  await all.measured(3);
}

function row({ right, wrong, perSecond, times, gatewayMs, redisMs, requests, commands, overBucket }) {
  return {
    portals: `${portalCount}, ${callers} callers`,
    'answers/s': rounded(perSecond, 0),
    goal: goal.perSecond,
    "of the vendor's limit": `${rounded((perSecond / vendorLimit) * 100, 0)} %`,
    'gateway CPU ms a call': rounded(gatewayMs / right, 3),
    'CPU goal': goal.cpu,
    'Redis CPU ms a call': rounded(redisMs / right, 3),
    'commands a request': rounded(commands / requests, 1),
    'p50 ms': rounded(percentile(times, 0.5), 0),
    'p99 ms': rounded(percentile(times, 0.99), 0),
    'wrong (goal 0)': wrong,
    'over the bucket (goal 0)': overBucket,
  };
}

await runAlone(import.meta.url, fullBatches);
