import { factsIn, withParameter } from './method-facts';

const operation = (effect: 'read' | 'write', params: object) => ({
  post: {
    'x-bitrix24-effect': effect,
    externalDocs: { url: 'https://apidocs.bitrix24.com/page.html' },
    requestBody: { content: { 'application/json': { schema: { type: 'object', properties: { params } } } } },
  },
});
const documents = {
  paths: {
    '/v1/portals/{portal}/call/crm.item.update': operation('write', {
      properties: { entityTypeId: { type: 'integer' }, mode: { type: 'string', enum: ['a', 'b'] }, any: {} },
      required: ['entityTypeId'],
    }),
    '/v1/portals/{portal}/call/crm.deal.list': operation('read', {
      properties: { select: { type: 'array', items: { type: 'string' } }, id: { type: ['integer', 'string'] } },
    }),
    '/v1/portals/{portal}/call/profile': operation('read', {}),
  },
};
const filter = { name: 'filter', type: 'object', isRequired: false };

describe('the facts of a method', () => {
  it('are its effect, its page and its parameters', () => {
    expect(factsIn(documents, 'crm.item.update')).toEqual({
      effect: 'write',
      page: 'https://apidocs.bitrix24.com/page.html',
      parameters: [
        { name: 'entityTypeId', type: 'integer', isRequired: true },
        { name: 'mode', type: 'string', isRequired: false, values: ['a', 'b'] },
        { name: 'any', type: 'any', isRequired: false },
      ],
    });
    const types = factsIn(documents, 'crm.deal.list')?.parameters.map(({ type }) => type);
    expect(types).toEqual(['string[]', 'integer or string']);
    expect(factsIn(documents, 'profile')?.parameters).toEqual([]);
    expect(factsIn(documents, 'no.such.method')).toBeUndefined();
  });
});

describe('a body with one more parameter', () => {
  const added = (body: string, parameter = filter) => JSON.parse(withParameter(body, parameter)!) as unknown;

  it('has what it had, and a first value of the type', () => {
    expect(added('{"params":{"select":["ID"]},"start":50}')).toEqual({
      params: { select: ['ID'], filter: {} },
      start: 50,
    });
    expect(added('')).toEqual({ params: { filter: {} } });
    const first = (type: string, values?: string[]) =>
      (added('{}', { ...filter, type, ...(values && { values }) }) as { params: { filter: unknown } }).params.filter;
    expect(['integer', 'string[]', 'array', 'boolean', 'string', 'any'].map((it) => first(it))).toEqual([
      1,
      [],
      [],
      true,
      '',
      '',
    ]);
    expect(first('string', ['Y', 'N'])).toBe('Y');
  });

  it('keeps a parameter that is there, and is none where it is no object', () => {
    expect(withParameter('{"params":{"filter":1}}', filter)).toBe('{"params":{"filter":1}}');
    for (const body of ['{', '[]', '7', '{"params":[1]}']) expect(withParameter(body, filter)).toBeUndefined();
  });
});
