import fc from 'fast-check';
import { ApiDocument } from '../support/api-document';
import { callTimeoutMs, FuzzWorld } from './fuzz-world';
import { complaintOf } from './judge';
import { type Draft, requestsOf, sketchOf } from './requests';
import { commandOf, type Sketch, wireOf } from './sketch';
import { FuzzTally } from './tally';
import { exchange, type WireReply, type WireOutcome } from './wire';

const count = Number(process.env['FUZZ_REQUESTS'] ?? 1000);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const atOnce = 10;
/** Added to the caller's own deadline; generous, because a machine may be busy. */
const patienceMs = 15_000;

interface Failure {
  readonly index: number;
  readonly complaint: string;
  readonly sketch: Sketch;
}

describe('whatever is asked', () => {
  const document = ApiDocument.read();
  const drafts = requestsOf(document);
  const tally = new FuzzTally();
  const failures = new Map<string, Failure>();
  let world: FuzzWorld;

  beforeAll(async () => {
    world = await FuzzWorld.lay(document, seed);
  }, 60_000);
  afterAll(() => world.stop());

  /**
   * Sends a request, filled in with the known values. @returns the request, its outcome, and the complaint if there is
   * one
   */
  const ask = async (
    draft: Draft,
    index: number,
  ): Promise<{ sketch: Sketch; outcome: WireOutcome; complaint?: string }> => {
    const sketch = sketchOf(draft, world.known);
    const wire = wireOf(fromSomewhere(sketch, index), world.authorization(sketch.key, index));
    const outcome = await exchange(Number(new URL(world.url).port), wire, deadlineOf(sketch) + patienceMs);
    const astray = draft.twists.some((it) => it.astray);
    const complaint = complaintOf(document, { sketch, astray, outcome }) ?? leakIn(outcome) ?? fallen();
    return { sketch, outcome, ...(complaint && { complaint }) };
  };
  const leakIn = (outcome: WireOutcome) => {
    if (typeof outcome === 'string') return undefined;
    const reported = JSON.stringify(outcome.headers) + outcome.text;
    return world.secrets.some((it) => reported.includes(it)) ? 'The answer holds a secret.' : undefined;
  };
  const fallen = () => (world.gateway.running ? undefined : `The gateway ended: ${world.gateway.errors}`);

  const askAll = async () => {
    const queue = fc.sample(drafts, { seed, numRuns: count }).entries();
    const worker = async () => {
      for (const [index, draft] of queue) {
        const { sketch, outcome, complaint } = await ask(draft, index);
        tally.note(draft.operation.operationId, outcome);
        if (typeof outcome === 'object' && draft.operation.method === 'POST') learn(draft, outcome);
        if (complaint) note({ index, complaint, sketch });
        if (failures.size >= 10 || !world.gateway.running) return;
      }
    };
    let over = false;
    const mending = (async () => {
      while (!over) {
        await world.repair().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    await Promise.all(Array.from({ length: atOnce }, worker));
    over = true;
    await mending;
  };
  const note = (failure: Failure) => {
    const kind = failure.complaint.replace(/[0-9a-f-]{8,}/g, '…').slice(0, 100);
    if (!failures.has(kind)) failures.set(kind, failure);
  };
  const learn = ({ operation }: Draft, { status, headers, text }: WireReply) => {
    if (status !== 201 && status !== 202) return;
    try {
      world.known.learn(operation, headers.location, JSON.parse(text));
    } catch {
      // The judge reports a body that is not JSON.
    }
  };

  /**
   * Returns the smallest request with the same complaint, if the complaint also occurs when the request is sent alone.
   */
  const smallest = async ({ index, complaint, sketch }: Failure): Promise<string> => {
    let least: { sketch: Sketch; complaint: string } | undefined;
    const again = fc.asyncProperty(drafts, async (draft) => {
      const { complaint: met, ...it } = await ask(draft, index);
      if (met) least = { ...it, complaint: met };
      return met === undefined;
    });
    await fc.check(again, { seed, path: `${index}`, numRuns: 1, interruptAfterTimeLimit: 20_000 });
    const shown = least ?? { sketch, complaint: `${complaint} (Not met when asked again alone.)` };
    return `${shown.complaint}\n${commandOf(shown.sketch, world.url)}\nIt is request ${index} of seed ${seed}.`;
  };

  it('is answered as openapi.json says, without a 500 or a secret, and in time', async () => {
    await askAll();
    const reported = [];
    for (const failure of failures.values()) reported.push(await smallest(failure));
    const log = world.gateway.logLines.filter((it) => /"msg":"(internal error|a failure that nobody)/.test(it));
    process.stdout.write(`\nseed ${seed}\n${tally.toString()}\n`);
    expect(reported.join('\n\n')).toBe('');
    expect(log.slice(0, 5)).toEqual([]);
    expect(world.secrets.filter((it) => world.gateway.logLines.some((line) => line.includes(it)))).toEqual([]);
    expect(world.gateway.errors).toBe('');
    expect(tally.asked).toBe(count);
    // Otherwise the run would test nothing but refusals.
    expect(tally.shareOfGood).toBeGreaterThan(0.15);
    expect((await world.gateway.client.get('/health/ready')).status).toBe(200);
  }, 3_600_000);
});

/** Sends each request from another address, unless it sets its own. */
function fromSomewhere(sketch: Sketch, index: number): Sketch {
  if (sketch.key !== 'wrong' || sketch.headers.some(([name]) => name === 'X-Forwarded-For')) return sketch;
  const address = `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
  return { ...sketch, headers: [...sketch.headers, ['X-Forwarded-For', address]] };
}

function deadlineOf({ headers }: Sketch): number {
  const stated = headers.filter(([name]) => name === 'X-Deadline-Ms').map(([, value]) => Number(value));
  return Math.max(callTimeoutMs, ...stated.filter((ms) => ms <= 120_000));
}
