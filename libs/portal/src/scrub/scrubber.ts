import type { Secret } from '../secret';
import { decodeEscapes, withoutLineBreaks } from './escapes';
import { mapJsonStrings } from './json-strings';
import { type SecretPattern, secretPattern, redactPattern } from './secret-pattern';
import { decodeRuns } from './binary-encodings';
import {
  encodingCharacters,
  findRun,
  runsOf,
  type CharacterSet,
  extendedSet,
  wordsContaining,
  wordsWithRuns,
} from './character-runs';
import { isTokenLink, restPath } from './vendor-links';

/** What stands where a secret stood. */
export const secretRemoved = '[secret]';
/** What stands where a link stood that lets in whoever holds it. */
export const linkRemoved = "[link removed: it carries the portal's token]";

/** What is shorter would be found in any text; no token, code or webhook of the vendor is. */
const minSecretLength = 8;
/** Layers of encoding that are taken off, one more than anyone was seen to put on. */
const maxLayers = 4;
/** Runs are asked for no longer than this, however long the secrets: a link's token may be another one. */
const maxRunLength = 24;
/** `/rest/1/` and the shortest secret of a webhook. */
const minLinkLength = 16;
/**
 * How much may be decoded for one answer, in times its length and in characters. Nothing useful needs as much; of what
 * does, texts that may hide anything are removed.
 */
const maxDecodedRatio = 8;
const minDecodedLength = 1_000_000;
const maxDecodedLength = 32_000_000;

/** Returns a link without secrets that stands for another one; undefined if there is none. */
type ReplaceLink = (link: string) => string | undefined;

/**
 * Keeps secrets out of a portal's words, plain or encoded: percent, JSON, HTML, quoted-printable, base64 and hex, in
 * any order, four layers deep. Linear in the text; a text without a long run of letters and digits is not decoded.
 */
export class Scrubber {
  /** The shortest run that can hide a secret. */
  private readonly runLength: number;
  /** The shortest that can hide one without an escape or showing it plainly. */
  private readonly packedLength: number;
  private readonly signs: CharacterSet;
  private left = 0;

  private constructor(
    private readonly needles: readonly SecretPattern[],
    private readonly ownHost: string,
    private readonly replaceLink: ReplaceLink,
  ) {
    this.runLength = Math.min(maxRunLength, ...needles.map(({ middle }) => middle.length));
    this.packedLength = Math.ceil((this.runLength * 8) / 6);
    this.signs = extendedSet(encodingCharacters, needles.map(({ middle }) => middle).join(''));
  }

  /**
   * @param ownHost the portal's host: links to it that carry anybody's token are removed too
   * @param replaceLink returns a link without secrets that stands for another one
   */
  static of(secrets: readonly Secret[], ownHost = '', replaceLink: ReplaceLink = () => undefined): Scrubber {
    const texts = new Set(secrets.map((it) => it.reveal()).filter((it) => it.length >= minSecretLength));
    return new Scrubber([...texts].map(secretPattern), ownHost.toLowerCase().replace(/:\d+$/, ''), replaceLink);
  }

  /** An HTTP body: JSON string by string, anything else as one text. */
  body(body: string): string {
    if (!/^[\s\uFEFF]*[[{"]/.test(body)) return this.text(body);
    if (!this.mayReveal(body)) return body;
    this.begin(body.length);
    return mapJsonStrings(body, Math.min(this.runLength, minLinkLength), (it) => this.scrubbed(it));
  }

  /** A decoded value, names of members included. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((it) => this.value(it));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, it]) => [this.text(name), this.value(it)]));
  }

  /** One text. What reveals a secret in an encoding goes as a whole, what shows it plainly in its place only. */
  text(text: string): string {
    this.begin(text.length);
    return this.scrubbed(text);
  }

  private begin(length: number): void {
    this.left = Math.min(maxDecodedLength, Math.max(minDecodedLength, length * maxDecodedRatio));
  }

  private scrubbed(text: string): string {
    if (!this.mayReveal(withoutLineBreaks(text)) || !this.reveals(text, maxLayers)) return text;
    if (/^\s*(?:[a-z]{2,8}:)?\/\//i.test(text)) return this.replaceLink(text.trim()) ?? linkRemoved;
    const rest = text
      .split(/([\s"<>]+)/)
      .map((word) => (this.reveals(word, maxLayers) ? this.withoutPlain(word) : word))
      .join('');
    return this.reveals(rest, maxLayers) ? secretRemoved : rest;
  }

  private withoutPlain(word: string): string {
    if (isLink(word)) return this.replaceLink(word) ?? linkRemoved;
    return this.needles.reduce((rest, needle) => redactPattern(rest, needle, secretRemoved), word);
  }

  /** False for almost every text, at next to no cost; it may be a text that is still JSON. */
  private mayReveal(text: string): boolean {
    if (text.includes('rest/') || text.includes('rest\\/')) return true;
    if (findRun(text, 0, this.runLength, this.signs) < 0) return false;
    if (findRun(text, 0, this.packedLength, this.signs) >= 0) return true;
    for (const run of runsOf(text, this.runLength, this.signs)) if (/[%\\&=]/.test(run) || this.shows(run)) return true;
    return false;
  }

  private shows(word: string): boolean {
    const lower = word.toLowerCase();
    return this.needles.some(({ middle }) => lower.includes(middle));
  }

  private reveals(encoded: string, layers: number): boolean {
    this.left -= encoded.length;
    if (this.left < 0) return true;
    const text = withoutLineBreaks(encoded);
    for (const word of wordsContaining(text, restPath)) if (isTokenLink(word, this.ownHost)) return true;
    for (const word of wordsWithRuns(text, this.runLength, this.signs)) {
      if (this.shows(word) || isTokenLink(word, this.ownHost)) return true;
      if (layers > 0 && this.hides(word, layers)) return true;
    }
    return false;
  }

  private hides(word: string, layers: number): boolean {
    for (const text of decodeEscapes(word)) if (this.reveals(text, layers - 1)) return true;
    for (const text of decodeRuns(word, this.runLength, this.signs)) if (this.reveals(text, layers - 1)) return true;
    return false;
  }
}

function isLink(word: string): boolean {
  return word.includes('://') || word.includes(restPath) || /^\.{0,2}\/|%3a%2f%2f/i.test(word);
}
