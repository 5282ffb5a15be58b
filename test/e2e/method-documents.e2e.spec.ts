import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { compileStrictly } from '../support/compile-strictly';

const run = promisify(execFile);
const binary = (name: string) => resolve('node_modules/.bin', name);

/** What a caller writes with each client. */
const caller = `
import * as hey from './hey';
import * as oazapfts from './oazapfts';

async function titles(portal: string): Promise<unknown[]> {
  const body = { params: { select: ['ID', 'TITLE'], start: 0 } };
  const one = await hey.crmDealList({ path: { portal }, body, throwOnError: true });
  const two = await oazapfts.crmDealList(portal, body);
  if (!('result' in two.data)) throw new Error(two.data.detail);
  return [...one.data.result, ...two.data.result].map(({ ID }) => ID);
}

// @ts-expect-error select is a list
void hey.crmDealList({ path: { portal: 'acme' }, body: { params: { select: 1 } } });
void titles;
`;

/** The document of all methods takes two minutes of CPU: `METHOD_DOCUMENTS=bitrix24 npm test -- method-documents`. */
const documents = (process.env['METHOD_DOCUMENTS'] ?? 'crm').split(',');

describe.each(documents)('clients that two generators make from /openapi/%s.json', (name) => {
  let folder: string;
  const document = resolve(`dist/programs/openapi/${name}.json`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'b24-methods-'));
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    const options = { cwd: folder, timeout: 120_000 };
    await run(binary('openapi-ts'), ['-i', document, '-o', 'hey', '-c', '@hey-api/client-fetch', '--silent'], options);
    await run(binary('oazapfts'), [document, 'oazapfts.ts'], options);
  }, 240_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('have a function for every method', async () => {
    const { paths } = JSON.parse(await readFile(document, 'utf8')) as {
      paths: Record<string, { post: { operationId: string } }>;
    };
    const ids = Object.values(paths).map(({ post }) => post.operationId);
    const hey = await readFile(join(folder, 'hey/sdk.gen.ts'), 'utf8');
    expect(ids.filter((id) => !hey.includes(`export const ${id} = <`))).toEqual([]);
    // It writes a letter after a digit in upper case.
    const oazapfts = (await readFile(join(folder, 'oazapfts.ts'), 'utf8')).toLowerCase();
    expect(ids.filter((id) => !oazapfts.includes(`export function ${id.toLowerCase()}(`))).toEqual([]);
  });

  it('compile strictly, with typed parameters and results', async () => {
    await compileStrictly(folder, caller);
  }, 240_000);
});
