import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const includeTag = /\{%\s*include\s+(?:notitle\s+)?\[[^\]]*\]\(([^)]*)\)\s*%\}/g;
const entities = { '&nbsp;': ' ', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#124;': '|', '&amp;': '&' };
const maxDepth = 3;

/** Returns the text of a page with its includes in place; an include that is missing leaves nothing. */
export function readPage(folder, path, depth = 0) {
  const text = readFileSync(join(folder, path), 'utf8').replaceAll('\r\n', '\n');
  return text.replace(includeTag, (_, link) => {
    const [target] = link.split('#');
    const included = target.startsWith('/') ? target.slice(1) : join(dirname(path), target);
    if (depth === maxDepth || !existsSync(join(folder, included))) return '';
    return readPage(folder, included, depth + 1);
  });
}

/** Returns the lines of a text; `isCode` says whether a line belongs to a fenced block or is one of its fences. */
export function linesOf(text) {
  let fence;
  return text.split('\n').map((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined) {
      // A fence that ends on its own line is code within a sentence.
      if (mark !== undefined && !line.trim().slice(mark.length).includes('`')) fence = mark;
      return { line, isCode: fence !== undefined };
    }
    // The end of a row may follow on the line of the fence.
    if (mark?.startsWith(fence) && /^[`~\s]*(?:\|.*)?$/.test(line.trim())) fence = undefined;
    return { line, isCode: true };
  });
}

/** Returns the fenced blocks of a text: their language and their lines. */
export function codeBlocksOf(text) {
  const blocks = [];
  let open;
  for (const { line, isCode } of linesOf(text)) {
    const isFence = isCode && /^\s*(?:`{3,}|~{3,})/.test(line);
    if (isFence && open) {
      blocks.push({ language: open.language, text: open.lines.join('\n') });
      open = undefined;
    } else if (isFence)
      open = {
        language: line
          .trim()
          .replace(/^[`~]+/, '')
          .trim()
          .toLowerCase(),
        lines: [],
      };
    else if (isCode) open?.lines.push(line);
  }
  return blocks;
}

/** Returns a text without its fenced blocks. */
export function proseOf(text) {
  const lines = linesOf(text).filter(({ isCode }) => !isCode);
  return lines.map(({ line }) => line).join('\n');
}

/** Returns a text with HTML entities and tags, links and escapes resolved to what a reader sees. */
export function plain(text) {
  return text
    .replace(/<br\s*\/?>/gi, '\n')
    .replace(/<\/?[a-z][^<>]*>/gi, '')
    .replace(/&[a-z#\d]{2,6};/gi, (it) => entities[it.toLowerCase()] ?? it)
    .replace(/\[((?:[^[\]]|\[\])*)\]\([^()]*\)/g, '$1')
    .replace(/\\([\\*_|[\]<>`-])/g, '$1');
}
