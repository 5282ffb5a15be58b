import type { OpenApi, Operation, Parameter } from './api-types';

/** An operation that the panel can call. */
export interface Offer {
  readonly method: string;
  readonly path: string;
  readonly group: string;
  readonly operation: Operation;
}

const verbs = ['get', 'post', 'patch', 'put', 'delete'];

/** Everything of `/v1` that takes JSON or nothing, by tag, as the document has it. */
export function offersOf({ paths }: OpenApi): Offer[] {
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([verb]) => verbs.includes(verb))
        .map(([verb, operation]) => ({
          method: verb.toUpperCase(),
          path,
          operation,
          group: titled(operation.tags?.[0] ?? 'other'),
        })),
    );
}

export const isWrite = (method: string): boolean => method !== 'GET';

/** The path with its values in it; what is missing stays as it is in the document. */
export function urlOf(
  path: string,
  parameters: readonly Parameter[],
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

/** The same call as a service makes it; the key stays in the shell. */
export function curlOf(method: string, url: string, body: string | undefined): string {
  const parts = ['curl -s'];
  if (method !== 'GET' && !(method === 'POST' && body !== undefined)) parts.push(`-X ${method}`);
  parts.push('-H "Authorization: Bearer $KEY"');
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(oneLine(body))}`);
  parts.push(quoted(url));
  return parts.join(' \\\n  ');
}

/** What the body may look like, from the document's own example; undefined when there is none to send. */
export function exampleBody(api: OpenApi, { requestBody }: Operation): string | undefined {
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
