import type { ChaosScenario } from './scenario';

/** Formats the injected failures and their consequences for people. */
export function table(
  { stage, findings, actors, parts, calls, renames, ledger }: ChaosScenario,
  seed: string,
  seconds: number,
): string {
  const { kills, restarts, simulator } = stage;
  const requests = actors.flatMap(({ portal }) => portal.requests);
  const injected = ({ outcome }: { outcome: string }) => outcome.startsWith('fault:');
  const { added, changed, deleted, replayed, refused } = findings.writes;
  const rows: [string, unknown][] = [
    ['seed, seconds', `${seed}, ${seconds}`],
    ['parts, s', parts.map(([name, ms]) => `${name} ${(ms / 1000).toFixed(1)}`).join(', ')],
    ['replicas killed', kills.length],
    ['Redis killed, with its data and without', `${restarts.withData}, ${restarts.withoutData}`],
    ['Redis standing still, portals renamed', `${stage.freezes}, ${renames}`],
    ['requests to portals, failed on purpose', `${requests.length}, ${requests.filter(injected).length}`],
    ['token requests, failed on purpose', tokens(simulator.oauth.tokenRequests, injected)],
    ['calls, answered as asked, cut by a kill', `${findings.calls}, ${findings.answered}, ${findings.cut}`],
    ['reads that were right', findings.reads],
    ['writes: added, changed, deleted, told again, refused', [added, changed, deleted, replayed, refused].join(', ')],
    ['keys deleted, replaced, portals suspended', Object.values(ledger.counts).join(', ')],
    ['answers told while Redis was away, that died with their replica', findings.unkept],
    ['the latest answer, ms after its deadline', `${Math.round(findings.latest.ms)}: ${findings.latest.what}`],
    ['the callers themselves stood still for at most, ms', Math.round(calls.stalls.longestMs)],
    ['grants cut off in strict rotation', findings.cuts.length],
    ...findings.cuts.map((cut): [string, unknown] => ['', cut]),
    ['installed again', findings.installedAgain],
    ...Object.entries(findings.flaws).map(([question, flaws]): [string, unknown] => [
      `flaws: ${question}`,
      flaws.length,
    ]),
    ...Object.values(findings.flaws).flatMap((flaws) => flaws.slice(0, 5).map((flaw): [string, unknown] => ['', flaw])),
    ['told', [...findings.codes].map(([code, times]) => `${code} ${times}`).join(', ')],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return `\n${rows.map(([name, value]) => `${name.padEnd(width)}  ${String(value)}`).join('\n')}\n`;
}

function tokens<T extends { outcome: string }>(logs: readonly T[], injected: (log: T) => boolean): string {
  return `${logs.length}, ${logs.filter(injected).length}`;
}
