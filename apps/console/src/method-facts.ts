import { call } from './api';

/** A documented parameter of a method of Bitrix24. */
export interface MethodParameter {
  readonly name: string;
  /** Such as `integer`, `string[]` or `any`. */
  readonly type: string;
  readonly isRequired: boolean;
  /** Undefined if any value may be sent. */
  readonly values?: readonly string[];
}

/** What the catalog knows of a method. */
export interface MethodFacts {
  readonly effect: 'read' | 'write' | 'consuming';
  /** The vendor's page about it. */
  readonly page: string;
  readonly parameters: readonly MethodParameter[];
}

interface ParameterSchema {
  readonly type?: string | readonly string[];
  readonly items?: ParameterSchema;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, ParameterSchema>>;
  readonly required?: readonly string[];
}

interface MethodsDocument {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly post: {
          readonly 'x-bitrix24-effect': MethodFacts['effect'];
          readonly externalDocs: { readonly url: string };
          readonly requestBody: {
            readonly content: { readonly 'application/json': { readonly schema: ParameterSchema } };
          };
        };
      }
    >
  >;
}

/** Returns undefined for a method that the catalog does not know. @throws as `call` */
export async function methodFacts(method: string, signal: AbortSignal): Promise<MethodFacts | undefined> {
  const index = await call<Readonly<Record<string, readonly [string, string]>>>(
    'GET',
    '/openapi/index.json',
    undefined,
    signal,
  );
  const [document] = new Map(Object.entries(index)).get(method) ?? [];
  if (document === undefined) return undefined;
  return factsIn(await call<MethodsDocument>('GET', `/openapi/${document}.json`, undefined, signal), method);
}

export function factsIn({ paths }: MethodsDocument, method: string): MethodFacts | undefined {
  const operation = paths[`/v1/portals/{portal}/call/${method}`]?.post;
  if (!operation) return undefined;
  const { params = {} } = operation.requestBody.content['application/json'].schema.properties ?? {};
  const { properties = {}, required = [] } = params;
  return {
    effect: operation['x-bitrix24-effect'],
    page: operation.externalDocs.url,
    parameters: Object.entries(properties).map(([name, schema]) => ({
      name,
      type: typeOf(schema),
      isRequired: required.includes(name),
      ...(schema.enum && { values: schema.enum }),
    })),
  };
}

function typeOf({ type, items }: ParameterSchema): string {
  if (type === undefined) return 'any';
  if (typeof type !== 'string') return type.join(' or ');
  return type === 'array' && typeof items?.type === 'string' ? `${items.type}[]` : type;
}

/**
 * Returns the body with one more parameter, which has a first value of its type to be replaced; the same body if the
 * parameter is there, and undefined if the body is no object that can have it.
 */
export function withParameter(body: string, { name, type, values }: MethodParameter): string | undefined {
  const sent = readObject(body);
  if (!sent) return undefined;
  const { params = {} } = sent;
  if (!isPlainObject(params)) return undefined;
  if (Object.hasOwn(params, name)) return body;
  return JSON.stringify({ ...sent, params: { ...params, [name]: values?.[0] ?? firstValue(type) } }, null, 2);
}

function firstValue(type: string): unknown {
  if (type.startsWith('object')) return {};
  if (type === 'array' || type.endsWith('[]')) return [];
  if (type.startsWith('integer') || type.startsWith('number')) return 1;
  return type.startsWith('boolean') ? true : '';
}

function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() || '{}');
    return isPlainObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
