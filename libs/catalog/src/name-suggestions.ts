import { distance } from 'fastest-levenshtein';
import { wordsIn } from './search-words';

const maxSuggestions = 3;
/** A longer text is no misspelt name. */
const maxNameLength = 100;
/** Letters that may differ, as a share of the name. */
const maxShare = 0.3;
/** Of a text that is compared word by word. */
const maxWords = 10;
/** Letters are counted by the last bits of their code. */
const letterKinds = 32;

interface SuggestedName {
  readonly name: string;
  readonly lower: string;
  readonly letters: Uint8Array;
  readonly words: ReadonlySet<string>;
}

/** Finds the names that a misspelt one may stand for, in a fraction of a millisecond: callers may misspell thousands. */
export class NameSuggestions {
  private readonly names: readonly SuggestedName[];

  constructor(names: readonly string[]) {
    this.names = names.map((name) => {
      const lower = name.toLowerCase();
      return { name, lower, letters: lettersOf(lower), words: new Set(wordsIn(name)) };
    });
  }

  /** Returns up to three names: the most similar ones, or those with all its words. */
  find(misspelt: string): string[] {
    const similar = this.similarTo(misspelt.toLowerCase());
    return similar.length > 0 ? similar : this.withWordsOf(misspelt);
  }

  private similarTo(lower: string): string[] {
    if (lower.length > maxNameLength) return [];
    const max = Math.max(1, Math.floor(lower.length * maxShare));
    const letters = lettersOf(lower);
    const near = this.names
      .filter((it) => leastDistance(it.letters, letters) <= max)
      .map((it) => ({ name: it.name, changes: distance(lower, it.lower) }))
      .filter(({ changes }) => changes <= max);
    near.sort((a, b) => a.changes - b.changes || (a.name < b.name ? -1 : 1));
    return near.slice(0, maxSuggestions).map(({ name }) => name);
  }

  /** `tasks.list` has all its words in `tasks.task.list`. */
  private withWordsOf(misspelt: string): string[] {
    const words = wordsIn(misspelt, maxWords);
    if (words.length < 2) return [];
    const fitting = this.names.filter((it) => words.every((word) => it.words.has(word))).map(({ name }) => name);
    return fitting.sort((a, b) => a.length - b.length || (a < b ? -1 : 1)).slice(0, maxSuggestions);
  }
}

function lettersOf(lower: string): Uint8Array {
  const letters = new Uint8Array(letterKinds);
  for (let i = 0; i < lower.length; i++) letters[lower.charCodeAt(i) % letterKinds]!++;
  return letters;
}

/** Returns a bound that no distance of two texts is below: each change adds a letter, removes one, or both. */
function leastDistance(one: Uint8Array, other: Uint8Array): number {
  let [more, fewer] = [0, 0];
  for (let kind = 0; kind < letterKinds; kind++) {
    const difference = one[kind]! - other[kind]!;
    if (difference > 0) more += difference;
    else fewer -= difference;
  }
  return Math.max(more, fewer);
}
