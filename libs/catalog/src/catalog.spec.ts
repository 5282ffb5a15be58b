import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalog } from './catalog';

const catalog = new Catalog();
const anyName = fc.constantFrom(...catalog.names());
const inSomeCase = fc
  .tuple(anyName, fc.array(fc.boolean(), { minLength: 1 }))
  .map(
    ([name, upper]) =>
      [
        name,
        [...name].map((it, i) => (upper[i % upper.length] ? it.toUpperCase() : it.toLowerCase())).join(''),
      ] as const,
  );

describe('Catalog', () => {
  it('finds every method, written in any case', () => {
    for (const name of catalog.names()) expect(catalog.find(name)?.name).toBe(name);
    fc.assert(
      fc.property(inSomeCase, ([name, written]) => {
        expect(catalog.find(written)?.name).toBe(name);
        expect(catalog.effectOf(written)).toBe(catalog.effectOf(name));
        expect(catalog.suggest(written)).toEqual([]);
      }),
    );
  });

  it('knows nothing of other names, whatever they are', () => {
    const names = new Set(catalog.names().map((it) => it.toLowerCase()));
    const others = fc.oneof(fc.string(), fc.constantFrom('source', 'methods', '__proto__', 'constructor', 'crm', ''));
    fc.assert(
      fc.property(others, (name) => {
        fc.pre(!names.has(name.toLowerCase()));
        expect(catalog.find(name)).toBeUndefined();
        expect(catalog.effectOf(name)).toBeUndefined();
        expect(catalog.listing(name)).toBeUndefined();
        expect(catalog.unknownParameters(name, { a: 1 })).toEqual([]);
      }),
    );
  });

  it('says what a method needs, and where its page is', () => {
    expect(catalog.find('event.offline.get')).toMatchObject({ effect: 'consuming', scopes: [], needsApp: true });
    expect(catalog.find('user.get')).toMatchObject({ scopes: ['user', 'user_brief', 'user_basic'] });
    expect(catalog.find('crm.deal.add')).toMatchObject({
      effect: 'write',
      deprecatedFor: ['crm.item.add'],
      isBatchable: true,
      page: 'https://apidocs.bitrix24.com/api-reference/crm/deals/crm-deal-add.html',
    });
    expect(catalog.find('batch')).toMatchObject({ isBatchable: false });
    expect(catalog.find('catalog.product.download')).toMatchObject({ isBatchable: false, effect: 'write' });
  });

  describe('suggest', () => {
    it.each([
      ['crm.deals.list', 'crm.deal.list'],
      ['crm.dael.add', 'crm.deal.add'],
      ['user.gett', 'user.get'],
      ['disk.folder.children', 'disk.folder.getChildren'],
      ['TASKS.TASK.LSIT', 'tasks.task.list'],
    ])('finds for %s the method %s', (misspelt, name) => {
      expect(catalog.suggest(misspelt)[0]).toBe(name);
    });

    it('finds names that have all words of another name', () => {
      expect(catalog.suggest('bizproc.instances')).toEqual(['bizproc.workflow.instances']);
    });

    it('finds a method of which one letter was changed, lost or doubled', () => {
      const changed = fc.tuple(anyName, fc.nat(), fc.constantFrom('', 'q', 'double'));
      fc.assert(
        fc.property(changed, ([name, at, change]) => {
          fc.pre(name.length > 6);
          const i = at % name.length;
          const letter = change === 'double' ? name[i]!.repeat(2) : change;
          const misspelt = name.slice(0, i) + letter + name.slice(i + 1);
          fc.pre(catalog.effectOf(misspelt) === undefined);
          const suggested = catalog.suggest(misspelt);
          expect(suggested.length).toBeGreaterThan(0);
          expect(suggested.length).toBeLessThanOrEqual(3);
          for (const it of suggested) expect(catalog.effectOf(it)).toBeDefined();
        }),
      );
    });

    it('has nothing for texts that are no names, however long', () => {
      expect(catalog.suggest('x'.repeat(5_000_000))).toEqual([]);
      expect(catalog.suggest('')).toEqual([]);
      expect(catalog.suggest('quite.another.thing')).toEqual([]);
    });
  });

  describe('search', () => {
    it.each([
      ['create a deal', 'crm.deal.add'],
      ['list all contacts of CRM', 'crm.contact.list'],
      ['upload a file to a folder', 'disk.folder.uploadFile'],
      ['who is the current user', 'user.current'],
      ['delete a task', 'tasks.task.delete'],
      ['start a workflow', 'bizproc.workflow.start'],
      ['get the product rows of a deal', 'crm.deal.productrows.get'],
      ['close the working day', 'timeman.close'],
      ['employees of a department', 'im.department.employees.get'],
    ])('finds for "%s" the method %s', (task, name) => {
      expect(catalog.search(task)[0]).toBe(name);
    });

    it('finds at most ten methods that exist, for any text', () => {
      const texts = fc.oneof(
        fc.string(),
        fc.array(fc.constantFrom('deal', 'list', 'task', 'of', 'the', '🙂')).map((it) => it.join(' ')),
      );
      fc.assert(
        fc.property(texts, (text) => {
          const found = catalog.search(text);
          expect(found.length).toBeLessThanOrEqual(10);
          for (const name of found) expect(catalog.effectOf(name)).toBeDefined();
        }),
      );
      expect(catalog.search('deal '.repeat(1_000_000)).length).toBeGreaterThan(0);
      expect(catalog.search('')).toEqual([]);
    });
  });

  describe('listing', () => {
    it('says under which key, id, filter and order a list is read', () => {
      expect(catalog.listing('tasks.task.list')).toEqual({
        kind: 'pages',
        rows: 'tasks',
        id: 'id',
        start: 'start',
        byId: { filter: 'filter', order: 'order', id: 'ID', rowId: 'id' },
      });
      expect(catalog.listing('crm.item.list')).toMatchObject({ rows: 'items', byId: { id: 'id' } });
      expect(catalog.listing('crm.deal.list')).toMatchObject({ rows: '', byId: { id: 'ID' } });
      expect(catalog.listing('user.get')).toMatchObject({ kind: 'pages', byId: undefined });
      expect(catalog.listing('calendar.resource.list')).toMatchObject({ kind: 'whole', rows: '' });
    });

    it('says why the records of a method cannot be read page by page', () => {
      expect(catalog.listing('crm.deal.add')).toMatchObject({ kind: 'none', reason: 'not_a_read' });
      expect(catalog.listing('event.offline.get')).toMatchObject({ kind: 'none', reason: 'not_a_read' });
      expect(catalog.listing('crm.deal.get')).toMatchObject({ kind: 'none', reason: 'no_list' });
      expect(catalog.listing('task.item.list')).toMatchObject({ kind: 'none', reason: 'positional_parameters' });
      expect(catalog.listing('ai.engine.list')).toEqual({ kind: 'none', reason: 'own_paging', parameters: ['limit'] });
    });

    it('names the parameter that chooses a page, where that is not `start`', () => {
      expect(catalog.listing('biconnector.source.list')).toEqual({
        kind: 'own',
        rows: '',
        id: 'id',
        position: { name: 'page', counts: 'pages', limit: undefined },
      });
      const position = { name: 'OFFSET', counts: 'records', limit: 'LIMIT' };
      expect(catalog.listing('im.search.chat.list')).toMatchObject({ kind: 'own', position });
      expect(catalog.listing('bizproc.task.list')).toMatchObject({ kind: 'pages', start: 'START' });
    });
  });

  describe('unknownParameters', () => {
    it('names what a method does not know, in any case', () => {
      expect(catalog.unknownParameters('crm.deal.add', { fields: {}, params: {}, feilds: {} })).toEqual(['feilds']);
      expect(catalog.unknownParameters('user.get', { FILTER: {}, Sort: 'ID', sortt: 1 })).toEqual(['sortt']);
    });

    it('accepts parameters by position, patterns of names, and what every list takes', () => {
      expect(catalog.unknownParameters('task.item.list', { 0: {}, 1: {} })).toEqual([]);
      expect(catalog.unknownParameters('entity.section.add', { ENTITY: 'a', NAME: 'b', UF_COLOR: 'c' })).toEqual([]);
      expect(catalog.unknownParameters('crm.currency.list', { start: 50 })).toEqual([]);
    });

    it('has nothing to say of a method whose parameters are not documented', () => {
      expect(catalog.unknownParameters('rpa.task.do', { anything: 1 })).toEqual([]);
    });
  });

  it('reads its file at the first question only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'b24-catalog-'));
    const file = join(folder, 'methods.json');
    const late = new Catalog(file);
    writeFileSync(
      file,
      '{\n"source":{"site":"https://x/"},\n"methods":{\n"a.get":{"effect":"read","page":"a"},\n"b":{"effect":"write","page":"b"}\n}\n}\n',
    );
    expect(late.names()).toEqual(['a.get', 'b']);
    rmSync(folder, { recursive: true });
    expect(late.find('B')).toMatchObject({ name: 'b', effect: 'write', page: 'https://x/b.html' });
    expect(() => new Catalog(file).names()).toThrow();
  });
});
