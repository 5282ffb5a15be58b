/**
 * How many bits an attacker must guess who knows how people choose keys; an estimate from above. Each character counts by how
 * often it occurs (Shannon), and not at all where it goes on as the text before it: a repetition, or a run as in `abcd`.
 */
export function estimatedBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / text.length);
  const bitsPerCharacter = -shares.reduce((sum, share) => sum + share * Math.log2(share), 0);
  return bitsPerCharacter * newCharacters(text);
}

function newCharacters(text: string): number {
  const seen = new Set<string>();
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const triple = text.slice(Math.max(0, i - 2), i + 1).toLowerCase();
    const [a = 0, b = 0, c = 0] = [...triple].map((it) => it.charCodeAt(0));
    const goesOn = triple.length === 3 && c - b === b - a && Math.abs(c - b) <= 1;
    if (!goesOn && !seen.has(triple)) count++;
    if (triple.length === 3) seen.add(triple);
  }
  return count;
}
