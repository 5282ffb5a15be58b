import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import type { OpenAPIObject } from '@nestjs/swagger';
import { bareDocument } from '../bare-document';

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

  it('gives every operation a name of its own that makes a good method name', () => {
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id ?? ''))).toEqual([]);
  });

  it('says what every parameter and every field of a named schema is, and shows an example of every body', () => {
    const explained = (it: object) => 'description' in it || '$ref' in it;
    const parameters = operations().flatMap(({ operationId = '', parameters = [] }) =>
      parameters.filter((it) => !explained(it)).map((it) => `${operationId} ${'name' in it ? it.name : ''}`),
    );
    const fields = Object.entries(document.components?.schemas ?? {}).flatMap(([schema, it]) =>
      Object.entries(('properties' in it && it.properties) || {})
        .filter(([, property]) => !explained(property))
        .map(([name]) => `${schema}.${name}`),
    );
    expect([...parameters, ...fields]).toEqual([]);
    const bodies = Object.entries(document.components?.schemas ?? {}).filter(([name]) => /^New|Changes$/.test(name));
    expect(bodies.filter(([, it]) => !('example' in it)).map(([name]) => name)).toEqual([]);
  });

  it('says of every operation with a key what a missing, wrong or too weak key gets', () => {
    const keyed = operations().filter(({ security }) => security?.length);
    expect(keyed.length).toBeGreaterThan(10);
    for (const { responses } of keyed)
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '503']));
  });
});
