import 'reflect-metadata';
import { readFileSync, statSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { bareDocument } from './bare-document';

const verbs = ['get', 'post', 'patch', 'put', 'delete'] as const;

describe('the OpenAPI document', () => {
  let document: OpenAPIObject;

  beforeAll(async () => {
    document = await bareDocument();
  });

  const operations = () =>
    Object.values(document.paths).flatMap((path) => verbs.flatMap((verb) => (path[verb] ? [path[verb]] : [])));

  it('is committed as openapi.json (`npm run openapi` writes it)', () => {
    expect(JSON.parse(readFileSync('openapi.json', 'utf8'))).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('is OpenAPI 3.1 and smaller than 440 KiB', () => {
    expect(document.openapi).toBe('3.1.1');
    expect(statSync('openapi.json').size).toBeLessThan(440 * 1024);
  });

  it('refers to nothing that it does not hold, and holds no component that nothing refers to', () => {
    const text = JSON.stringify(document);
    const references = new Set([...text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, name]) => name));
    const { schemas, responses, parameters, headers, examples } = document.components ?? {};
    const components = Object.entries({ schemas, responses, parameters, headers, examples });
    const names = components.flatMap(([kind, members]) => Object.keys(members ?? {}).map((name) => `${kind}/${name}`));
    const unused = names.filter((name) => !references.has(name));
    expect([[...references].filter((name) => !names.includes(name ?? '')), unused]).toEqual([[], []]);
  });

  it('gives every operation a name of its own that makes a good method name', () => {
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id ?? ''))).toEqual([]);
  });

  it('describes every parameter and every field of every schema', () => {
    const parameters = [
      ...operations().flatMap((it) => it.parameters ?? []),
      ...Object.values(document.components?.parameters ?? {}),
    ];
    expect(parameters.filter((it) => !isDescribed(it))).toEqual([]);
    const { schemas = {} } = document.components ?? {};
    expect(Object.entries(schemas).flatMap(([name, schema]) => undescribedFields(schema, name))).toEqual([]);
  });

  it('shows an example of every body', () => {
    const bodies = Object.entries(document.components?.schemas ?? {}).filter(([name]) => /^New|Changes$/.test(name));
    expect(bodies.filter(([, it]) => !('example' in it)).map(([name]) => name)).toEqual([]);
  });

  it('documents for every operation with a key what a missing, wrong or insufficient key gets', () => {
    const keyed = operations().filter(({ security }) => security === undefined);
    expect(keyed.length).toBeGreaterThan(10);
    for (const { responses } of keyed)
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '503']));
  });
});

interface FieldSchema {
  readonly description?: string;
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly items?: FieldSchema;
  readonly additionalProperties?: FieldSchema | boolean;
  readonly anyOf?: readonly FieldSchema[];
  readonly oneOf?: readonly FieldSchema[];
  readonly allOf?: readonly FieldSchema[];
}

function isDescribed(it: object): boolean {
  return 'description' in it || '$ref' in it;
}

function undescribedFields(schema: FieldSchema, path: string): string[] {
  const { properties = {}, items, additionalProperties: others, anyOf = [], oneOf = [], allOf = [] } = schema;
  const inner = [
    ...anyOf,
    ...oneOf,
    ...allOf,
    ...(items ? [items] : []),
    ...(typeof others === 'object' ? [others] : []),
  ];
  return [
    ...inner.flatMap((it) => undescribedFields(it, path)),
    ...Object.entries(properties).flatMap(([name, field]) => [
      ...(isDescribed(field) ? [] : [`${path}.${name}`]),
      ...undescribedFields(field, `${path}.${name}`),
    ]),
  ];
}
