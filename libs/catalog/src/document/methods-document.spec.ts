import { readFileSync } from 'node:fs';
import { Catalog } from '../catalog';
import { schemaOfFields, schemaOfType } from './json-schema';
import { operationIdOf } from './method-operation';
import { type BaseDocument, methodDocumentNames, methodIndex, methodsDocument } from './methods-document';

const catalog = new Catalog();
const base = JSON.parse(readFileSync('openapi.json', 'utf8')) as BaseDocument;

interface ReadDocument {
  readonly paths: Readonly<Record<string, { post: { operationId: string; tags: string[]; deprecated?: true } }>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
const documentOf = (name?: string) => methodsDocument(catalog, base, name) as unknown as ReadDocument;

describe('the document of all methods', () => {
  const all = documentOf();
  const methodOf = (path: string) => path.split('/').at(-1);

  it('has an operation for each method, under its own name and id', () => {
    expect(Object.keys(all.paths).map(methodOf).sort()).toEqual([...catalog.names()].sort());
    const ids = Object.values(all.paths).map(({ post }) => post.operationId.toLowerCase());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refers only to components that it has, and has no other', () => {
    const has = Object.entries(all.components).flatMap(([kind, named]) =>
      Object.keys(named).map((name) => `#/components/${kind}/${name}`),
    );
    const used = new Set(
      Array.from(JSON.stringify(all).matchAll(/"\$ref":"([^"]+)"/g), ([, reference]) => reference ?? ''),
    );
    used.add('#/components/securitySchemes/key');
    expect([...used].sort()).toEqual(has.sort());
  });

  it('is divided among documents of the permissions without loss', () => {
    const [, ...permissions] = methodDocumentNames(catalog);
    const paths = permissions.flatMap((name) => Object.entries(documentOf(name).paths));
    expect(paths).toHaveLength(Object.keys(all.paths).length);
    for (const [path, item] of paths) expect(all.paths[path]).toEqual(item);
  });
});

it('the index leads from each method to its operation', () => {
  const index = Object.entries(methodIndex(catalog));
  expect(index.map(([name]) => name)).toEqual(catalog.names());
  for (const [name, [document, id]] of index.filter((_, i) => i % 50 === 0))
    expect(documentOf(document).paths[`/v1/portals/{portal}/call/${name}`]?.post.operationId).toBe(id);
});

describe('the schema of parameters', () => {
  it.each([
    ['integer', { type: 'integer' }],
    ['string[]', { type: 'array', items: { type: 'string' } }],
    ['object|string', { type: ['object', 'string'] }],
    ['object|diskfile', {}],
    ['catalog_catalog.id', { type: 'integer' }],
    ['sale_order.id[]', { type: 'array', items: { type: 'integer' } }],
    ['array', { type: 'array', items: {} }],
    ['something_new', {}],
    ['', {}],
  ])('of the type %j', (type, schema) => {
    expect(schemaOfType(type)).toEqual(schema);
  });

  it('names what is required, nests fields, lists values, and leaves out names that stand for others', () => {
    const fields = {
      fields: { type: 'object!', fields: { TITLE: 'string!', 'UF_*': 'any' } },
      rows: { type: 'object[]', fields: { ID: 'integer' } },
      mode: { type: 'string', values: ['a', 'b'] },
    };
    expect(schemaOfFields(fields)).toEqual({
      type: 'object',
      properties: {
        fields: { type: 'object', properties: { TITLE: { type: 'string' } }, required: ['TITLE'] },
        rows: { type: 'array', items: { type: 'object', properties: { ID: { type: 'integer' } } } },
        mode: { type: 'string', enum: ['a', 'b'] },
      },
      required: ['fields'],
    });
  });

  it('makes a name of a function from a name of a method', () => {
    expect(operationIdOf('tasks.api.scrum.backlog.getFields')).toBe('tasksApiScrumBacklogGetFields');
    expect(operationIdOf('imbot.v2.Chat.add')).toBe('imbotV2ChatAdd');
  });
});
