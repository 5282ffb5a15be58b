const quote = 0x22;
const backslash = 0x5c;

/** Returns whether brackets are nested deeper than `max`, ignoring those inside strings. */
export function isDeeperThan(max: number, text: string): boolean {
  if (text.length <= 2 * max || maxNesting(text, false) <= max) return false;
  return maxNesting(text, true) > max;
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
    else if (sign === 0x5b || sign === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (sign === 0x5d || sign === 0x7d) depth--;
  }
  return deepest;
}
