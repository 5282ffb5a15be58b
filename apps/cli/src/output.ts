import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import type { CommandFailure, CommandProblem } from './command-failure';

type Paint = (text: string) => string;
export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';
export type Style = Readonly<Record<Colour, Paint>>;

/** What is written to; a terminal says what colours it has. */
export type Stream = Pick<NodeJS.WritableStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'hasColors'>>;

const codes: Readonly<Record<Colour, readonly [number, number]>> = {
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** Colours on a terminal that has them, unless NO_COLOR asks for none (no-color.org). */
export function styleOf(stream: Stream, noColor: string | undefined): Style {
  const coloured = stream.isTTY === true && !noColor && stream.hasColors?.() === true;
  const paint = ([on, off]: readonly [number, number]): Paint =>
    coloured ? (text) => `\x1b[${on}m${text}\x1b[${off}m` : (text) => text;
  return Object.fromEntries(Object.entries(codes).map(([name, pair]) => [name, paint(pair)])) as unknown as Style;
}

/** Where a command writes: answers to one stream, problems to the other, for people or for programs. */
export class Output {
  private readonly style: Style;
  private readonly problemStyle: Style;

  constructor(
    private readonly out: Stream,
    private readonly err: Stream,
    readonly json: boolean,
    noColor: string | undefined,
  ) {
    this.style = styleOf(out, noColor);
    this.problemStyle = styleOf(err, noColor);
  }

  /** The answer: one document on one line, or whatever `words` makes of it. */
  print<T>(document: T, words: (document: T, style: Style) => string): void {
    this.out.write(`${this.json ? JSON.stringify(document) : words(document, this.style)}\n`);
  }

  /** A word beside the answer, for people only. */
  hint(sentence: string): void {
    if (!this.json) this.err.write(`${this.problemStyle.dim(plain(sentence))}\n`);
  }

  /** Help that was not asked for, since no command was named. */
  help(text: string): void {
    if (!this.json) this.err.write(text);
  }

  fail({ problem }: CommandFailure): void {
    this.err.write(`${this.json ? JSON.stringify(problem) : wordsOf(problem, this.problemStyle)}\n`);
  }
}

function wordsOf({ code, title, detail, ...more }: CommandProblem, style: Style): string {
  const { status, errors = [], upstream, authorizeUrl, retryAfterSeconds, requestId, retryable } = more;
  const retry = retryAfterSeconds === undefined ? 'yes' : `yes, in ${retryAfterSeconds} s`;
  const facts = {
    ...Object.fromEntries(errors.map(({ path, message }) => [path, message])),
    ...(upstream && {
      'the portal said': `${upstream.error} ${upstream.description} (${upstream.method}, ${upstream.status})`,
    }),
    ...(authorizeUrl && { 'mend it at': authorizeUrl }),
    ...(retryable && { 'ask again': retry }),
    ...(requestId && { 'request id': requestId }),
  };
  const head = `${style.red(`✗ ${plain(code)}`)}${status === undefined ? '' : ` (${status})`}: ${plain(title)}`;
  return [head, `  ${plain(detail)}`, ...(Object.keys(facts).length > 0 ? [factsOf(facts, style)] : [])].join('\n');
}

/** Names and values below each other; what has no value is left out. */
export function factsOf(facts: Readonly<Record<string, string | undefined>>, style: Style): string {
  const given = Object.entries(facts).flatMap(([name, value]) =>
    value === undefined ? [] : [[plain(name), value] as const],
  );
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `  ${style.dim(name.padEnd(width))}  ${plain(value)}`).join('\n');
}

export interface Column<T> {
  readonly title: string;
  readonly of: (row: T) => string | undefined;
  readonly colour?: (row: T) => Colour | undefined;
}

/** Aligned columns; a dash where there is nothing to say. */
export function tableOf<T>(columns: readonly Column<T>[], rows: readonly T[], style: Style): string {
  const texts = rows.map((row) => columns.map(({ of }) => plain(of(row) ?? '–')));
  const widths = columns.map(({ title }, i) => Math.max(title.length, ...texts.map((cells) => cells[i]?.length ?? 0)));
  const line = (cells: readonly string[], paint: (text: string, i: number) => string) =>
    cells.map((text, i) => paint(i < cells.length - 1 ? text.padEnd(widths[i] ?? 0) : text, i)).join('  ');
  const head = line(
    columns.map(({ title }) => title),
    style.bold,
  );
  const body = texts.map((cells, at) =>
    line(cells, (text, i) => {
      const colour = columns[i]?.colour?.(rows[at] as T);
      return colour ? style[colour](text) : text;
    }),
  );
  return [head, ...body].join('\n');
}

/** What others named can't move the cursor or colour the screen of whoever reads it. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '·');
}
