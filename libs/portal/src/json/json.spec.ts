import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { Bytes } from './bytes';
import { JsonNumber, toNumber } from './json-number';
import { LongText, longTextBytes } from './long-text';
import { entriesOf, mergedInOrder, orderedObject } from './ordered-object';
import { readJson } from './read-json';
import { readJsonBytes } from './read-json-bytes';
import { bytesOfPieces, jsonPieces, writeJson } from './write-json';

const names = fc.oneof(
  fc.string(),
  fc.nat(99).map(String),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'toJSON', ''),
);
const numbers = fc.oneof(
  fc.bigInt().map(String),
  fc.stringMatching(/^-?(?:0|[1-9]\d{0,25})(?:\.\d{1,25})?(?:[eE][+-]?\d{1,3})?$/),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => JSON.stringify(it)),
);
/** JSON texts without white space, in which an object has each name once. */
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 5 },
    numbers,
    fc.string({ unit: 'grapheme' }).map((it) => JSON.stringify(it)),
    fc.constantFrom('null', 'true', 'false', '[]', '{}', '""'),
    fc.array(tie('json'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
    fc
      .uniqueArray(fc.tuple(names, tie('json')), { maxLength: 5, selector: ([name]) => name })
      .map((entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
  ),
}));

describe('JSON without loss', () => {
  it('writes any text as it was read, from text and from bytes', () => {
    fc.assert(
      fc.property(json, (text) => {
        expect(writeJson(readJson(text))).toBe(text);
        expect(writeJson(readJsonBytes(Bytes.of(text)))).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  it('writes what it read inside other values, and beside long texts', () => {
    fc.assert(
      fc.property(json, fc.constantFrom('a', 'é', '\\/', '\\u00e9', '\\"', '\\\\'), (inner, unit) => {
        const long = unit.repeat(longTextBytes);
        const text = `{"a":${inner},"long":"${long}","b":[${inner}]}`;
        const value = readJsonBytes(Bytes.of(text)) as Record<string, unknown>;
        expect(value['long']).toBeInstanceOf(LongText);
        expect(String(value['long'])).toBe(JSON.parse(`"${long}"`));
        expect(writeJson({ ...value }) === text).toBe(true);
        expect(bytesOfPieces(jsonPieces(value))).toBe(Buffer.byteLength(text));
      }),
      { numRuns: 100 },
    );
  });

  it('reads bytes in any pieces alike', () => {
    const split = fc.array(fc.nat(200), { maxLength: 12 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.string({ unit: 'grapheme' }), split, (odd, text, cuts) => {
        for (const all of [Buffer.from(odd), Buffer.from(text)]) {
          const ends = [...cuts.map((it) => it % (all.length + 1)), all.length].sort((a, b) => a - b);
          const bytes = new Bytes(ends.map((end, i) => all.subarray(ends[i - 1] ?? 0, end)));
          expect(bytes.isUtf8()).toBe(isUtf8(all));
          expect(bytes.joined().equals(all)).toBe(true);
          for (const position of cuts) {
            expect(bytes.at(position)).toBe(all[position]);
            expect(bytes.indexOf(all[3] ?? 1, position)).toBe(all.indexOf(all[3] ?? 1, position));
            expect(
              bytes
                .part(position, position + 5)
                .joined()
                .equals(all.subarray(position, position + 5)),
            ).toBe(true);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses what JSON does not have, in long strings too', () => {
    const long = 'a'.repeat(longTextBytes);
    for (const text of [
      `{"a":"${long}\n"}`,
      `{"a":"${long}\\x"}`,
      `{"a":"${long}\\u12g4"}`,
      `{"a":"${long}`,
      `["${long}"`,
    ])
      expect(() => readJsonBytes(Bytes.of(text))).toThrow(SyntaxError);
    expect(() => readJsonBytes(new Bytes([Buffer.from([0x22, 0xe9, 0x22])]))).toThrow(SyntaxError);
    expect(() => readJson('['.repeat(600) + ']'.repeat(600))).toThrow(SyntaxError);
    expect(() => readJsonBytes(Bytes.of(`{"${long}":1}`))).toThrow(SyntaxError);
  });

  it('ignores a byte order mark', () => {
    expect(readJsonBytes(Bytes.of('\uFEFF{"a":1}'))).toEqual({ a: 1 });
  });

  it('tells the double of an exact number', () => {
    expect([readJson('[1.10]')].flat().map(toNumber)).toEqual([1.1]);
    expect([5, new JsonNumber('5.0'), '50', null, {}].map(toNumber)).toEqual([5, 5, undefined, undefined, undefined]);
  });

  it('keeps the order when objects are merged', () => {
    const merged = mergedInOrder(
      { b: 1 },
      orderedObject([
        ['30', 1],
        ['5', 2],
      ]),
      { auth: 'x' },
    );
    expect(entriesOf(merged).map(([name]) => name)).toEqual(['b', '30', '5', 'auth']);
    expect(writeJson(merged)).toBe('{"b":1,"30":1,"5":2,"auth":"x"}');
  });

  it('reads the head of a long text', () => {
    const head = 'crm.deal.get?a=\\u00e9\\"';
    const [value] = readJsonBytes(Bytes.of(`["${head}${'x'.repeat(longTextBytes)}"]`)) as [LongText];
    expect(value.head(17)).toBe('crm.deal.get?a=é"');
    for (const escape of ['\\\\', '\\u0416', '\\"', '\\n'])
      for (let before = 0; before < 13; before++) {
        const text = 'x'.repeat(before) + escape.repeat(longTextBytes);
        const [long] = readJsonBytes(Bytes.of(`["${text}"]`)) as [LongText];
        expect(long.head(20)).toBe((JSON.parse(`"${text}"`) as string).slice(0, 20));
      }
  });
});
