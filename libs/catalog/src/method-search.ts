import { synonymsOf, taskWords, wordsIn } from './search-words';

/** What a search knows of a method. */
export interface SearchedMethod {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly isDeprecated: boolean;
}

interface SearchEntry {
  readonly name: string;
  readonly words: readonly string[];
  readonly scopes: ReadonlySet<string>;
  readonly verb: string;
  readonly isDeprecated: boolean;
}

/** What a word of the task is worth: by word of names, and where only the scope has it or a word like it. */
interface WordScores {
  readonly byWord: ReadonlyMap<string, number>;
  readonly scopes: readonly string[];
}

const maxWords = 12;
const maxLength = 500;
const weights = { word: 4, synonym: 2.5, beginning: 2, scope: 1.5, verb: 1 };
/** Each word of a name that the task does not have takes this share of the score. */
const unusedShare = 0.25;
const deprecatedShare = 0.85;
/** Less than this share of the best score is no answer. */
const minShare = 0.5;
/** Shorter words begin too many others. */
const minBeginning = 4;

/**
 * Finds methods for a task described in words. A word counts by how few methods have it; a word that means the same counts
 * less; words of the name that the task does not have count against it.
 */
export class MethodSearch {
  private readonly entries: readonly SearchEntry[];
  private readonly frequencies = new Map<string, number>();

  constructor(methods: readonly SearchedMethod[]) {
    this.entries = methods.map(entryOf);
    for (const { words } of this.entries)
      for (const word of words) this.frequencies.set(word, (this.frequencies.get(word) ?? 0) + 1);
  }

  /** Returns up to `max` wanted names, the best first. */
  find(text: string, max: number, isWanted: (name: string) => boolean): string[] {
    const words = taskWords(text.slice(0, maxLength), maxWords).map((word) => this.scoresOf(word));
    const wanted = this.entries.filter(({ name }) => isWanted(name));
    const scored = wanted.map((entry) => ({ name: entry.name, score: scoreOf(entry, words) }));
    scored.sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
    const best = scored[0]?.score ?? 0;
    const good = scored.filter(({ score }) => score > 0 && score >= best * minShare);
    return good.slice(0, max).map(({ name }) => name);
  }

  private scoresOf(word: string): WordScores {
    const same = synonymsOf(word);
    const known = [...this.frequencies.keys()].filter((it) => beginsAlike(it, word));
    const scored = [
      ...known.map((it) => [it, weights.beginning] as const),
      ...same.map((it) => [it, weights.synonym] as const),
      [word, weights.word] as const,
    ];
    const byWord = new Map(scored.map(([it, weight]) => [it, weight * this.rarityOf(it)]));
    return { byWord, scopes: [word, ...same] };
  }

  private rarityOf(word: string): number {
    return Math.log2(1 + this.entries.length / (this.frequencies.get(word) ?? 1)) / 4 + 0.5;
  }
}

function entryOf({ name, scopes, isDeprecated }: SearchedMethod): SearchEntry {
  const [verb = ''] = wordsIn(name.slice(name.lastIndexOf('.') + 1));
  return { name, words: wordsIn(name), scopes: new Set(scopes.flatMap((it) => wordsIn(it))), verb, isDeprecated };
}

function beginsAlike(known: string, word: string): boolean {
  if (known.length < minBeginning || word.length < minBeginning) return false;
  return known.startsWith(word) || word.startsWith(known);
}

function scoreOf(entry: SearchEntry, words: readonly WordScores[]): number {
  const used = new Set<string>();
  let score = 0;
  for (const word of words) score += scoreOfWord(entry, word, used);
  const unused = entry.words.length - used.size;
  const fitting = score / (1 + unused * unusedShare);
  return entry.isDeprecated ? fitting * deprecatedShare : fitting;
}

/** Adds the word of the name that the word of the task stands for to `used`. */
function scoreOfWord(
  { words, scopes, verb }: SearchEntry,
  { byWord, scopes: like }: WordScores,
  used: Set<string>,
): number {
  let best: { word: string; score: number } | undefined;
  for (const word of words) {
    const score = byWord.get(word) ?? 0;
    if (score > (best?.score ?? 0)) best = { word, score };
  }
  if (best === undefined) return like.some((it) => scopes.has(it)) ? weights.scope : 0;
  used.add(best.word);
  return best.score + (best.word === verb ? weights.verb : 0);
}
