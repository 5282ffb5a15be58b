import { Callers, percentile } from './figures/callers.mjs';
import { Onlooker, smoothness } from './figures/onlooker.mjs';
import { readRightly, throughGateway } from './figures/readers.mjs';
import { parameter, rounded, runAlone } from './figures/table.mjs';
import { cpuMs } from './figures/usage.mjs';
import { onGround } from './ground/ground.mjs';
import { seed } from './ground/seed.mjs';
import { fixedVendor } from './ground/vendors.mjs';

const installed = parameter('BENCH_PORTALS', 1000);
const seconds = parameter('BENCH_SECONDS', 60);
/** Watched and not in turns of so long, so that what drifts on the machine meets both alike. */
const turnSeconds = 5;
/** Each portal gets a call each five seconds; one more gets one every 20 ms, and is what is measured. */
const pauseMs = 5000;
const measuredPauseMs = 20;
/** As many as the console watches at most. */
const onPage = 100;
const group = 125;

/** What somebody in front of the console costs a call, and whether the page stays smooth. */
export function besideConsole() {
  return onGround({ startVendor: fixedVendor(installed + 1) }, async (ground) => {
    const [measured, ...others] = await seed(ground, installed + 1);
    const [{ url, pid }] = ground.replicas;
    const reader = throughGateway(url, ground.key);
    const busy = new Callers(others.length, (caller) => readRightly(reader, others[caller], group), { pauseMs });
    const caller = new Callers(1, () => readRightly(reader, measured, group), { pauseMs: measuredPauseMs });
    const onlooker = await Onlooker.signedIn(url, ground.adminKey);
    await busy.measured((2 * pauseMs) / 1000);
    const turns = await inTurns(caller, busy, pid, {
      begin: () => onlooker.watch([measured, ...others.slice(0, onPage - 1)]),
      end: () => onlooker.leave(),
    });
    const page = await smoothness({ url, key: ground.adminKey, seconds: Math.min(seconds, 30) });
    [caller, busy].forEach((it) => it.end());
    await reader.close();
    return [...callRows(turns), ...pageRows(page)];
  });
}

async function inTurns(caller, busy, pid, watching) {
  const seen = { unwatched: { turns: [], cpuMs: 0, calls: 0 }, watched: { turns: [], cpuMs: 0, calls: 0 } };
  for (let turn = 0; turn < (2 * seconds) / turnSeconds; turn++) {
    // First and second change places with each pair, since whoever comes second may find more garbage.
    const isWatched = [1, 2].includes(turn % 4);
    if (isWatched) watching.begin();
    await caller.measured(1);
    const before = cpuMs(pid);
    const [{ times }, others] = await Promise.all([caller, busy].map((it) => it.measured(turnSeconds)));
    const into = isWatched ? seen.watched : seen.unwatched;
    into.turns.push(times);
    into.cpuMs += cpuMs(pid) - before;
    into.calls += times.length + others.right;
    if (isWatched) watching.end();
  }
  return seen;
}

function callRows({ unwatched, watched }) {
  const row = (figure, goal, of) => {
    const [without, withOne] = [unwatched, watched].map(of);
    return {
      figure,
      'nobody watches': rounded(without),
      watched: rounded(withOne),
      ratio: rounded(withOne / without),
      goal,
    };
  };
  return [
    row('a call, p50 ms', 'unchanged', ({ turns }) => typical(turns, 0.5)),
    row('a call, p90 ms', 'unchanged', ({ turns }) => typical(turns, 0.9)),
    row('a call, p99 ms', 'unchanged', ({ turns }) => typical(turns, 0.99)),
    row("the gateway's CPU, ms a call", 'unchanged', ({ cpuMs: used, calls }) => used / calls),
    row('calls', '', ({ calls }) => calls),
  ];
}

/** The median over the turns, so that one bad moment of the machine does not count for either side. */
function typical(turns, share) {
  return percentile(
    turns.map((times) => percentile(times, share)),
    0.5,
  );
}

function pageRows({ gaps, tasks }) {
  return [
    { figure: 'frame to frame in Chromium, p50 ms', watched: rounded(percentile(gaps, 0.5)), goal: '16.7' },
    { figure: 'frame to frame in Chromium, p99 ms', watched: rounded(percentile(gaps, 0.99)), goal: 'under 50' },
    {
      figure: 'tasks of the page over 50 ms, longest ms',
      watched: `${tasks.length}, ${rounded(Math.max(0, ...tasks))}`,
      goal: 'none',
    },
  ];
}

await runAlone(import.meta.url, besideConsole);
