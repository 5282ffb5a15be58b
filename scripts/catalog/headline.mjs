import { basename } from 'node:path';
import { plain, proseOf } from './page-text.mjs';

const dotted = /\b[a-z][a-z\d_]*(?:\.[a-z][a-z\d_]*)+\b/gi;
const callUrl = /\/rest\/(?:\*\*[^*]+\*\*\/){0,2}([a-z][\w.]*)(?:\.json)?["'\s]*$/gim;
const v3Url = /\/rest\/api\//;
/** Methods whose names have one word: they are known by their pages' examples only. */
const executed = /^>\s*(?:\*\*)?(?:who can (?:execute|perform)|permissions to execute)/im;
const notMethods = /^(?:BX24|B24|BX|bx24)\b|\.(?:php|md|js|json|html|com)$/;

/** Returns whether a page describes one method of version 2. */
export function isMethodPage(text, path) {
  return executed.test(text) && nameOf(text, path) !== undefined;
}

/** Returns whether a page's examples call version 3 only, which has its own names and rules. */
export function isVersion3(text) {
  return v3Url.test(text) && urlNames(text).length === 0;
}

/** Returns the name of the method that a page describes, as its examples or its title write it. */
export function nameOf(text, path) {
  const title = plain(/^#\s(.*)$/m.exec(text)?.[1] ?? '').replace(/\{#[^}]*\}/g, '');
  const names = (title.match(dotted) ?? []).filter((it) => !notMethods.test(it));
  const called = urlNames(text);
  const ofFile = [...names, ...called].find((it) => letters(it) === letters(basename(path, '.md')));
  if (ofFile !== undefined || called.length === 0) return ofFile ?? names.at(-1);
  const inTitle = names.find((name) => called.some((it) => same(it, name)));
  return inTitle ?? wordOf(title, called) ?? mostUsed(called);
}

function wordOf(title, called) {
  const words = title.split(/\s+/);
  return called.find((it) => words.some((word) => same(word, it)));
}

function letters(text) {
  return text.toLowerCase().replace(/[^a-z\d]/g, '');
}

function urlNames(text) {
  const names = [...text.matchAll(callUrl)].map(([, name]) => name.replace(/\.(?:json|xml)$/, ''));
  return names.filter((it) => it !== 'api');
}

function mostUsed(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function same(a, b) {
  return a.toLowerCase() === b.toLowerCase();
}

/** What some pages call a scope, and its name in the list of scopes (api-reference/scopes/permissions). */
const scopeNames = new Map([['sonet', 'sonet_group']]);

/** Returns the scopes that a page names; undefined if it names none. Any one of them is enough. */
export function scopesOf(text) {
  const line = /^>\s*(?:\*\*)?Scope:(.*)$/im.exec(text)?.[1];
  if (line === undefined) return undefined;
  const named = [
    ...plain(line)
      .replace(/\([^()]*\)/g, '')
      .matchAll(/`([^`]*)`/g),
  ].flatMap(([, it]) => it.split(/,\s*/));
  const scopes = named.filter((it) => /^[a-z][a-z\d_.]*$/.test(it) && it !== 'moduleId');
  return scopes.length > 0 ? [...new Set(scopes.map((it) => scopeNames.get(it) ?? it))] : undefined;
}

const onlyAdministrators =
  /^(?:an? |the |only |portal |bitrix24 |account )*administrators?(?: of the (?:portal|account))?\.?$/i;
const appOnly =
  /\b(?:only (?:works? )?|works? only )in the context of (?:an? |the |authorizing (?:the |an? )|application authorization )*\[?app/i;

const refusesWebhooks =
  /application context required|cannot be (?:bound|called|used) (?:with|via|through) an? (?:incoming )?webhook/i;

/** Returns who may call a method: an app only, an administrator only. */
export function callersOf(text) {
  const prose = proseOf(text);
  const who = /^>\s*(?:\*\*)?Who can (?:execute|perform) the (?:method|command)s?:(.*)$/im.exec(text)?.[1] ?? '';
  const needsApp = appOnly.test(prose) || refusesWebhooks.test(plain(prose)) || /in the application context/i.test(who);
  return { needsApp, needsAdministrator: onlyAdministrators.test(plain(who).replaceAll('`', '').trim()) };
}

const halted =
  /(?:development of (?:this|the) method (?:has been|is|was) (?:halted|stopped|discontinued|suspended)|\{% note \w+ "(?:deprecated(?: method)?|method development has been discontinued)" %\}|^\*\*deprecated\*\*|this method is deprecated|the method is deprecated)/im;

/** Returns whether a method is deprecated, and the methods to use instead, as far as the page names them. */
export function deprecationOf(text, name) {
  const prose = proseOf(text);
  const intro = prose.split(/^##\s/m)[0];
  const notice = halted.exec(intro);
  if (!notice) return undefined;
  const after = plain(intro.slice(notice.index, notice.index + 700)).split(/\{%\s*endnote/)[0];
  const names = [...after.matchAll(/\b[a-z][a-z\d_]*(?:\.[a-z][a-z\d_]*)+(?:\.\*)?/gi)].map(([it]) => it);
  const others = names.filter((it) => !same(it, name) && !notMethods.test(it));
  return [...new Set(others)];
}
