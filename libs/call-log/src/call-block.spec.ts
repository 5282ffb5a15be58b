import { portalId } from '@b24/portal';
import fc from 'fast-check';
import { CallBlock, decodeBlock } from './call-block';
import type { CallRecord } from './call-record';
import { blocksWith, bucketCount, encodeTerms, placeOf, terms } from './call-terms';

const ms = fc.integer({ min: 0, max: 200_000 });
const optional = <K extends string>(name: K, text: fc.Arbitrary<string>) =>
  fc.option(text).map((it) => (it === null ? {} : { [name]: it }));
const record = fc
  .tuple(
    fc.record({
      atMs: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
      client: fc.constantFrom('c_1', 'c_2', 'admin'),
      clientName: fc.constantFrom('planning', 'reports ✓'),
      portal: fc.constantFrom('a', 'b').map((it) => portalId(it.repeat(32))),
      method: fc.constantFrom('user.get', 'crm.deal.list'),
      outcome: fc.constantFrom('ok' as const, 'portal_error' as const),
      ...{ tookMs: ms, queueMs: ms, upstreamMs: ms, commands: fc.nat(50), retries: fc.nat(9) },
    }),
    optional('operation', fc.constant('callMethod')),
    optional('requestId', fc.oneof(fc.uuid(), fc.string({ unit: 'grapheme' }), fc.constantFrom('r1', 'r2'))),
    optional('error', fc.string()),
    optional('description', fc.string({ unit: 'grapheme' })),
  )
  .map((parts) => Object.assign({}, ...parts) as CallRecord);

async function stored(calls: readonly CallRecord[], isClosed = false) {
  const block = new CallBlock(0);
  block.calls.push(...calls);
  return { id: block.id, ...(await block.encode(isClosed)) };
}

describe('a block of calls', () => {
  it('holds every field of every call, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 40 }), async (calls) => {
        const { id, bytes, count, fromMs, toMs } = await stored(calls);
        const times = calls.map(({ atMs }) => atMs);
        expect([count, fromMs, toMs]).toEqual([calls.length, Math.min(...times), Math.max(...times)]);
        expect(await decodeBlock(bytes)).toEqual(calls.map((call, i) => ({ id: `${id}-${i}`, ...call })));
      }),
      { numRuns: 100 },
    );
  });

  it('is nothing when a byte of it is lost, cut off or changed, and never throws', async () => {
    const [call] = fc.sample(record, { numRuns: 1, seed: 5 });
    const { bytes } = await stored(Array.from({ length: 20 }, () => call!));
    expect(await decodeBlock(Buffer.alloc(0))).toBeUndefined();
    expect(await decodeBlock(Buffer.from([2, ...bytes.subarray(1)]))).toBeUndefined();
    expect(await decodeBlock(bytes.subarray(0, 40))).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        await decodeBlock(changed);
      }),
      { numRuns: 200 },
    );
  });

  it('is found by every term of its calls', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 40 }), (calls) => {
        const buckets = bucketsOf(7, encodeTerms(calls));
        const isFound = (term: string) =>
          blocksWith(buckets.get(placeOf(term).bucket), placeOf(term).fingerprint).has(7);
        for (const { client, portal, method, outcome, requestId } of calls) {
          expect(isFound(terms.client(client))).toBe(true);
          expect(isFound(terms.portal(portal))).toBe(true);
          expect(isFound(terms.clientAtPortal(client, portal))).toBe(true);
          expect(isFound(terms.method(method.toUpperCase()))).toBe(true);
          expect(isFound(terms.outcome(outcome))).toBe(true);
          if (outcome !== 'ok') expect(isFound(terms.failed())).toBe(true);
          if (requestId !== undefined) expect(isFound(terms.requestId(requestId))).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('the index of terms', () => {
  it('finds nothing by another term, in nothing, and in a bucket that is cut off', () => {
    const bucket = Buffer.from([0, 1, 0, 2, 0, 8, 0, 9, 0, 2, 0, 1, 0, 8]);
    expect(blocksWith(bucket, 8)).toEqual(new Set([1, 2]));
    expect(blocksWith(bucket, 9)).toEqual(new Set([1]));
    expect(blocksWith(bucket, 1)).toEqual(new Set());
    expect(blocksWith(bucket.subarray(0, 7), 9)).toEqual(new Set());
    expect(blocksWith(null, 8)).toEqual(new Set());
  });

  it('spreads request ids over all buckets', () => {
    const ids = Array.from({ length: 10_000 }, (_, i) => placeOf(terms.requestId(`request-${i}`)).bucket);
    const counts = Array.from({ length: bucketCount }, (_, bucket) => ids.filter((it) => it === bucket).length);
    expect(Math.min(...counts)).toBeGreaterThan(10);
    expect(Math.max(...counts)).toBeLessThan(90);
  });
});

/** The buckets as Redis holds them after the terms of one block. */
function bucketsOf(block: number, encoded: Buffer): Map<number, Buffer> {
  const buckets = new Map<number, Buffer>();
  for (let at = 0; at < encoded.length;) {
    const end = at + 3 + 2 * encoded.readUInt16BE(at + 1);
    buckets.set(encoded.readUInt8(at), Buffer.concat([Buffer.from([0, block]), encoded.subarray(at + 1, end)]));
    at = end;
  }
  return buckets;
}
