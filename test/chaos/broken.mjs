import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { findOrInstallRedis } from '../../scripts/launch/redis-binary.mjs';
import { main } from '../../scripts/launch/say.mjs';
import { withoutDefence } from '../support/broken-build.mjs';

/**
 * npm run chaos:broken -- [--seconds 45] [--only words]
 * Takes one defence after the other out of the build, and shows that the chaos suite sees it. The build is put back.
 * What chance asks for now and then takes `times` as long; what it asks for hardly ever is left to tests of its own.
 */
const defences = [
  {
    without: 'an answer that is kept for its key',
    seen: 'doubled',
    in: { 'libs/idempotency/src/acquireWrite-1.lua': ['if seen[2] then', 'if false then'] },
  },
  {
    without: 'word of a sending by a replica that died',
    seen: 'doubled',
    in: { 'libs/idempotency/src/acquireWrite-1.lua': ['if mayRunUntil then', 'if false then'] },
  },
  {
    without: 'the difference between lost and not done',
    seen: 'doubled',
    times: 4,
    in: { 'libs/idempotency/src/write-failure.js': ["'not_done' : 'lost'", "'not_done' : 'not_done'"] },
  },
  {
    without: 'the names of the commands in a batch',
    seen: 'crossed',
    in: { 'libs/upstream/src/batch-codec.js': ["names[i] ?? '', { parts,", 'names[names.length - 1 - i], { parts,'] },
  },
  {
    without: 'spare pairs',
    seen: 'grants',
    in: {
      'libs/grants/src/token-refresh.js': ['(0, spares_1.sparesToTry)(grant, reason, this.options.clock.now())', '[]'],
    },
  },
  {
    without: "the server's word on where a portal is",
    seen: 'grants',
    in: {
      'libs/grants/src/token-refresh.js': [
        '(0, portal_endpoint_1.portalEndpoint)(endpoint, this.options.rules) ?? grant',
        'grant',
      ],
      'libs/grants/src/relocation-lookup.js': ['await store.relocate(', 'void ('],
    },
  },
  {
    without: "the portal's pace, at twice of it",
    seen: 'tripped',
    in: {
      'libs/queue/src/bottleneck-rate-limiter.js': [
        'reservoirIncreaseAmount: amount',
        'reservoirIncreaseAmount: 2 * amount',
      ],
    },
  },
  {
    without: "the caller's deadline",
    seen: 'waiting',
    in: { 'apps/gateway/src/http/caller.js': ['return Math.max(0, deadlineMs -', 'return Math.max(0, 30_000 -'] },
  },
  {
    without: 'a wrapping around tokens',
    seen: 'secrets',
    in: {
      'libs/portal/src/secret.js': ['reveal() {', 'reveal() { console.log(JSON.stringify({ told: this.#text }));'],
    },
  },
  {
    without: 'a fault for an answer that can not be read',
    seen: 'faults',
    in: {
      'libs/upstream/src/answer-body.js': [
        'catch {\n        return undefined;',
        'catch (error) {\n        throw error;',
      ],
    },
  },
];

main(async () => {
  process.chdir(new URL('../..', import.meta.url).pathname);
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '45' }, only: { type: 'string', default: '' } },
  });
  const env = { ...process.env, REDIS_SERVER: await findOrInstallRedis(), CHAOS_SEED: '1' };
  let unseen = 0;
  for (const { without, seen, times = 1, in: changes } of defences.filter((it) => it.without.includes(values.only))) {
    const seconds = Number(values.seconds) * times;
    const flaws = withoutDefence(changes, () => flawsOf({ ...env, CHAOS_SECONDS: `${seconds}` }));
    const isSeen = flaws.some(({ question }) => question === seen);
    if (!isSeen) unseen++;
    console.log(`without ${without}: ${isSeen ? `seen as ${seen}` : `not seen as ${seen}`}`);
    for (const { question, flaw } of flaws) console.log(`  ${question}: ${flaw}`);
  }
  process.exit(unseen === 0 ? 0 : 1);
});

/** The questions that were answered badly, and the first flaw of each. */
function flawsOf(env) {
  const folder = mkdtempSync(join(tmpdir(), 'b24-chaos-'));
  const report = join(folder, 'report.json');
  const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
  const args = [jest, '--selectProjects', 'chaos', '--json', `--outputFile=${report}`];
  spawnSync(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'ignore'] });
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  const failed = testResults.flatMap((it) => it.assertionResults).filter(({ status }) => status === 'failed');
  return failed.map(({ title, failureMessages }) => ({
    question: title.split(':')[0],
    flaw: /^\S*\+\s+"(.*)",?$/m.exec(stripVTControlCharacters(failureMessages.join('\n')))?.[1] ?? '',
  }));
}
