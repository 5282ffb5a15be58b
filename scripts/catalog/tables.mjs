import { linesOf } from './page-text.mjs';

/** Returns the tables of a text in order, each as rows of cells: YFM tables (`#| … |#`) and tables of pipes. */
export function tablesOf(text) {
  const { tables, rest } = yfmTablesOf(text);
  return [...tables, ...pipeTablesOf(rest)];
}

/** Returns a text without its YFM tables. */
export function withoutTables(text) {
  return yfmTablesOf(text).rest;
}

function yfmTablesOf(text) {
  const tables = [];
  let rest = '';
  let at = 0;
  for (let begin = text.indexOf('#|'); begin >= 0; begin = text.indexOf('#|', at)) {
    rest += text.slice(at, begin);
    const reader = new TableReader(text, begin + 2);
    tables.push(reader.read());
    at = reader.at;
  }
  return { tables, rest: rest + text.slice(at) };
}

/** Reads one YFM table. A row that is not closed ends where the next one or the table's end begins. */
class TableReader {
  rows = [];
  cells = undefined;
  from = 0;

  constructor(text, at) {
    this.text = text;
    this.at = at;
  }

  read() {
    while (this.at < this.text.length && !this.isNext('|#')) this.step();
    this.closeRow();
    this.at += 2;
    return this.rows;
  }

  step() {
    const code = this.codeEnd();
    if (code !== undefined) this.at = code;
    else if (this.isNext('\\')) this.at += 2;
    else if (this.isNext('#|')) this.at = endOfNested(this.text, this.at);
    else if (this.isNext('||')) this.rowMark();
    else if (this.isNext('|') && this.cells) this.closeCell(1);
    else this.at += 1;
  }

  rowMark() {
    if (!this.cells) this.openRow();
    else if (this.opensLine() && !this.endsLine()) {
      this.closeRow();
      this.openRow();
    } else {
      this.closeRow();
      this.at += 2;
    }
  }

  openRow() {
    this.cells = [];
    this.at += 2;
    this.from = this.at;
  }

  closeCell(length) {
    this.cells.push(this.text.slice(this.from, this.at).trim());
    this.at += length;
    this.from = this.at;
  }

  closeRow() {
    if (!this.cells) return;
    this.closeCell(0);
    this.rows.push(this.cells);
    this.cells = undefined;
  }

  opensLine() {
    return this.text.slice(this.text.lastIndexOf('\n', this.at) + 1, this.at).trim() === '';
  }

  endsLine() {
    const end = this.text.indexOf('\n', this.at);
    return this.text.slice(this.at + 2, end < 0 ? undefined : end).trim() === '';
  }

  isNext(mark) {
    return this.text.startsWith(mark, this.at);
  }

  /** Returns where the code that starts here ends; undefined if none does. Code within a sentence ends in its paragraph. */
  codeEnd() {
    if (!this.isNext('`')) return undefined;
    const [ticks] = /^`+/.exec(this.text.slice(this.at, this.at + 20));
    const end = this.text.indexOf(ticks, this.at + ticks.length);
    if (end < 0) return this.at + ticks.length;
    const code = this.text.slice(this.at, end);
    const isBlock = ticks.length >= 3 && this.opensLine();
    if (!isBlock && (/\n\s*\n/.test(code) || /\|\|\s*\n/.test(code))) return this.at + ticks.length;
    return end + ticks.length;
  }
}

function endOfNested(text, at) {
  const reader = new TableReader(text, at + 2);
  reader.read();
  return reader.at;
}

/** Returns the tables that Markdown writes with pipes and a line of dashes. */
function pipeTablesOf(text) {
  const tables = [];
  let rows = [];
  for (const { line, isCode } of [...linesOf(text), { line: '', isCode: false }]) {
    if (!isCode && /^\s*\|.*\|\s*$/.test(line)) rows.push(pipeCells(line));
    else {
      if (rows.length > 1 && rows[1].every((cell) => /^:?-+:?$/.test(cell))) tables.push([rows[0], ...rows.slice(2)]);
      rows = [];
    }
  }
  return tables;
}

function pipeCells(line) {
  const cells = line.trim().slice(1, -1).split('|');
  return cells.map((cell) => cell.trim());
}
