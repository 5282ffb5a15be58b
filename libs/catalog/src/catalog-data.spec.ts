import { readFileSync, statSync } from 'node:fs';
import { Catalog } from './catalog';
import type { FieldRecord, MethodRecord } from './method-record';

const file = 'libs/catalog/src/methods.json';
const { methods } = JSON.parse(readFileSync(file, 'utf8')) as { methods: Record<string, MethodRecord> };
const corrections = JSON.parse(readFileSync('scripts/catalog/corrections.json', 'utf8')) as {
  readonly method: string;
  readonly effect?: string;
}[];
const decided = new Set(corrections.filter(({ effect }) => effect !== undefined).map(({ method }) => method));
const all = Object.entries(methods);
const withEffect = (effect: string) => all.filter(([, it]) => it.effect === effect).map(([name]) => name);

/** Parts of names that say that something changes. */
const changing =
  /^(?:activate|add|answer|apply|approve|attach|bind|cancel|clear|close|commit|complete|conduct|confirm|convert|copy|create|deactivate|defer|delegate|delete|disable|disapprove|download|enable|execute|expose|finish|hide|import|install|intercept|invite|join|kill|leave|lock|mark|merge|modify|move|mute|open|pause|pay|pin|publish|read|recall|register|remove|rename|renew|reset|restore|resume|save|send|set|share|skip|start|stop|subscribe|terminate|transfer|unbind|unlock|unmute|unpin|unregister|unsubscribe|unset|update|upload|vote)(?=$|[A-Z_\d]|all$|list$|batch$|file$)/;

describe('the data of the catalog', () => {
  it('is small enough to be read at once, in ASCII, one method a line in the order of names', () => {
    const text = readFileSync(file, 'latin1');
    expect(statSync(file).size).toBeLessThan(1_500_000);
    expect(text).toMatch(/^[\x00-\x7f]*$/);
    const names = text
      .split('\n')
      .slice(3, -3)
      .map((line) => line.slice(1, line.indexOf('"', 1)));
    expect(names).toEqual(Object.keys(methods));
    expect(names).toEqual([...names].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
    expect(new Set(names.map((it) => it.toLowerCase())).size).toBe(names.length);
  });

  it('has no sentences, only names', () => {
    const texts: string[] = [];
    const visit = (it: unknown): void => {
      if (typeof it === 'string') texts.push(it);
      if (typeof it !== 'object' || it === null) return;
      for (const [name, value] of Object.entries(it)) {
        texts.push(name);
        visit(value);
      }
    };
    for (const [, facts] of all) visit({ ...facts, missing: [] });
    expect(texts.filter((it) => /\s/.test(it))).toEqual([]);
  });

  it('counts no method as a read whose name says that it changes something', () => {
    const doubtful = withEffect('read').filter((name) =>
      name
        .split('.')
        .slice(1)
        .some((part) => changing.test(part)),
    );
    expect(doubtful.filter((name) => !decided.has(name))).toEqual([]);
  });

  it('counts as reads only verbs that read, and methods that were decided by hand', () => {
    const verbs =
      /^(?:get.*|list.*|fields|count|current|info|types|search.*|find.*|tail|is[a-z]+|canmovetask|statuslist)$/;
    const others = withEffect('read').filter(
      (name) => !verbs.test(name.slice(name.lastIndexOf('.') + 1).toLowerCase()),
    );
    expect(others.filter((name) => !decided.has(name) && !name.startsWith('crm.enum.'))).toEqual([]);
  });

  it('counts as writes the methods whose names read and whose pages do not', () => {
    const writes = ['im.notify.read.list', 'disk.storage.getForApp', 'salescenter.payment.getPublicUrl'];
    for (const name of [...writes, 'disk.file.getExternalLink', 'catalog.document.deleteList'])
      expect([name, methods[name]?.effect]).toEqual([name, 'write']);
    expect(withEffect('consuming')).toEqual(['event.offline.get', 'im.v2.Event.get', 'imbot.v2.Event.get']);
  });

  it('lists every method with its effect and every decision on the page of effects', () => {
    const page = readFileSync('docs/catalog-effects.md', 'utf8');
    const counts = [...page.matchAll(/^- \S+ \((\d+)\)/gm)].map(([, count]) => Number(count));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all.length);
    for (const name of decided) expect(page).toContain(`\`${name}\``);
  });

  it('is as complete as docs/catalog.md says', () => {
    const doc = readFileSync('docs/catalog.md', 'utf8');
    const incomplete = all.filter(([, { missing }]) => missing);
    const unread = incomplete.filter(([, { params, result }]) => !params && !result);
    const complete = all.length - incomplete.length;
    const row = [all.length, complete, incomplete.length - unread.length, unread.length];
    const share = (count: number) => `${count} (${((100 * count) / all.length).toFixed(1)} %)`;
    expect(doc.replace(/ +/g, ' ')).toContain(
      `| ${row[0]} | ${row
        .slice(1)
        .map((it) => share(it))
        .join(' | ')} |`,
    );
    expect(complete / all.length).toBeGreaterThan(0.9);
    for (const [name] of unread) expect(doc).toContain(`\`${name}\``);
  });

  it('has types that say whether a parameter is required, and of each list a way to read it', () => {
    const types: string[] = [];
    const visit = (field: FieldRecord): void => {
      if (typeof field === 'string') return void types.push(field);
      types.push(field.type);
      Object.values(field.fields ?? {}).forEach(visit);
    };
    for (const [, { params }] of all) Object.values(params ?? {}).forEach(visit);
    expect(types.filter((it) => !/^(?:[\w.:-]+(?:\[\])*(?:\|[\w.:-]+(?:\[\])*)*)?!?$/.test(it))).toEqual([]);
    const lists = all.filter(([, { effect, result }]) => effect === 'read' && result?.rows !== undefined);
    expect(lists.filter(([, { paging }]) => !paging)).toEqual([]);
  });

  it('names its source, its commit and its license, as NOTICE does', () => {
    const { repository, license, commit } = new Catalog().source();
    expect(commit).toMatch(/^[\da-f]{40}$/);
    const notice = readFileSync('NOTICE', 'utf8');
    expect(notice).toContain(repository);
    expect(notice).toContain(`License: ${license}`);
    expect(notice).toContain('Copyright (c) 2024 Bitrix24');
  });
});
