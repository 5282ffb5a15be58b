import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import type * as bareDocumentModule from '../../apps/gateway/src/bare-document';
import type * as createGatewayModule from '../../apps/gateway/src/create-gateway';
import type * as coverageModule from '../../apps/gateway/src/resources/coverage';
import type * as declarationsModule from '../../apps/gateway/src/resources/declarations';
import type * as toolModule from '../../apps/gateway/src/doors/mcp/tools';
import { gatewayLog } from '../../apps/gateway/src/http/log';
import { readSettings } from '../../apps/gateway/src/settings';
import { adminKey, HttpClient, environment, World } from '../support/gateway';

const guide = /```ts resource\n([\s\S]*?)```/.exec(readFileSync('CONTRIBUTING.md', 'utf8'))?.[1] ?? '';

/** Errors that the compiler finds in a file, with the settings of the repository. */
function typeErrors(file: string): string[] {
  const { config } = ts.readConfigFile('tsconfig.json', (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const program = ts.createProgram([file], { ...options, noEmit: true });
  const source = program.getSourceFile(file);
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** CONTRIBUTING.md, "Add a method in ten minutes", followed in a copy of the gateway. */
describe('a resource that is added as CONTRIBUTING.md says', () => {
  let copy: string;
  const load = <T extends object>(path: string) => jest.requireActual<T>(join(copy, path));

  beforeAll(() => {
    mkdirSync('.tmp', { recursive: true });
    copy = mkdtempSync(resolve('.tmp/add-a-method-'));
    cpSync('apps/gateway/src', copy, { recursive: true, filter: (path) => !path.endsWith('.spec.ts') });
    mkdirSync(join(copy, 'resources/deals'));
    writeFileSync(join(copy, 'resources/deals/deals.ts'), guide);
  });
  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it('compiles', () => {
    expect(guide).toContain('export const resource');
    expect(typeErrors(join(copy, 'resources/deals/deals.ts'))).toEqual([]);
  }, 60_000);

  it('is documented: operation, tag, scope and row in docs/coverage.md', async () => {
    const document = await load<typeof bareDocumentModule>('bare-document').bareDocument();
    const operation = document.paths['/v1/portals/{portal}/deals/{dealId}']?.get;
    expect(operation).toMatchObject({ operationId: 'getDeal', tags: ['deals'], summary: 'A deal' });
    expect(document.tags).toContainEqual({ name: 'deals', description: 'Deals of the CRM.' });
    expect(document.components?.schemas?.['Scope']).toMatchObject({ enum: expect.arrayContaining(['crm:read']) });
    const { declaredMethods } = load<typeof declarationsModule>('resources/declarations');
    const page = load<typeof coverageModule>('resources/coverage').coveragePage(declaredMethods);
    expect(page).toMatch(/`crm\.deal\.get` +\| `getDeal` +\| `GET \/deals\/\{dealId\}` +\| `crm:read`/);
  }, 60_000);

  it('is a tool for assistants', () => {
    expect(load<typeof toolModule>('doors/mcp/tools').tools.map(({ name }) => name)).toContain('get_deal');
  });

  it('is served to keys that have its scope', async () => {
    const world = await World.start({ scope: ['crm'] });
    const settings = readSettings(environment(world.redis, world.simulator));
    const { createGateway } = load<typeof createGatewayModule>('create-gateway');
    const gateway = await createGateway(settings, { log: gatewayLog('silent') });
    try {
      const client = new HttpClient(await gateway.listen());
      const portal = await world.installed(client);
      const keyWith = async (scope: string) => {
        const body = { name: 'sales', scopes: [scope] };
        const made = await send(client.url, 'POST', '/v1/clients', adminKey, body);
        return (made.body as { key: string }).key;
      };
      const read = async (scope: string, id: number) =>
        send(client.url, 'GET', `/v1/portals/${portal.memberId}/deals/${id}`, await keyWith(scope));
      const id = portal.crm.addDeal({ TITLE: 'New roof', STAGE_ID: 'NEW' });
      expect(await read('crm:read', id)).toEqual({ status: 200, body: { id, title: 'New roof', stage: 'NEW' } });
      const draft = portal.crm.addDeal({ STAGE_ID: '' });
      expect(await read('crm:read', draft)).toMatchObject({ status: 422, body: { code: 'entity_not_found' } });
      expect((await read('scrum:read', id)).status).toBe(403);
    } finally {
      await gateway.close();
      await world.stop();
    }
  }, 60_000);
});

/** Calls an operation that openapi.json does not have. */
async function send(url: string, method: string, path: string, key: string, body?: object) {
  const headers = { Authorization: `Bearer ${key}`, ...(body && { 'Content-Type': 'application/json' }) };
  const response = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
}
