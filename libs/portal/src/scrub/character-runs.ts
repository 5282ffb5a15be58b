/*
 * Every encoding of a secret that consists of letters and digits is an unbroken run of a few signs, at least as long as
 * the secret: base64 and hex consist of them, and so do percent, JSON and HTML escapes. A text without such a run hides
 * nothing, and almost every answer is a text without one.
 */

/** For each ASCII code, 1 where it is one of these signs. */
export type CharacterSet = Uint8Array;

const lettersAndDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
export const hexCharacters = characterSet('0123456789ABCDEFabcdef');
/** Both alphabets of RFC 4648. */
export const base64Characters = characterSet(`${lettersAndDigits}+/-_`);
/** Whatever an encoding consists of. */
export const encodingCharacters = characterSet(`${lettersAndDigits}+/=-_%&#;\\`);

export function characterSet(text: string, more: CharacterSet = new Uint8Array(128)): CharacterSet {
  const table = more.slice();
  for (const sign of text) table[sign.charCodeAt(0)] = 1;
  return table;
}

/** Returns a set with these signs too; the same set if it has all of them. */
export function extendedSet(table: CharacterSet, text: string): CharacterSet {
  for (let at = 0; at < text.length; at++) if (table[text.charCodeAt(at)] !== 1) return characterSet(text, table);
  return table;
}

/**
 * Where the next run of at least `length` signs begins, or -1. Looks at every `length`-th character and goes back from
 * there only, so that a text of short words costs a fraction of its length.
 */
export function findRun(text: string, from: number, length: number, table: CharacterSet): number {
  let begin = from;
  let at = from + length - 1;
  while (at < text.length) {
    let back = at;
    while (back >= begin && table[text.charCodeAt(back)] === 1) back--;
    if (back < begin) return begin;
    begin = back + 1;
    at = begin + length - 1;
  }
  return -1;
}

/** The runs of at least `length` signs, each as far as it goes. */
export function* runsOf(text: string, length: number, table: CharacterSet): Generator<string> {
  let end = 0;
  for (let begin = findRun(text, 0, length, table); begin >= 0; begin = findRun(text, end, length, table)) {
    end = begin + length;
    while (end < text.length && table[text.charCodeAt(end)] === 1) end++;
    yield text.slice(begin, end);
  }
}

/** The words of a text that hold a run of at least `length` signs; nothing in a link or an encoded text ends a word. */
export function* wordsWithRuns(text: string, length: number, table: CharacterSet): Generator<string> {
  let end = 0;
  for (let run = findRun(text, 0, length, table); run >= 0; run = findRun(text, end, length, table)) {
    const begin = wordStart(text, run, end);
    end = wordEnd(text, run);
    yield text.slice(begin, end);
  }
}

/** The words of a text that hold this part. */
export function* wordsContaining(text: string, part: string): Generator<string> {
  let end = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, end)) {
    const begin = wordStart(text, at, end);
    end = wordEnd(text, at);
    yield text.slice(begin, end);
  }
}

function wordStart(text: string, from: number, earliest: number): number {
  let begin = from;
  while (begin > earliest && !endsWord(text.charCodeAt(begin - 1))) begin--;
  return begin;
}

function wordEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && !endsWord(text.charCodeAt(end))) end++;
  return end;
}

/** White space and control characters, `"`, `<` and `>`. */
function endsWord(code: number): boolean {
  return code <= 32 || code === 34 || code === 60 || code === 62;
}
