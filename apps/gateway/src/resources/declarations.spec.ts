import { readFileSync } from 'node:fs';
import { batchedBytes } from '@b24/upstream';
import { coveragePage } from './coverage';
import { declaredCommand, inputSchema, pathIdNames } from './declaration';
import { declaredMethods, resources } from './declarations';
import { scopes } from './scopes';

const byId = (id: string) => {
  const found = declaredMethods.find((it) => it.id === id);
  if (!found) throw new Error(id);
  return found;
};
const duplicates = (names: readonly string[]) => names.filter((name, i) => names.indexOf(name) !== i);
/** An input that names every id of the path. */
const pathInput = (path: string) => Object.fromEntries(pathIdNames({ path }).map((name, i) => [name, i + 1]));

/** The scrum methods of docs/bitrix24-rules.md#scrum. */
const scrumMethods = {
  backlog: ['getFields', 'get', 'add', 'update', 'delete'],
  epic: ['getFields', 'add', 'get', 'update', 'delete', 'list'],
  sprint: ['getFields', 'add', 'get', 'update', 'delete', 'start', 'complete', 'list'],
  kanban: ['getFields', 'addStage', 'getStages', 'updateStage', 'deleteStage', 'addTask', 'deleteTask'],
  task: ['getFields', 'get', 'update'],
};

describe('resources', () => {
  it('have tags of their own, each with a sentence about it', () => {
    expect(duplicates(resources.map(({ tag }) => tag))).toEqual([]);
    expect(resources.filter(({ tag, about }) => !/^[a-z]+(-[a-z]+)*$/.test(tag) || !/^[A-Z].*\.$/.test(about))).toEqual(
      [],
    );
  });

  it('name their scope by one word, and every scope of a method exists', () => {
    expect(resources.filter(({ scope }) => !/^[a-z]+$/.test(scope))).toEqual([]);
    expect(declaredMethods.filter(({ scope }) => !scopes.includes(scope))).toEqual([]);
    expect(duplicates(scopes)).toEqual([]);
  });
});

describe('declared methods', () => {
  it('include every scrum method of Bitrix24', () => {
    const names = Object.entries(scrumMethods).flatMap(([of, methods]) =>
      methods.map((it) => `tasks.api.scrum.${of}.${it}`),
    );
    expect(declaredMethods.map(({ method }) => method)).toEqual(expect.arrayContaining(names));
  });

  it('have a method, an operation id and a route of their own', () => {
    expect(duplicates(declaredMethods.map(({ method }) => method))).toEqual([]);
    expect(duplicates(declaredMethods.map(({ id }) => id))).toEqual([]);
    expect(duplicates(declaredMethods.map(({ verb, path }) => `${verb} ${path.replace(/:\w+/g, ':id')}`))).toEqual([]);
  });

  it('say how a lost answer is settled if they write, and not if they read', () => {
    expect(declaredMethods.filter(({ verb, lost }) => (verb === 'get') !== (lost === undefined))).toEqual([]);
  });

  it('have an answer unless their status is 204', () => {
    expect(declaredMethods.filter(({ status, answer }) => (status === 204) !== (answer === undefined))).toEqual([]);
  });

  it('need a read scope to read and a write scope to write', () => {
    const wrong = declaredMethods.filter(({ scope, verb }) => scope.endsWith(':read') !== (verb === 'get'));
    expect(wrong).toEqual([]);
  });

  it('concern entities of the module that their name begins with, or descriptions of fields', () => {
    for (const declaration of declaredMethods) {
      const { entity } = declaredCommand(declaration, pathInput(declaration.path));
      const [module] = declaration.method.split('.');
      const family = declaration.path.endsWith('/fields') ? 'field descriptions' : module;
      expect([declaration.id, entity?.family]).toEqual([declaration.id, family]);
    }
  });

  it('agree on the entity if their paths end with the same id, so that a read can’t overtake a write of it', () => {
    const byLastId = declaredMethods.flatMap((declaration) => {
      const name = /:(\w+)Id(?:\/[a-z-]+)?$/.exec(declaration.path)?.[1];
      if (name === undefined || declaration.verb !== 'get') return [];
      const { entity } = declaredCommand(declaration, pathInput(declaration.path));
      return [[declaration.id, name, Object.keys(entity?.ids ?? {})] as const];
    });
    for (const [id, name, ids] of byLastId) expect([id, ids]).toEqual([id, [name]]);
  });

  it('are listed in docs/coverage.md (`npm run openapi` writes it)', () => {
    expect(readFileSync('docs/coverage.md', 'utf8')).toBe(coveragePage(declaredMethods));
  });

  it('accept their input as one JSON object with the rules of path, query and body', () => {
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

  it('share no request with a text that could read the results of other commands', () => {
    const add = (name: string) => declaredCommand(byId('addEpic'), { groupId: 125, name });
    expect(batchedBytes('m', add('Sign-up').params)).toBeGreaterThan(0);
    expect(batchedBytes('m', add('$result[c0]').params)).toBeUndefined();
  });
});
