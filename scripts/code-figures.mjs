import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { main, say, Stop } from './launch/say.mjs';
import { isGenerated, isTest, sourceFiles } from './source-files.mjs';

const skipped = (path) => isTest(path) || isGenerated(path) || path.endsWith('.d.ts');
const byNumber = (a, b) => a - b;
const at = (sorted, share) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
const median = (sorted) => at(sorted, 0.5);

/** Code that had many copies, and words that had many meanings. Each pattern is counted by folder. */
const counted = [
  ['`told`', /\btold\b/g],
  ['`kept`', /\bkept\b/g],
  ['`place`, `places`', /\bplaces?\b/g],
  ['files that turn an error of Redis into `store_unavailable`', /new Fault\('store_unavailable', \{ cause/g, 'files'],
  ['files that load a Lua script', /readFileSync\([^)]*\.lua/g, 'files'],
  ['casts of a Redis client to its scripts', /(?:redis|store)\w* as unknown as/gi],
  ['`type Swap`', /\btype Swap\b/g],
  ['`iso()`', /\b(?:function iso\(|const iso =)/g],
];

/**
 * Prints how long files and functions are, in lines, for each folder: `node scripts/code-figures.mjs apps/gateway/src libs`.
 * Tests and generated files are left out. Folders joined by `+` are one row. `--counts` prints how often the patterns
 * above occur there instead.
 */
main(async () => {
  const rows = process.argv.slice(2).filter((it) => it !== '--counts');
  if (rows.length === 0) throw new Stop('Usage: node scripts/code-figures.mjs [--counts] <folder>[+<folder>…] …');
  if (process.argv.includes('--counts')) return counts(rows.join('+'));
  say('| code | files | lines | median file | longest file | functions | median function | 90 % of functions |');
  say('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const row of rows) say(figuresOf(row));
});

function counts(row) {
  const texts = textsOf(row).map(({ text }) => text);
  for (const [name, pattern, what] of counted) {
    const each = texts.map((text) => text.match(pattern)?.length ?? 0);
    say(`| ${name} | ${each.reduce((sum, it) => sum + (what === 'files' ? Math.min(it, 1) : it), 0)} |`);
  }
}

function textsOf(row) {
  const paths = sourceFiles(row.split('+'), /\.(?:tsx?|m?js)$/).filter((path) => !skipped(path));
  return paths.map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}

function figuresOf(row) {
  const texts = textsOf(row);
  const files = texts.map(({ text }) => text.split('\n').length - 1).sort(byNumber);
  const functions = texts.flatMap(functionsIn).sort(byNumber);
  const lines = files.reduce((sum, it) => sum + it, 0);
  const columns = [row, files.length, lines, median(files), files.at(-1), functions.length, median(functions)];
  return `| ${[...columns, at(functions, 0.9)].join(' | ')} |`;
}

/** Returns the lengths of the functions that have a body in braces. */
function functionsIn({ path, text }) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position) => source.getLineAndCharacterOfPosition(position).line;
  const lengths = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body && ts.isBlock(node.body)) {
      lengths.push(lineOf(node.end) - lineOf(node.getStart(source)) + 1);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lengths;
}
