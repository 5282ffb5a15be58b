const quote = 0x22;
const backslash = 0x5c;

/** Returns whether brackets are nested deeper than `max`, ignoring those inside strings. */
export function isDeeperThan(max: number, text: string): boolean {
  if (text.length <= 2 * max || !hasMoreBrackets(max, text) || maxNesting(text, false) <= max) return false;
  return maxNesting(text, true) > max;
}

/** Returns whether a text has more than `max` opening brackets. */
function hasMoreBrackets(max: number, text: string): boolean {
  let left = max;
  for (const sign of ['{', '['])
    for (let at = text.indexOf(sign); at >= 0; at = text.indexOf(sign, at + 1)) if (--left < 0) return true;
  return false;
}

function maxNesting(text: string, passStrings: boolean): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (passStrings && sign === quote) inString = !inString;
    else if (passStrings && inString && sign === backslash) at++;
    else if (inString) continue;
    else if (sign === 0x5b || sign === 0x7b) {
      if (++depth > deepest) deepest = depth;
    } else if (sign === 0x5d || sign === 0x7d) depth--;
  }
  return deepest;
}
