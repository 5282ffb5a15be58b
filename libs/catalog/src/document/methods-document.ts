import type { Catalog } from '../catalog';
import type { Method } from '../method';
import type { MethodSchema } from './json-schema';
import { methodOperation, operationIdOf, tagOf } from './method-operation';
import { responseNameOf, responseOf } from './result-response';

/** The gateway's own OpenAPI document, whose components the methods share. */
export interface BaseDocument {
  readonly openapi: string;
  readonly info: MethodSchema;
  readonly servers: unknown;
  readonly security: unknown;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Of every operation. */
const parameters = ['portal', 'Idempotency-Key', 'X-Request-Id', 'X-Deadline-Ms'];
const problem = {
  description: 'Why the call failed.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

/** The name of the document that has every method. */
const allMethods = 'bitrix24';

/** Returns the names of the documents: one with every method, and one for each permission. */
export function methodDocumentNames(catalog: Catalog): string[] {
  return [allMethods, ...new Set(methodsOf(catalog).map(tagOf))];
}

/** Returns, for each method, the document and the operation that it is in. */
export function methodIndex(catalog: Catalog): Record<string, readonly [document: string, operationId: string]> {
  return Object.fromEntries(methodsOf(catalog).map((it) => [it.name, [tagOf(it), operationIdOf(it.name)]]));
}

/**
 * Returns an OpenAPI document with an operation for each method that needs a permission, or for every method. They are the
 * methods of `POST /v1/portals/{portal}/call/{method}`.
 */
export function methodsDocument(catalog: Catalog, base: BaseDocument, name = allMethods): MethodSchema {
  const methods = methodsOf(catalog).filter((it) => name === allMethods || tagOf(it) === name);
  const responses: Record<string, MethodSchema> = { Problem: problem };
  const paths: Record<string, MethodSchema> = {};
  for (const method of methods) {
    const shape = catalog.shapeOf(method.name);
    const answer = shape.result?.fields ? operationIdOf(method.name) : responseNameOf(shape);
    responses[answer] ??= responseOf(shape);
    paths[`/v1/portals/{portal}/call/${method.name}`] = {
      parameters: parameters.map((it) => ({ $ref: `#/components/parameters/${it}` })),
      post: methodOperation(method, answer),
    };
  }
  const { openapi, info, servers, security } = base;
  const tags = [...new Set(methods.map(tagOf))].sort().map((tag) => ({
    name: tag,
    description: `Methods of the permission \`${tag}\`.`,
  }));
  const title = name === allMethods ? 'Bitrix24 through b24-gateway' : `Bitrix24 through b24-gateway: ${name}`;
  const own = { openapi, info: { ...info, title, description: descriptionOf(catalog) }, servers, security, tags };
  return { ...own, paths, components: { ...usedComponents(base, { paths, responses }), responses } };
}

function methodsOf(catalog: Catalog): Method[] {
  return catalog.names().flatMap((name) => catalog.find(name) ?? []);
}

function descriptionOf(catalog: Catalog): string {
  const { repository, commit, date } = catalog.source();
  return `The methods of Bitrix24's REST API, each as an operation. Names, types and codes are facts of [the vendor's documentation](${repository}) as of ${date} (${commit.slice(0, 12)}); where it is wrong, a call is sent as it is all the same.`;
}

/** Returns the components of the base document that these parts refer to, directly or not. */
function usedComponents({ components }: BaseDocument, parts: unknown): Record<string, Record<string, unknown>> {
  const used: Record<string, Record<string, unknown>> = { securitySchemes: { ...components['securitySchemes'] } };
  const pending = [parts];
  while (pending.length > 0) {
    for (const [, kind = '', name = ''] of JSON.stringify(pending.pop()).matchAll(reference)) {
      const component = components[kind]?.[name];
      if (component === undefined || used[kind]?.[name] !== undefined) continue;
      (used[kind] ??= {})[name] = component;
      pending.push(component);
    }
  }
  return used;
}

const reference = /"\$ref":"#\/components\/(\w+)\/([\w.-]+)"/g;
