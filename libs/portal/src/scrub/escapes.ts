/*
 * Escapes, in which each letter of a text may stand for itself or be written in another way. Each kind is taken off by
 * itself: two at once could read as one escape what was half of another.
 */

type CaptureGroup = string | undefined;
type EscapeDecoder = (escape: string, ...parts: CaptureGroup[]) => string;

const percent: EscapeDecoder = (_, wide, narrow) => character(wide ?? narrow, 16);
const backslash: EscapeDecoder = (_, wide, narrow, sign) =>
  sign === undefined ? character(wide ?? narrow, 16) : (backslashed[sign] ?? sign);
const entity: EscapeDecoder = (it, hex, decimal, name) => {
  if (name !== undefined) return named[name.toLowerCase()] ?? it;
  return hex === undefined ? character(decimal, 10) : character(hex, 16);
};

/** The sign that each begins with, how it looks, what it means: in URLs, JSON, HTML and mail. */
const escapes: readonly (readonly [string, RegExp, EscapeDecoder])[] = [
  ['%', /%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/gi, percent],
  ['\\', /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([^ux]))/gi, backslash],
  ['&', /&(?:#x([0-9a-f]{1,16})|#([0-9]{1,16})|([a-z]{2,8}));?/gi, entity],
  ['=', /=([0-9a-f]{2})/gi, percent],
];

/** What a word says when one layer of escapes is taken off it, for each kind of escape that it has. */
export function* decodeEscapes(word: string): Generator<string> {
  for (const [sign, pattern, meaning] of escapes) {
    if (!word.includes(sign)) continue;
    const read = word.replace(pattern, meaning);
    if (read !== word) yield read;
  }
}

/** Without line breaks, which base64 and mail may hold anywhere, and the zeros between the letters of UTF-16. */
export function withoutLineBreaks(text: string): string {
  const broken = text.includes('\n') || text.includes('\r') || text.includes('\0');
  return broken ? text.replace(/=?[\r\n\0]+[ \t]*/g, '') : text;
}

const backslashed: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** The HTML names of signs that encoded texts consist of. */
const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  num: '#',
  semi: ';',
  percnt: '%',
  plus: '+',
  sol: '/',
  bsol: '\\',
  equals: '=',
  lowbar: '_',
  underbar: '_',
  dash: '-',
  hyphen: '-',
  period: '.',
  colon: ':',
  quest: '?',
  vert: '|',
  tab: '\t',
  newline: '\n',
};

function character(digits: CaptureGroup, base: 10 | 16): string {
  const code = parseInt(digits ?? '', base);
  return code <= 0xffff ? String.fromCharCode(code) : '\uFFFD';
}
