import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Catalog } from '../../catalog/src';

const run = promisify(execFile);
const committed = 'libs/client/src/generated';
const files = ['operations.gen.ts', 'scopes.gen.ts', 'types.gen.ts', 'methods.gen.ts'];
const contents = (folder: string) => Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));

describe('the generated part of the client', () => {
  let folder: string;
  const generate = (document: string) => run(process.execPath, ['libs/client/generate.mjs', document, folder]);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'b24-generated-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is made of the openapi.json and the catalog that are committed (`npm run openapi` writes it)', async () => {
    await generate('openapi.json');
    expect(await contents(folder)).toEqual(await contents(committed));
  }, 60_000);

  it('has the types of every method of the catalog', async () => {
    const text = await readFile(join(committed, 'methods.gen.ts'), 'utf8');
    const methods = text.slice(text.indexOf('export interface BitrixMethods'));
    const typed = [...methods.matchAll(/^ {2}'?([^':]+)'?: \w+</gm)].map(([, name]) => name);
    expect(typed).toEqual(new Catalog().names());
  });

  it('adds no code for the methods of the catalog', async () => {
    const text = await readFile(join(committed, 'methods.gen.ts'), 'utf8');
    expect(text).not.toMatch(/^(export )?(const|let|var|function|class|enum|import)\b/m);
  });

  it('has a method for every operation of services, and follows the document when it gains one', async () => {
    const document = JSON.parse(await readFile('openapi.json', 'utf8')) as Record<string, Record<string, never>>;
    const changed = join(folder, 'changed.json');
    const operation = { operationId: 'brewTea', summary: 'Tea', responses: { 204: { description: 'Tea.' } } };
    await writeFile(
      changed,
      JSON.stringify({ ...document, paths: { ...document['paths'], '/v1/tea': { put: operation } } }),
    );
    await generate(changed);
    const [methods = ''] = await contents(folder);
    expect(methods).toContain('brewTea(options?: CallOptions): Promise<BrewTeaResponses[204]>');
    const ids = Object.entries(document['paths'] ?? {})
      .filter(([path]) => path.startsWith('/v1/'))
      .flatMap(([, verbs]) => Object.values(verbs as Record<string, { operationId: string }>))
      .map(({ operationId }) => operationId);
    expect(ids.filter((id) => !methods.includes(`  ${id}(`))).toEqual([]);
  }, 60_000);

  it('is of the version of the gateway whose document it was made of', async () => {
    const versions = await Promise.all(
      ['package.json', 'libs/client/package.json'].map(
        async (file) => (JSON.parse(await readFile(file, 'utf8')) as { version: string }).version,
      ),
    );
    expect(versions[1]).toBe(versions[0]);
  });
});
