import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { excused, parsers } from './outside-text';

const [few, many] = [100_000, 400_000];
/** Steps that a character may cost, and that a text may cost whatever its length. */
const [stepsPerCharacter, stepsAtLeast] = [100, 50_000];
/** Far beyond what any needs: a parser that does not end is ended. */
const watchdogMs = 60_000;

const repeated = (part: string) => (characters: number) => part.repeat(characters / part.length);
const texts: readonly (readonly [name: string, text: (characters: number) => string])[] = [
  ...['[', ']', '/', '=', '%', '.', ' ', '&', '+', '\n', '?', '"', '\\', 'a[]=&', '[a]', 'a[', '%5B', '{"a":'].map(
    (part) => [JSON.stringify(part), repeated(part)] as const,
  ),
  ['a[[[…', (characters) => `a${'['.repeat(characters)}`],
];

interface Counted {
  readonly steps: number;
  /** Regular expressions that met a long text, and that some text makes super-linear. */
  readonly slow: readonly string[];
}

/** Counts in a thread of its own, so that what never ends can be ended. */
class StepCounter {
  private worker: Promise<Worker> | undefined;

  async count(name: string, text: string): Promise<Counted | 'did not end'> {
    this.worker ??= StepCounter.start();
    const worker = await this.worker;
    return new Promise((resolve, reject) => {
      const watchdog = setTimeout(() => {
        resolve('did not end');
        this.worker = undefined;
        void worker.terminate();
      }, watchdogMs);
      worker.once('error', reject);
      worker.once('message', (counted: Counted) => {
        clearTimeout(watchdog);
        worker.off('error', reject);
        resolve(counted);
      });
      worker.postMessage({ name, text });
    });
  }

  async end(): Promise<void> {
    await (await this.worker)?.terminate();
  }

  private static start(): Promise<Worker> {
    const registry = process.env['PARSERS'] ?? 'test/contract/outside-text.ts';
    const worker = new Worker('./test/support/steps-worker.cjs', { workerData: { registry } });
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', () => {
        worker.off('error', reject);
        resolve(worker);
      });
    });
  }
}

/** Where requests are read before anything bounds them. */
const doors = ['http', ...readdirSync('apps/gateway/src/doors').map((name) => `doors/${name}`)].map(
  (name) => `apps/gateway/src/${name}`,
);
const reads =
  /JSON\.parse|\.(?:split|replace|replaceAll|matchAll|match|exec|test)\(|new URL\(|URLSearchParams|decodeURI|unescape/;

describe('text from outside', () => {
  const counter = new StepCounter();

  afterAll(() => counter.end());

  it.each(parsers.map((it) => [it.name, it] as const))(
    'is read in steps that grow with its length and no faster: %s',
    async (name, { worst = [] }) => {
      const own = worst.map((text, i) => [`its own worst, ${i}`, text] as const);
      for (const [what, text] of [...texts, ...own]) {
        const [small, large] = [await counter.count(name, text(few)), await counter.count(name, text(many))];
        if (small === 'did not end' || large === 'did not end') throw new Error(`${name} did not end with ${what}`);
        const { steps, slow } = large;
        const grows = steps > stepsAtLeast && steps > small.steps * 4.5;
        const costs = steps > stepsAtLeast + many * stepsPerCharacter;
        expect({ what, slow, grows, costs, ...((grows || costs) && { small, large }) }).toEqual({
          what,
          slow: [],
          grows: false,
          costs: false,
        });
      }
    },
    300_000,
  );

  it('is read at the doors by nothing that is not tried here, or excused for a reason', () => {
    const files = doors.flatMap((folder) => readdirSync(folder).map((file) => `${folder}/${file}`));
    const readers = files.filter((it) => !it.endsWith('.spec.ts') && reads.test(readFileSync(it, 'utf8')));
    const known = new Set([...parsers.map(({ file }) => file), ...Object.keys(excused)]);
    expect(readers.filter((it) => !known.has(it))).toEqual([]);
    expect([...known].filter((it) => !readFileSync(it, 'utf8'))).toEqual([]);
  });
});
