import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { show } from './table.mjs';

const shown = 15;

/** Where replicas leave their CPU profiles, with BENCH_PROFILE=1. A profiled run is slower: its figures do not count. */
export function profileFolder() {
  if (!process.env.BENCH_PROFILE) return undefined;
  const folder = resolve('.tmp', 'profiles', `${Date.now()}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function printProfiles(folder) {
  if (!folder) return;
  for (const file of readdirSync(folder)) {
    show(`Self time in ${relative('.', join(folder, file))}`, selfTimes(join(folder, file)));
  }
}

/** The functions that took most time themselves. */
function selfTimes(file) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map();
  samples.forEach((id, i) => times.set(places.get(id), (times.get(places.get(id)) ?? 0) + timeDeltas[i]));
  const busy = [...times].filter(([place]) => place !== '(idle)');
  const total = busy.reduce((sum, [, us]) => sum + us, 0);
  return busy
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([place, us]) => ({
      function: place,
      ms: (us / 1000).toFixed(0),
      share: `${((us / total) * 100).toFixed(1)} %`,
    }));
}

function placeOf({ functionName, url, lineNumber }) {
  const room = /node_modules\/(?:.*node_modules\/)?(@[^/]+\/[^/]+|[^/]+)/.exec(url)?.[1];
  const where = url && ` ${room ? `${room}/` : ''}${basename(url)}:${lineNumber + 1}`;
  return `${functionName || '(anonymous)'}${where}`;
}
