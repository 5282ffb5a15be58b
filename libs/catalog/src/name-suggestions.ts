import { distance } from 'fastest-levenshtein';

const maxSuggestions = 3;
/** A longer text is no misspelt name. */
const maxNameLength = 100;
/** Letters that may differ, as a share of the name. */
const maxShare = 0.3;

/** Returns the names that are most like a misspelt one, the most similar first. Takes at most some milliseconds. */
export function similarNames(misspelt: string, names: readonly string[]): string[] {
  if (misspelt.length > maxNameLength) return [];
  const lower = misspelt.toLowerCase();
  const max = Math.max(1, Math.floor(lower.length * maxShare));
  const near = names
    .filter((name) => Math.abs(name.length - lower.length) <= max)
    .map((name) => ({ name, letters: distance(lower, name.toLowerCase()) }))
    .filter(({ letters }) => letters <= max);
  near.sort((a, b) => a.letters - b.letters || (a.name < b.name ? -1 : 1));
  return near.slice(0, maxSuggestions).map(({ name }) => name);
}
