import { type Question, questions } from './findings';
import { table } from './report';
import { ChaosScenario } from './scenario';
import type { ScenarioName } from './settings';

const seconds = Number(process.env['CHAOS_SECONDS'] ?? 16);
const scenario = (process.env['CHAOS_SCENARIO'] ?? 'usual') as ScenarioName;
const seed = process.env['CHAOS_SEED'] ?? `${Math.floor(Math.random() * 1e6)}`;
/** Allows for the setup, for coming to rest twice, and for trying every grant twice. */
const aroundMs = 480_000;

describe(`after ${seconds} seconds of kills, restarts and failures (${scenario}, seed ${seed})`, () => {
  let story: ChaosScenario;

  beforeAll(
    async () => {
      const forgetful = Math.min(60, seconds / 3);
      story = await ChaosScenario.begin(seed, scenario);
      await story.storm(seconds - forgetful);
      await story.ask();
      await story.forgetfulStorm(forgetful);
      await story.ask();
    },
    seconds * 1000 + aroundMs,
  );
  afterAll(async () => {
    const logs = process.env['CHAOS_LOGS'];
    if (logs) story.stage.keepLogs(logs);
    await story.end();
    process.stdout.write(table(story, seed, seconds));
  }, 60_000);

  it.each(Object.entries(questions) as [Question, string][])('%s: %s', (question) => {
    expect(story.findings.flaws[question]).toEqual([]);
  });

  it('there were enough calls and faults to observe', () => {
    const { reads, writes } = story.findings;
    const { kills, restarts } = story.stage;
    const { deleted, replaced, suspended } = story.ledger.counts;
    const seen = [reads, writes.added, writes.changed, writes.deleted, writes.replayed, kills.length];
    const revoked = [deleted, replaced, suspended];
    expect([...seen, ...revoked, restarts.withData, restarts.withoutData].filter((times) => times === 0)).toEqual([]);
  });
});
