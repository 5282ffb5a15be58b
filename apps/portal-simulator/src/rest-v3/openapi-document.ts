import { v3Methods } from './v3-methods';

/** What `rest.documentation.openapi` answers, without an envelope. */
export function openapiDocument(): unknown {
  const documented = Object.keys(v3Methods).filter((name) => !name.startsWith('lab.'));
  const modules = [...new Set(documented.map((name) => name.split('.')[0] ?? ''))];
  return {
    openapi: '3.0.0',
    info: { title: 'Bitrix24 REST V3 API', version: '1.0.0' },
    tags: modules.map((name) => ({ name, description: `${name} module methods` })),
    paths: Object.fromEntries(documented.map((name) => [`/${name}`, { post: operationOf(name) }])),
    components: { schemas: {} },
  };
}

function operationOf(name: string): unknown {
  return {
    tags: [name.split('.')[0]],
    requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
    responses: { 200: { description: 'Success', content: { 'application/json': { schema: { type: 'object' } } } } },
  };
}
