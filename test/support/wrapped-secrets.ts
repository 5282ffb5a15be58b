import fc from 'fast-check';

/** One layer of encoding around a text, with the freedoms that its readers allow. */
interface Layer {
  readonly kind: (typeof kinds)[number];
  /** Drives every choice inside the layer. */
  readonly seed: number;
  readonly before: string;
  readonly behind: string;
}

const kinds = ['percent', 'base64', 'base64url', 'hex', 'json', 'html'] as const;

const glue = fc.oneof(
  fc.constantFrom(
    '',
    '',
    'a',
    'Zz',
    '7',
    'disk|',
    'disk%7CaWQ%7C',
    'token=',
    '?x=1&token=',
    ' ',
    'x-',
    '/',
    '{"a":"b"} ',
  ),
  // The first sign of an escape would swallow the beginning of what follows: that would be another text.
  fc.string({ maxLength: 6 }).map((it) => it.replace(/[%\\&]/g, '')),
);
const layer: fc.Arbitrary<Layer> = fc.record({
  kind: fc.constantFrom(...kinds),
  seed: fc.nat(),
  before: glue,
  behind: glue,
});

/** Up to three layers, the innermost first. */
export const layers = fc.array(layer, { maxLength: 3 });

export function wrapped(secret: string, around: readonly Layer[]): string {
  return around.reduce((text, it) => it.before + encodings[it.kind](text, choices(it.seed)) + it.behind, secret);
}

type Choose = (count: number) => number;

/** A small generator of numbers (https://en.wikipedia.org/wiki/Linear_congruential_generator). */
function choices(seed: number): Choose {
  let state = seed >>> 0;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

const encodings: Readonly<Record<Layer['kind'], (text: string, choose: Choose) => string>> = {
  percent: (text, choose) => perByte(text, choose, (byte) => cased(`%${hexOf(byte)}`, choose)),
  html: (text, choose) =>
    perByte(text, choose, (byte) => {
      if (choose(2) === 0) return `&#${'0'.repeat(choose(3))}${byte};`;
      return `&#${choose(2) === 0 ? 'x' : 'X'}${cased(hexOf(byte), choose)};`;
    }),
  // A backslash of the text itself is always escaped: else it would be another text that is read.
  json: (text, choose) =>
    perByte(text.replaceAll('\\', '\\\\'), choose, (byte) =>
      byte === 92 ? '\\' : `\\u00${cased(hexOf(byte), choose)}`,
    ),
  base64: (text, choose) => broken(padded(Buffer.from(text, 'latin1').toString('base64'), choose), choose),
  base64url: (text, choose) => broken(Buffer.from(text, 'latin1').toString('base64url'), choose),
  hex: (text, choose) => cased(Buffer.from(text, 'latin1').toString('hex'), choose),
};

/** All of it or some of it; what has a meaning in the encoding itself, always. */
function perByte(text: string, choose: Choose, encode: (byte: number) => string): string {
  const every = 1 + choose(4);
  return [...Buffer.from(text, 'latin1')]
    .map((byte) =>
      '%&'.includes(String.fromCharCode(byte)) || choose(every) === 0 ? encode(byte) : String.fromCharCode(byte),
    )
    .join('');
}

function padded(text: string, choose: Choose): string {
  return choose(3) === 0 ? text.replace(/=+$/, '') : text;
}

function broken(text: string, choose: Choose): string {
  const width = [0, 0, 76, 64, 20][choose(5)] ?? 0;
  const end = choose(2) === 0 ? '\r\n' : '\n';
  return width === 0 ? text : (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(end);
}

function cased(text: string, choose: Choose): string {
  const how = choose(3);
  if (how === 0) return text;
  return how === 1 ? text.toUpperCase() : [...text].map((it) => (choose(2) === 0 ? it.toUpperCase() : it)).join('');
}

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
