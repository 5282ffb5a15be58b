import { readFileSync } from 'node:fs';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { scopeDescriptions } from '../../libs/client/src/generated/scopes.gen';
import { HttpClient, World } from '../support/gateway';

const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, unknown>>;
};
const reads = Object.keys(paths).filter((path) => path.includes('/{portal}') && paths[path]?.['get']);

describe('a portal that a key may not use', () => {
  let world: World;
  let client: HttpClient;
  let hidden: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'user', 'crm'] });
    const admin = await world.gateway();
    hidden = await world.installed(admin);
    const own = await world.installed(admin);
    const scopes = Object.keys(scopeDescriptions).filter((it) => it !== 'admin');
    const { body, status } = await admin.call('POST', '/v1/clients', { name: 'own', scopes, portals: [own.memberId] });
    expect(status).toBe(201);
    client = new HttpClient(admin.url, body.key as string);
    hidden.requests.length = 0;
  });
  afterAll(() => world.stop());

  it.each(reads)('answers GET %s like a portal that is not there', async (path) => {
    const url = (portal: string) => path.replace('{portal}', portal).replace(/\{\w+\}/g, '125');
    const shown = await client.get(url(hidden.memberId));
    const missing = await client.get(url('f'.repeat(32)));
    const { code, detail } = missing.body;
    expect([missing.status, code]).toEqual([404, 'portal_not_found']);
    expect([shown.status, shown.body.code, shown.body.detail]).toEqual([404, 'portal_not_found', detail]);
    expect(hidden.requests).toEqual([]);
  });
});
