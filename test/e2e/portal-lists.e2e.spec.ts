import { Client as Assistant } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { HttpClient, World } from '../support/gateway';

const filters = ['', '&status=active', '&status=suspended', '&app=default', '&tag=emea'];

describe('the list of portals, to a key of certain portals', () => {
  let world: World;
  let admin: HttpClient;
  let restricted: HttpClient;
  let own: string[];

  beforeAll(async () => {
    world = await World.start();
    admin = await world.gateway();
    const all = [];
    for (let i = 0; i < 6; i++) all.push((await world.installed(admin)).memberId);
    own = [all[1] ?? '', all[4] ?? ''];
    const scopes = ['portals:read'];
    const { body } = await admin.call('POST', '/v1/clients', { name: 'restricted', scopes, portals: own });
    restricted = new HttpClient(admin.url, body.key as string);
  });
  afterAll(() => world.stop());

  const page = async (query: string) => {
    const { status, body } = await restricted.get(`/v1/portals?${query}`);
    expect(status).toBe(200);
    return body as { items: { memberId: string }[]; nextCursor?: string };
  };

  it('has pages of its own portals, which are full, and no cursor beyond the last of them', async () => {
    const first = await page('limit=1');
    expect(first.items.map(({ memberId }) => memberId)).toEqual([own[0]]);
    const second = await page(`limit=1&cursor=${first.nextCursor}`);
    expect(second.items.map(({ memberId }) => memberId)).toEqual([own[1]]);
    expect(second).not.toHaveProperty('nextCursor');
  });

  it('is the same whether there are other portals or not, whatever is asked for', async () => {
    const asked = filters.flatMap((filter) => ['', '&cursor=1', '&cursor=3', '&cursor=999'].map((at) => filter + at));
    const before = await Promise.all(asked.map((it) => page(`limit=2${it}`)));
    expect(before.filter((it) => it.nextCursor !== undefined)).toEqual([]);
    for (let i = 0; i < 3; i++) await world.installed(admin);
    expect(await Promise.all(asked.map((it) => page(`limit=2${it}`)))).toEqual(before);
  });

  it('is that to an assistant as well', async () => {
    const assistant = new Assistant({ name: 'test', version: '1' });
    const requestInit = { headers: { Authorization: `Bearer ${restricted.key}` } };
    await assistant.connect(new StreamableHTTPClientTransport(new URL(`${admin.url}/mcp`), { requestInit }));
    const { structuredContent } = await assistant.callTool({ name: 'list_portals', arguments: {} });
    expect(structuredContent).toEqual({
      items: own.map((memberId) => expect.objectContaining({ memberId }) as unknown),
    });
    await assistant.close();
  });
});
