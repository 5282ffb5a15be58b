import { linesOf } from './page-text.mjs';

/** Returns the sections of a page in order: level, title, anchor and the text up to the next heading. */
export function sectionsOf(text) {
  const sections = [{ level: 0, title: '', anchor: undefined, lines: [] }];
  for (const { line, isCode } of linesOf(text)) {
    const heading = isCode ? null : /^(#{1,6})\s+(\S.*)$/.exec(line);
    if (heading) sections.push({ level: heading[1].length, ...titleOf(heading[2]), lines: [] });
    else sections.at(-1).lines.push(line);
  }
  return sections.map(({ lines, ...section }) => ({ ...section, text: lines.join('\n') }));
}

function titleOf(text) {
  const anchor = /\{#([^}]*)\}/.exec(text)?.[1];
  return { title: text.replace(/\{#[^}]*\}/g, '').trim(), anchor };
}

/** Returns the section whose title matches, and those after it up to one that ends the area or is of a higher level. */
export function areaOf(sections, begins, ends) {
  const first = sections.findIndex(({ title }) => begins.test(title));
  if (first < 0) return [];
  const rest = sections.slice(first + 1);
  const end = rest.findIndex(({ title, level }) => ends.test(title) || level <= 1);
  return [sections[first], ...(end < 0 ? rest : rest.slice(0, end))];
}
