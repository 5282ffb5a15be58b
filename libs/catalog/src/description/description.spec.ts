import { Catalog } from '../catalog';
import { describeMethod } from './describe-method';
import { findMethods } from './summarize-method';

const catalog = new Catalog();

describe('the description of a method', () => {
  it('has its parameters with types and values, its result, its paging, its errors and its page', () => {
    expect(describeMethod(catalog, 'CRM.deal.list')).toMatchObject({
      method: 'crm.deal.list',
      effect: 'read',
      permissions: ['crm'],
      result: { type: expect.any(String), records: 'result', recordId: 'ID' },
      paging: expect.stringContaining('{"order":{"ID":"ASC"},"filter":{">ID":'),
      page: 'https://apidocs.bitrix24.com/api-reference/crm/deals/crm-deal-list.html',
    });
    expect(describeMethod(catalog, 'user.get')?.paging).toMatch(/`start`; without `next` it was the last page\.$/);
    expect(describeMethod(catalog, 'access.name')?.parameters).toEqual({ ACCESS: 'array, required' });
    expect(describeMethod(catalog, 'ai.engine.register')?.parameters?.['category']).toMatchObject({
      type: 'string, required',
      values: ['text', 'image', 'audio', 'call'],
      fields: { style: 'string' },
    });
  });

  it('says what a method needs, and what to use instead of a deprecated one', () => {
    expect(describeMethod(catalog, 'event.offline.get')?.notes).toContain('Needs an app; a webhook cannot call it.');
    expect(describeMethod(catalog, 'crm.deal.add')?.deprecatedFor).toEqual(['crm.item.add']);
    expect(describeMethod(catalog, 'rpa.task.do')?.notes).toEqual(['Its parameters are not documented.']);
    expect(describeMethod(catalog, 'rpa.task.do')).not.toHaveProperty('parameters');
    expect(describeMethod(catalog, 'task.item.list')?.notes).toEqual(['Send its parameters as a list, in this order.']);
  });

  it('names the fields of a record that examples show', () => {
    const { result } = describeMethod(catalog, 'crm.deal.list')!;
    expect(result).toMatchObject({ type: 'array', records: 'result', recordId: 'ID' });
    expect(result?.fields).toEqual(expect.arrayContaining(['ID', 'TITLE', 'STAGE_ID']));
  });

  it('says how pages are chosen', () => {
    const pagingOf = (name: string) => describeMethod(catalog, name)?.paging;
    expect(pagingOf('ai.engine.list')).toBe('By its own parameters: limit.');
    expect(pagingOf('biconnector.source.list')).toBe('Pages of 50: `page` is the number of the page, from 1.');
    expect(pagingOf('im.search.chat.list')).toBe(
      'Pages of `LIMIT` records: `OFFSET` is the number of records before the page.',
    );
    expect(pagingOf('calendar.resource.list')).toBe('All records come in one answer.');
  });

  it('is there for every method, without a mark of the data, and for no other name', () => {
    const texts = catalog.names().map((name) => JSON.stringify(describeMethod(catalog, name)));
    expect(texts.filter((text) => /!"|undefined/.test(text))).toEqual([]);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThan(30_000);
    expect(describeMethod(catalog, 'crm.deals.list')).toBeUndefined();
  });
});

describe('the methods found for a task', () => {
  it('are shown with their effect, permission and one line of parameters, required ones first', () => {
    const [first] = findMethods(catalog, 'create a task');
    expect(first).toMatchObject({ method: 'tasks.task.add', effect: 'write', permission: 'task' });
    expect(first?.parameters).toMatch(/^fields: /);
    expect(findMethods(catalog, 'who is the current user')[0]).toMatchObject({
      method: 'user.current',
      parameters: 'none',
    });
    expect(findMethods(catalog, 'update user field config')[0]?.parameters).not.toMatch(/\?: .*[^?]: /);
  });

  it('are those that are wanted, the best first', () => {
    const found = findMethods(catalog, 'create a task', (name) => name.startsWith('crm.'));
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter(({ method }) => !method.startsWith('crm.'))).toEqual([]);
  });

  it('have lines of at most 180 characters that say how much they leave out', () => {
    const tasks = ['register an engine', 'create a lead', 'add a calendar event', 'send a message', 'update a product'];
    const lines = tasks.flatMap((task) => findMethods(catalog, task).map(({ parameters = '' }) => parameters));
    expect(lines.filter((line) => line.length > 180)).toEqual([]);
    expect(lines.filter((line) => line.endsWith(' more')).length).toBeGreaterThan(0);
  });
});
