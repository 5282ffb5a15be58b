import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@hey-api/openapi-ts';
import { format, resolveConfig } from 'prettier';
import { methodTypes } from './generate-methods.mjs';

/*
 * Usage: node generate.mjs [document] [target]. Writes the types (by @hey-api/openapi-ts) and a method for each operation,
 * by default from openapi.json into src/generated, and the types of Bitrix24's methods from the catalog. `npm run openapi`
 * runs it; a test compares the result to both.
 */
const here = (path) => new URL(path, import.meta.url).pathname;
const [source = here('../../openapi.json'), target = here('src/generated')] = process.argv.slice(2);
const described = JSON.parse(readFileSync(source, 'utf8'));
const document = ofServices(described);

await write('types.gen.ts', await typesOf(document));
await write('operations.gen.ts', operationsOf(document));
await write('scopes.gen.ts', scopesOf(document));
// A line for each method: it is not formatted.
writeFileSync(join(target, 'methods.gen.ts'), await methodTypes(described));

/** The document without what the hand-written client handles itself: headers, and problems, which have one type. */
function ofServices({ paths, components, ...rest }) {
  const served = Object.entries(paths).filter(([path]) => path.startsWith('/v1/'));
  return {
    ...rest,
    components: { schemas: components.schemas },
    paths: Object.fromEntries(
      served.map(([path, item]) => [
        path,
        Object.fromEntries(Object.entries(item).map(([verb, operation]) => [verb, lean(operation, components)])),
      ]),
    ),
  };
}

function lean({ parameters: shared = [], responses, ...rest }, components) {
  const parameters = shared.map((it) => (it.$ref ? components.parameters[it.$ref.split('/').at(-1)] : it));
  const headers = parameters.filter((it) => it.in === 'header').map(({ name }) => name);
  return {
    ...rest,
    headers,
    parameters: parameters.filter((it) => it.in !== 'header'),
    responses: Object.fromEntries(
      Object.entries(responses)
        .filter(([status]) => status.startsWith('2'))
        .map(([status, { headers: _, ...response }]) => [status, { ...response, ...oneContent(response) }]),
    ),
  };
}

/** Of an answer that is JSON or lines, the client takes the JSON. */
function oneContent({ content }) {
  const json = content?.['application/json'];
  return json && { content: { 'application/json': json } };
}

async function typesOf(input) {
  const folder = mkdtempSync(join(tmpdir(), 'b24-types-'));
  try {
    const output = { path: folder, entryFile: false };
    await createClient({ input, output, plugins: ['@hey-api/typescript'], logs: { level: 'silent' } });
    return readFileSync(join(folder, 'types.gen.ts'), 'utf8');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function operationsOf({ paths, components }) {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([verb, operation]) => methodsOf({ path, verb: verb.toUpperCase(), ...operation })),
  );
  const isPage = (name) => Boolean(components.schemas[name]?.properties?.nextCursor);
  const methods = operations.map((it) => methodOf(it, isPage));
  const text = methods.join('\n\n');
  const types = [...new Set(text.match(/\b[A-Z]\w+(Data|Responses)\b/g))].sort();
  return `// Generated from openapi.json by generate.mjs. Do not edit.
import { type Args, Caller, type Paged } from '../caller';
import type { CallOptions } from '../wire';
import type { ${types.join(', ')} } from './types.gen';

/** A method for each operation of the gateway. */
export abstract class Operations extends Caller {
${text}
}
`;
}

/** The scopes of client keys with their descriptions, for programs that offer them. */
function scopesOf({ components }) {
  return `// Generated from openapi.json by generate.mjs. Do not edit.

/** What each scope of a client key allows. */
export const scopeDescriptions = ${JSON.stringify(components.schemas.Scope['x-enum-descriptions'])} as const;
`;
}

/** An operation that can run as a job has a second method, which creates the job. */
function methodsOf(operation) {
  const { operationId, responses, headers } = operation;
  const [status] = Object.keys(responses);
  if (!headers.includes('Prefer')) return [{ ...operation, name: operationId, status }];
  const says = 'Returns at once with the job that does the work';
  const asJob = { name: `${operationId}AsJob`, status: '202', prefer: 'respond-async', says };
  return [
    { ...operation, name: operationId, status },
    { ...operation, ...asJob },
  ];
}

function methodOf(operation, isPage) {
  const { name, status, verb, path, parameters, requestBody, prefer, summary, says } = operation;
  const { [status]: response } = operation.responses;
  const [[type, content] = []] = Object.entries(response.content ?? {});
  const shape = type === 'application/x-ndjson' ? 'lines' : isPage(nameOf(content)) ? 'page' : 'one';
  const base = capital(operation.operationId);
  const answer = `${base}Responses[${status}]`;
  const returns = {
    lines: `AsyncGenerator<${answer}, void, undefined>`,
    page: `Paged<${answer}>`,
    one: `Promise<${answer}>`,
  };
  const needed = requestBody?.required || parameters.some(({ required }) => required);
  const takes = needed || requestBody || parameters.length > 0;
  const args = takes ? `args: Args<${base}Data>${needed ? '' : ' = {}'}, ` : '';
  const route = [`verb: '${verb}'`, `path: '${path}'`, `effect: '${effectOf(operation, shape)}'`];
  if (prefer) route.push(`prefer: '${prefer}'`);
  return `/** ${[summary, says].filter(Boolean).join('. ')}. \`${verb} ${path}\` */
${name}(${args}options?: CallOptions): ${returns[shape]} {
  return this.${shape}({ ${route.join(', ')} }, ${takes ? 'args' : '{}'}, options);
}`;
}

/** A write takes an Idempotency-Key, unless its answer is streamed. */
function effectOf({ headers }, shape) {
  if (!headers.includes('Idempotency-Key')) return 'read';
  return shape === 'lines' ? 'once' : 'write';
}

function nameOf(content) {
  return content?.schema.$ref?.split('/').at(-1);
}

function capital(name) {
  return name[0].toUpperCase() + name.slice(1);
}

async function write(name, text) {
  const file = join(target, name);
  writeFileSync(file, await format(text, { ...(await resolveConfig(here('generate.mjs'))), filepath: file }));
}
