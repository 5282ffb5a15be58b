import { readFileSync } from 'node:fs';
import { sharedSize } from '@b24/upstream';
import { coveragePage } from './coverage';
import { declaredCommand, inputSchema } from './declaration';
import { declarations } from './declarations';

const all = Object.values(declarations).flat();
const byId = (id: string) => {
  const found = all.find((it) => it.id === id);
  if (!found) throw new Error(id);
  return found;
};

/** The methods of docs/bitrix24-rules.md#scrum, listed by hand. */
const family = {
  backlog: ['getFields', 'get', 'add', 'update', 'delete'],
  epic: ['getFields', 'add', 'get', 'update', 'delete', 'list'],
  sprint: ['getFields', 'add', 'get', 'update', 'delete', 'start', 'complete', 'list'],
  kanban: ['getFields', 'addStage', 'getStages', 'updateStage', 'deleteStage', 'addTask', 'deleteTask'],
  task: ['getFields', 'get', 'update'],
};

describe('the declarations', () => {
  it('are every scrum method of the vendor, each once', () => {
    const methods = Object.entries(family).flatMap(([of, names]) =>
      names.map((name) => `tasks.api.scrum.${of}.${name}`),
    );
    expect(all.map(({ method }) => method).sort()).toEqual(methods.sort());
  });

  it('say of every write how it is settled, and of no read', () => {
    expect(all.filter(({ verb, lost }) => (verb === 'get') !== (lost === undefined))).toEqual([]);
    expect(all.filter(({ status, answer }) => (status === 204) !== (answer === undefined))).toEqual([]);
  });

  it('are told by docs/coverage.md (`npm run openapi` writes it)', () => {
    expect(readFileSync('docs/coverage.md', 'utf8')).toBe(coveragePage(all));
  });

  it('give each a key with the scope of its kind', () => {
    for (const { id, scope, verb, method } of all) {
      const kind = method.includes('.backlog.') ? 'backlog' : 'scrum';
      expect([id, scope]).toEqual([id, `${kind}:${verb === 'get' ? 'read' : 'write'}`]);
    }
  });

  it('take their input as one JSON object too, with the rules of path, query and body', () => {
    const refused = (id: string, input: object) =>
      inputSchema(byId(id))
        .safeParse(input)
        .error?.issues.map(({ path, message }) => [path.join('.'), message]);
    expect(refused('updateEpic', { epicId: 3, name: 'x' })).toBeUndefined();
    expect(refused('updateEpic', { epicId: 3 })).toEqual([['', 'Name at least one field to change.']]);
    expect(refused('updateEpic', { epicId: '3', name: '' })?.map(([path]) => path)).toEqual(['epicId', 'name']);
    expect(refused('listEpics', { groupId: 125, limit: 50 })).toBeUndefined();
    expect(refused('listEpics', { groupId: 125, limit: 51, nonsense: 1 })?.length).toBe(2);
    const dates = { dateStart: '2026-11-02T09:00:00Z', dateEnd: '2026-11-16T09:00:00+01:00' };
    expect(inputSchema(byId('addSprint')).parse({ groupId: 1, name: 'S', ...dates })).toHaveProperty(
      'status',
      'planned',
    );
  });

  it('let nobody share a request with a text that could read what others were told', () => {
    const add = (name: string) => declaredCommand(byId('addEpic'), { groupId: 125, name });
    expect(sharedSize('m', add('Sign-up').params)).toBeGreaterThan(0);
    expect(sharedSize('m', add('$result[c0]').params)).toBeUndefined();
  });
});
