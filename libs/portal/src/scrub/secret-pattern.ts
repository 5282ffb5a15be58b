/** What to look for so that a secret is found, also if a little of it was cut off at either end. */
export interface SecretPattern {
  /** The secret in lower case: hex is the same secret in any case. */
  readonly secret: string;
  /** The middle of it. */
  readonly middle: string;
  /** Where the middle begins in the secret. */
  readonly offset: number;
}

/** Of a long secret three quarters give it away, of a shorter one all but one at either end, of a short one all of it. */
export function secretPattern(text: string): SecretPattern {
  const secret = text.toLowerCase();
  const { length } = secret;
  const cut = length >= 32 ? Math.floor(length / 4) : length >= 16 ? 1 : 0;
  return { secret, middle: secret.slice(cut, length - cut), offset: cut };
}

/** The text with each occurrence of the secret, as much of it as is there, replaced. */
export function redactPattern(text: string, needle: SecretPattern, replacement: string): string {
  const lower = text.toLowerCase();
  // Where lower case has another length, places in the one text are not places in the other.
  if (lower.length !== text.length) return lower.includes(needle.middle) ? replacement : text;
  let result = '';
  let done = 0;
  for (let at = lower.indexOf(needle.middle); at >= 0; at = lower.indexOf(needle.middle, done)) {
    const [begin, end] = extentOf(lower, needle, at, done);
    result += text.slice(done, begin) + replacement;
    done = end;
  }
  return result + text.slice(done);
}

/** How far the secret goes whose middle is at this place. */
function extentOf(
  lower: string,
  { secret, middle, offset }: SecretPattern,
  at: number,
  earliest: number,
): [number, number] {
  const begins = [at - offset, at].find((it) => it >= earliest && lower.startsWith(secret, it));
  if (begins !== undefined) return [begins, begins + secret.length];
  let begin = at;
  let before = offset;
  while (begin > earliest && before > 0 && lower[begin - 1] === secret[before - 1]) {
    begin--;
    before--;
  }
  let end = at + middle.length;
  let after = offset + middle.length;
  while (after < secret.length && lower[end] === secret[after]) {
    end++;
    after++;
  }
  return [begin, end];
}
