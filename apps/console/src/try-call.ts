import type { OpenApi, DocumentedOperation, ApiParameter, SchemaReference } from './api-types';

/** An operation that the panel can call. */
export interface Offer {
  readonly method: string;
  readonly path: string;
  readonly group: string;
  readonly operation: DocumentedOperation;
  /** Without those of headers. */
  readonly parameters: readonly ApiParameter[];
}

const verbs = ['get', 'post', 'patch', 'put', 'delete'];

/** Returns the operations below `/v1`, in the order of the document. */
export function offersOf({ paths, components }: OpenApi): Offer[] {
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([verb]) => verbs.includes(verb))
        .map(([verb, operation]) => ({
          method: verb.toUpperCase(),
          path,
          operation,
          parameters: (operation.parameters ?? [])
            .flatMap((it) => resolved(it, components?.parameters) ?? [])
            .filter((it) => it.in !== 'header'),
          group: titled(operation.tags?.[0] ?? 'other'),
        })),
    );
}

/** Returns the parameter, or what a reference to a shared one leads to. */
function resolved(
  it: ApiParameter | SchemaReference,
  shared: Readonly<Record<string, ApiParameter>> = {},
): ApiParameter | undefined {
  return '$ref' in it ? shared[it.$ref.split('/').at(-1) ?? ''] : it;
}

export const isWrite = (method: string): boolean => method !== 'GET';

/** Returns the path with the values filled in; a missing value keeps its placeholder. */
export function urlOf(
  path: string,
  parameters: readonly ApiParameter[],
  values: Readonly<Record<string, string>>,
): string {
  const filled = path.replace(/\{(\w+)\}/g, (whole, name: string) => encodeURIComponent(values[name] ?? '') || whole);
  const query = new URLSearchParams();
  for (const { name, in: place } of parameters) {
    const value = values[name];
    if (place === 'query' && value) query.set(name, value);
  }
  return query.size > 0 ? `${filled}?${query}` : filled;
}

/** Returns the call as a curl command, which reads the key from the shell. */
export function curlOf(method: string, url: string, body: string | undefined): string {
  const parts = ['curl -s'];
  if (method !== 'GET' && !(method === 'POST' && body !== undefined)) parts.push(`-X ${method}`);
  parts.push('-H "Authorization: Bearer $KEY"');
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(oneLine(body))}`);
  parts.push(quoted(url));
  return parts.join(' \\\n  ');
}

/** Returns the example of the body in the document; undefined when the operation takes no body. */
export function exampleBody(api: OpenApi, { requestBody }: DocumentedOperation): string | undefined {
  const content = requestBody?.content['application/json'];
  if (!content) return undefined;
  const name = content.schema.$ref?.split('/').at(-1) ?? '';
  const example = content.example ?? content.schema.example ?? api.components?.schemas?.[name]?.example ?? {};
  return JSON.stringify(example, null, 2);
}

const worthShowing = [
  'x-request-id',
  'server-timing',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'location',
  'idempotent-replayed',
  'content-type',
];

export function shownHeaders(headers: Headers): [string, string][] {
  return worthShowing.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value] as [string, string]];
  });
}

function titled(tag: string): string {
  return tag.charAt(0).toUpperCase() + tag.slice(1);
}

function oneLine(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
