import { base64Characters, hexCharacters, runsOf, characterSet, type CharacterSet } from './character-runs';

/** An encoding in which a letter stands for a few bits of a text. */
interface BinaryEncoding {
  readonly encoding: 'base64' | 'hex';
  readonly signs: CharacterSet;
  readonly bits: 6 | 4;
  /** Letters of other text may stand right before the encoded text, so that it may begin at any of so many places. */
  readonly alignments: number;
}

const binaryEncodings: readonly BinaryEncoding[] = [
  { encoding: 'base64', signs: base64Characters, bits: 6, alignments: 4 },
  { encoding: 'hex', signs: hexCharacters, bits: 4, alignments: 2 },
];

/** What base64 and hex in a word stand for, where that holds a run of at least `length` of these signs. */
export function* decodeRuns(word: string, length: number, table: CharacterSet): Generator<string> {
  const unbroken = withLineBreaks(table);
  for (const packing of binaryEncodings) {
    const { encoding, bits, alignments } = packing;
    for (const part of runsOf(word, Math.ceil((length * 8) / bits), packing.signs)) {
      for (let skipped = 0; skipped < alignments; skipped++) {
        if (!holdsRun(part, skipped, bits, length, unbroken)) continue;
        const whole = encoding === 'hex' ? part.length - ((part.length - skipped) % 2) : part.length;
        yield Buffer.from(part.slice(skipped, whole), encoding).toString('latin1');
      }
    }
  }
}

const setsWithLineBreaks = new WeakMap<CharacterSet, CharacterSet>();

/** Line breaks are taken out before it is looked for runs again. */
function withLineBreaks(table: CharacterSet): CharacterSet {
  const found = setsWithLineBreaks.get(table) ?? characterSet('\0\t\n\r ', table);
  setsWithLineBreaks.set(table, found);
  return found;
}

/** `nextRun` over the bytes that a part stands for, without making them. */
function holdsRun(part: string, skipped: number, bits: 6 | 4, length: number, table: CharacterSet): boolean {
  const count = Math.floor(((part.length - skipped) * bits) / 8);
  const byteAt = bits === 6 ? base64Byte : hexByte;
  let begin = 0;
  let at = length - 1;
  while (at < count) {
    let back = at;
    while (back >= begin && table[byteAt(part, skipped, back)] === 1) back--;
    if (back < begin) return true;
    begin = back + 1;
    at = begin + length - 1;
  }
  return false;
}

const values = new Uint8Array(128);
[...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].forEach((sign, value) => {
  values[sign.charCodeAt(0)] = value;
});
values['-'.charCodeAt(0)] = 62;
values['_'.charCodeAt(0)] = 63;

function base64Byte(part: string, skipped: number, index: number): number {
  const bit = index * 8;
  const sign = skipped + Math.floor(bit / 6);
  const twelve = ((values[part.charCodeAt(sign)] ?? 0) << 6) | (values[part.charCodeAt(sign + 1)] ?? 0);
  return (twelve >> (4 - (bit % 6))) & 255;
}

function hexByte(part: string, skipped: number, index: number): number {
  const sign = skipped + index * 2;
  return (nibble(part.charCodeAt(sign)) << 4) | nibble(part.charCodeAt(sign + 1));
}

function nibble(code: number): number {
  return code <= 57 ? code - 48 : (code | 32) - 87;
}
