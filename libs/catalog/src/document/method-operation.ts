import { type Method, needsOf } from '../method';
import { isRequired } from '../method-record';
import { type MethodSchema, schemaOfFields } from './json-schema';

const effectWords = {
  read: 'Reads, and may share a request with other calls.',
  write: 'Writes: it is sent once.',
  consuming: 'Reads, and changes what it reads: it is sent once.',
} as const;

/** Returns an id that generators turn into a function's name: `crmDealList`. */
export function operationIdOf(name: string): string {
  const [first = '', ...others] = name.split(/[._-]/);
  return first + others.map((it) => it.charAt(0).toUpperCase() + it.slice(1)).join('');
}

/** Returns the operation of one method. `answer` is the name of the shared response with its result. */
export function methodOperation(method: Method, answer: string): MethodSchema {
  const { name, deprecatedFor, errors, page } = method;
  const codes = Object.values(errors).flat();
  return {
    operationId: operationIdOf(name),
    tags: [tagOf(method)],
    summary: name,
    description: descriptionOf(method, codes),
    externalDocs: { url: page },
    ...(deprecatedFor && { deprecated: true }),
    ...(codes.length > 0 && { 'x-bitrix24-errors': errors }),
    'x-bitrix24-effect': method.effect,
    requestBody: { required: isAnyRequired(method), content: { 'application/json': { schema: bodyOf(method) } } },
    responses: {
      200: { $ref: `#/components/responses/${answer}` },
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** The first permission that a method names, else the first part of its name. */
export function tagOf({ name, scopes: [scope] }: Pick<Method, 'name' | 'scopes'>): string {
  return scope ?? name.split('.')[0] ?? name;
}

function descriptionOf(method: Method, codes: readonly string[]): string {
  const { effect, scopes, deprecatedFor } = method;
  const quoted = (names: readonly string[]) => names.map((it) => `\`${it}\``).join(', ');
  return [
    effectWords[effect],
    scopes.length > 0 && `Needs the permission ${scopes.map((it) => `\`${it}\``).join(' or ')}.`,
    ...needsOf(method),
    deprecatedFor && `Deprecated${deprecatedFor.length > 0 ? `; use ${quoted(deprecatedFor)}` : ''}.`,
    codes.length > 0 && `The portal's own codes, in \`upstream.error\`: ${quoted(codes)}.`,
  ]
    .filter((it) => it !== false && it !== undefined)
    .join(' ');
}

function isAnyRequired({ params = {} }: Method): boolean {
  return Object.values(params).some(isRequired);
}

function bodyOf(method: Method): MethodSchema {
  const { params } = method;
  if (!params) return { $ref: '#/components/schemas/Call' };
  return {
    type: 'object',
    properties: { params: schemaOfFields(params) },
    ...(isAnyRequired(method) && { required: ['params'] }),
  };
}
