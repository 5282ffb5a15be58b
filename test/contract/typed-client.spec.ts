import { join } from 'node:path';
import { TypedProgram } from '../support/typed-program';

const folder = join('test', 'contract', 'typed-client');

/** What an editor and the compiler report of programs that use the client; the language service is both. */
describe('the types of the methods in the client', () => {
  let program: TypedProgram;

  beforeAll(() => {
    program = new TypedProgram(folder);
  });
  afterAll(() => {
    program.dispose();
  });

  it('let right calls compile: known, positional, unknown and computed methods, lists, batches, many portals', () => {
    expect(program.messagesOf('right-calls.ts')).toEqual([]);
  }, 120_000);

  it('refuse wrong calls: each of them is marked, and none of the marks is unused', () => {
    expect(program.messagesOf('wrong-calls.ts')).toEqual([]);
  }, 120_000);

  it.each([
    ['call', 'crm.deal.list'],
    ['call', 'crm.deal.add'],
    ['list', 'crm.deal.list'],
  ])('complete the names of methods: %s offers %s', (operation, name) => {
    expect(program.completions(`portal.${operation}('¦')`)).toContain(name);
  });

  it('offer for a list no method that is none', () => {
    expect(program.completions(`portal.list('¦')`)).not.toContain('crm.deal.add');
  });

  it.each([
    [`portal.call('crm.deal.add', { fields: { ¦ } })`, 'TITLE'],
    [`portal.call('crm.item.list', { ¦ })`, 'entityTypeId'],
    [`portal.call('crm.deal.add', { fields: { OPENED: '¦' } })`, 'Y'],
    [`portal.batch([{ method: '¦' }])`, 'crm.deal.list'],
    [`portal.batch([{ method: 'crm.item.list', params: { ¦ } }])`, 'entityTypeId'],
  ])('complete parameters, values and commands: %s', (text, name) => {
    expect(program.completions(text)).toContain(name);
  });
});
