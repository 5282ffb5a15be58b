import { readFileSync } from 'node:fs';
import type { MethodRecord } from './method-record';

/** Where the record of a method is in the text of the file. */
interface MethodLine {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The documentation that the records were read from. */
export interface CatalogSource {
  readonly repository: string;
  readonly site: string;
  readonly license: string;
  readonly commit: string;
  /** Of the commit, such as 2026-08-21. */
  readonly date: string;
}

interface CatalogText {
  readonly text: string;
  readonly lines: ReadonlyMap<string, MethodLine>;
  readonly source: CatalogSource;
}

/**
 * The lines of methods.json. The file is read at the first use, in about a millisecond; a record is parsed when it is
 * needed.
 */
export class MethodLines {
  private read: CatalogText | undefined;
  private readonly parsed = new Map<string, MethodRecord>();

  constructor(private readonly file: string) {}

  /** The names of all methods as the vendor writes them, in alphabetical order. */
  names(): string[] {
    return Array.from(this.content().lines.values(), ({ name }) => name);
  }

  /** Returns a method's name as the vendor writes it. `lower` is in lower case. */
  nameOf(lower: string): string | undefined {
    return this.content().lines.get(lower)?.name;
  }

  /** `lower` is a name in lower case. */
  recordOf(lower: string): MethodRecord | undefined {
    const known = this.parsed.get(lower);
    if (known) return known;
    const { text, lines } = this.content();
    const line = lines.get(lower);
    if (!line) return undefined;
    const record = JSON.parse(text.slice(line.start, line.end)) as MethodRecord;
    this.parsed.set(lower, record);
    return record;
  }

  source(): CatalogSource {
    return this.content().source;
  }

  private content(): CatalogText {
    this.read ??= readText(readFileSync(this.file, 'latin1'));
    return this.read;
  }
}

/** Returns where each `"name":{…}` of the text is. The text is in ASCII, so that it takes a byte a character. */
function readText(text: string): CatalogText {
  const lines = new Map<string, MethodLine>();
  let at = text.indexOf('"methods":{\n') + '"methods":{\n'.length;
  while (text[at] === '"') {
    const end = text.indexOf('\n', at);
    const nameEnd = text.indexOf('"', at + 1);
    const name = text.slice(at + 1, nameEnd);
    const isLast = text[end - 1] !== ',';
    lines.set(name.toLowerCase(), { name, start: nameEnd + 2, end: isLast ? end : end - 1 });
    at = end + 1;
  }
  return { text, lines, source: sourceIn(text) };
}

function sourceIn(text: string): CatalogSource {
  const start = text.indexOf('{', 1);
  return JSON.parse(text.slice(start, text.indexOf(',\n', start))) as CatalogSource;
}
