import { B24Hook } from '@bitrix24/b24jssdk';
import { until } from '../../scripts/launch/ports.mjs';
import { Callers, percentile } from './figures/callers.mjs';
import { throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { commonPlan, onGround } from './ground/ground.mjs';
import { simulator } from './ground/vendors.mjs';

const seconds = parameter('BENCH_SECONDS', 30);
const callers = parameter('BENCH_CALLERS', 50);
const method = 'tasks.api.scrum.backlog.get';
const replicas = 3;
/** 50 commands in each of 2 requests a second. */
const vendorLimit = 100;
const goal = 98;

/** Each caller reads a group of its own, so that no two read the same. */
const groupOf = (caller) => 1000 + caller;
const groups = Array.from({ length: replicas * callers }, (_, caller) => groupOf(caller));
const backlogs = groups.map((groupId, i) => ({ id: i + 1, groupId, createdBy: 6, modifiedBy: 1 }));
/** The common plan at its strictest. */
const commonPortal = { burst: 50, drainPerSecond: 2, counting: 'stepwise', countRefused: true, groups, backlogs };

/** Answers a second through one common-plan portal, once its burst is used up; each way has a portal of its own. */
export function throughput() {
  const options = { startVendor: simulator(Array(4).fill(commonPortal)), replicas, settings: commonPlan };
  return onGround(options, async (ground) => {
    const [forSdk, ...portals] = ground.vendor.about.portals;
    await ground.install(portals);
    const gateway = (used, index) => throughReplicas(ground, ground.replicas.slice(0, used), portals[index]);
    const ways = [
      { name: '1 replica', count: callers, ...gateway(1, 0) },
      { name: `${replicas} replicas`, count: callers, ...gateway(replicas, 1) },
      { name: `${replicas} replicas`, count: replicas * callers, ...gateway(replicas, 2) },
    ];
    const sdk = { name: 'official SDK', count: callers, ...throughSdk(forSdk) };
    // The SDK's two requests a second cost the first way nothing, and both have the same seconds.
    const figures = await Promise.all([measured(ground, sdk), measured(ground, ways[0])]);
    for (const way of ways.slice(1)) figures.push(await measured(ground, way));
    return figures.map((figure) => row(figure, figures[0]));
  });
}

async function measured(ground, { name, count, portal, read, burstUsed, close }) {
  const seen = () => ground.vendor.ask('traffic', portal.memberId);
  const all = new Callers(count, async (caller) => {
    const { status, answer } = await read(caller, groupOf(caller));
    return status === 200 && answer?.groupId === groupOf(caller);
  });
  await burstUsed();
  // The last of the burst may still be on its way.
  await all.measured(2);
  const before = await seen();
  const answered = await all.measured(seconds);
  const after = await seen();
  all.end();
  await close();
  const [requests, commands] = ['requests', 'commands'].map((what) => after[what] - before[what]);
  return { name, count, ...answered, requests, commands, refused: (await seen()).refused };
}

function throughReplicas(ground, used, portal) {
  const readers = used.map(({ url }) => throughGateway(url, ground.key));
  const queue = async () => (await ground.asAdmin(`portals/${portal.memberId}`)).queue;
  return {
    portal,
    read: (caller, group) => readers[caller % readers.length].read(portal, group),
    burstUsed: () => until(async () => (await queue()).permitsAvailable <= 2, { tries: 300, everyMs: 100 }),
    close: () => Promise.all(readers.map((reader) => reader.close())),
  };
}

/** The vendor's own client as its README shows it, with its own limits. */
function throughSdk(portal) {
  const hook = B24Hook.fromWebhookUrl(portal.webhookUrl.replace('http:', 'https:'));
  hook.offClientSideWarning();
  // It insists on https, which the simulator does not speak.
  hook.getHttpClient('v2').ajaxClient.interceptors.request.use((request) => {
    return { ...request, url: request.url.replace('https:', 'http:') };
  });
  let answers = 0;
  return {
    portal,
    async read(_caller, group) {
      const answer = await hook.actions.v2.call.make({ method, params: { id: group } }).catch(() => undefined);
      answers++;
      return { status: answer?.isSuccess ? 200 : 500, answer: answer?.getData()?.result };
    },
    burstUsed: () => until(() => answers >= commonPortal.burst, { tries: 300, everyMs: 100 }),
    close: () => hook.destroy(),
  };
}

function row({ name, count, right, wrong, perSecond, times, requests, commands, refused }, sdk) {
  const ours = name !== sdk.name;
  return {
    way: `${name}, ${count} callers`,
    'answers/s': rounded(perSecond, 1),
    goal: ours ? `at least ${goal}` : '',
    "of the vendor's limit": `${rounded((perSecond / vendorLimit) * 100, 0)} %`,
    'times the SDK': rounded(perSecond / sdk.perSecond, 1),
    'p50 s': rounded(percentile(times, 0.5) / 1000),
    'p99 s': rounded(percentile(times, 0.99) / 1000),
    answers: right,
    'wrong (goal 0)': wrong,
    requests,
    'commands a request': rounded(commands / requests, 1),
    'refused (goal 0)': refused,
  };
}

await runAlone(import.meta.url, throughput);
