import { plain, proseOf } from './page-text.mjs';

/** Last segments of names that read, in lower case. Those of other methods, and of doubtful ones, count as writes. */
const readVerbs =
  /^(?:get(?!s?$)\w*|get|list(?:for\w+)?|statuslist|getlist|fields|count|current|info|types|search\w*|find\w*|tail|isactionallowed|isoffers|isenabled|isexists|canmovetask)$/;
/** Families of which every method reads: enumerations that nobody can change. */
const readFamilies = /^crm\.enum\./i;
/** Segments that make a name doubtful wherever they stand. */
const writeSegments =
  /^(?:add|answer|batch|clear|confirm|create|delete|finish|pay|pin|read|register|remove|reset|send|set|unregister|update|upload)$/;
/** What a page says its method does, when that is more than to read. */
const writes =
  /\b(?:method|it|which)\b[^.]{0,60}?\s(?:adds|binds|changes|clears|confirms|creates|deletes|generates|marks|modifies|registers|removes|resets|saves|sends|sets|updates)\b|\bit creates one\b|\bor modifies it\b/i;
const maxIntro = 1200;

/** Returns the last segment of a name in lower case. */
export function verbOf(name) {
  return name.slice(name.lastIndexOf('.') + 1).toLowerCase();
}

/** Returns what a method does as its name says, and why that is doubtful if it is. A doubtful method counts as a write. */
export function effectOf(name, text) {
  if (readFamilies.test(name)) return { effect: 'read' };
  if (!readVerbs.test(verbOf(name))) return { effect: 'write' };
  const inside = name
    .toLowerCase()
    .split('.')
    .slice(0, -1)
    .find((it) => writeSegments.test(it));
  if (inside !== undefined) return { effect: 'write', doubt: `the name contains ${inside}` };
  const evidence = writes.exec(introOf(text));
  if (evidence) return { effect: 'write', doubt: `the page says ${evidence[0].split(/\s/).at(-1)}` };
  return { effect: 'read' };
}

/** Returns what a page says before its first section, without notes and without who may call the method. */
function introOf(text) {
  const intro = proseOf(text)
    .split(/^##\s/m)[0]
    .replace(/\{%\s*note[\s\S]{0,2000}?endnote\s*%\}/g, '');
  const lines = plain(intro)
    .split('\n')
    .filter((line) => !/^\s*(?:>|#|\|)/.test(line));
  return lines.join('\n').slice(0, maxIntro);
}
