import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ApiDocument } from '../support/api-document';
import { compileStrictly } from '../support/compile-strictly';

const run = promisify(execFile);
const binary = (name: string) => resolve('node_modules/.bin', name);
const document = resolve('openapi.json');

interface ClientGenerator {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly file: string;
  /** How the output declares the function of an operation. */
  readonly declares: (id: string) => RegExp;
}

const generators: readonly ClientGenerator[] = [
  {
    name: '@hey-api/openapi-ts',
    command: ['openapi-ts', '-i', document, '-o', 'hey', '-c', '@hey-api/client-fetch', '--silent'],
    file: 'hey/sdk.gen.ts',
    declares: (id) => new RegExp(`^export const ${id} = <`, 'm'),
  },
  {
    name: 'oazapfts',
    command: ['oazapfts', document, 'oazapfts.ts'],
    file: 'oazapfts.ts',
    declares: (id) => new RegExp(`^export function ${id}\\(`, 'm'),
  },
  {
    name: 'swagger-typescript-api',
    command: ['swagger-typescript-api', 'generate', '-p', document, '-o', '.', '-n', 'swagger.ts', '--silent'],
    file: 'swagger.ts',
    declares: (id) => new RegExp(`^ +${id}: \\(`, 'm'),
  },
];

/** What a caller writes with each client: the types of parameters, bodies, answers and problems must fit. */
const caller = `
import * as hey from './hey';
import * as oazapfts from './oazapfts';
import { Api } from './swagger';

async function ids(portal: string): Promise<number[]> {
  const body = { groupId: 125, createdBy: 6 };
  const one = await hey.addBacklog({ path: { portal }, body, throwOnError: true });
  const two = await oazapfts.addBacklog(portal, body);
  const three = await new Api().v1.addBacklog(portal, body);
  if (two.status !== 201) throw new Error(two.data.detail);
  const page = await new Api().v1.listEpics(portal, 125, { limit: 5 });
  return [one.data.id, two.data.id, three.data.id, ...page.data.items.map(({ id }) => id)];
}

async function codes(portal: string): Promise<(string | undefined)[]> {
  const one = await hey.getPortal({ path: { portal } });
  const two = await oazapfts.getPortal(portal);
  return [one.error?.code, two.status === 200 ? two.data.queue.circuit : two.data.code];
}

void [ids, codes];
`;

describe('clients that other generators make from openapi.json', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'b24-generators-'));
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    await Promise.all(
      generators.map(({ command: [name, ...args] }) => run(binary(name), args, { cwd: folder, timeout: 60_000 })),
    );
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(generators)('of $name have a function for every operation', async ({ file, declares }) => {
    const text = await readFile(join(folder, file), 'utf8');
    const ids = ApiDocument.read().operations.map(({ operationId }) => operationId);
    expect(ids.filter((id) => !declares(id).test(text))).toEqual([]);
  });

  it('compile strictly, with typed parameters, bodies, answers and problems', async () => {
    await compileStrictly(folder, caller);
  }, 60_000);
});
