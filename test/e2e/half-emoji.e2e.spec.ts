import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

/** As `substring` through an emoji leaves it: PHP reads nothing of a body that holds it, the token included. */
const half = 'Order \ud83d';

describe('half an emoji', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let key: string;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    client = await world.gateway();
    portal = await world.installed(client, { burst: 200, drainPerSecond: 20 });
    portal.crm.addDeals(3);
    key = (await client.call('POST', '/v1/clients', { name: 'sdk', scopes: ['call'] })).body.key as string;
  });
  beforeEach(() => {
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;
  const deal = { fields: { TITLE: half } };
  const sdk = (method: string, body: object) =>
    fetch(`${client.url}/p/${portal.memberId}/rest/1/${key}/${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });

  it.each<[string, () => Promise<unknown>]>([
    ['a call', () => client.call('POST', at('/call/crm.deal.add'), { params: deal })],
    ['a name of a field', () => client.call('POST', at('/call/crm.deal.add'), { params: { fields: { [half]: 1 } } })],
    ['a list', () => client.call('POST', at('/list/crm.deal.list'), { params: { filter: { TITLE: half } } })],
    ['an epic', () => client.call('POST', at('/groups/125/epics'), { name: half })],
  ])('in %s is refused by its place, and nothing is sent', async (_, send) => {
    expect(await send()).toMatchObject({ status: 400, body: { code: 'invalid_request', retryable: false } });
    expect(portal.requests).toEqual([]);
    expect((await client.get(at('/backlogs/fields'))).status).toBe(200);
    expect((await client.get(at(''))).body.status).toBe('active');
  });

  it('in one command of a batch is named before any command is sent', async () => {
    const commands = [
      { method: 'crm.deal.update', params: { id: 1, fields: { TITLE: 'x' } } },
      { method: 'crm.deal.add', params: deal },
    ];
    const path = 'commands.1.params.fields.TITLE';
    for (const headers of [{}, { Prefer: 'respond-async' }])
      expect(await client.call('POST', at('/batch'), { commands }, headers)).toMatchObject({
        status: 400,
        body: { errors: [{ path }] },
      });
    expect(portal.requests).toEqual([]);
  });

  it.each<[string, string, object]>([
    ['a call', 'crm.deal.add', deal],
    ['a batch', 'batch', { cmd: { a: `crm.deal.add?fields[TITLE]=${half}` } }],
    ['a batch under a name that has it', 'batch', { cmd: { [half]: 'crm.deal.get?id=1' } }],
  ])('from an SDK is refused in the vendor’s words in %s', async (_, method, body) => {
    const answer = await sdk(method, body);
    expect([answer.status, await answer.json()]).toEqual([
      400,
      { error: 'INVALID_REQUEST', error_description: expect.stringContaining('half of a surrogate pair') },
    ]);
    expect(portal.requests).toEqual([]);
    expect((await client.get(at(''))).body.status).toBe('active');
  });

  it('is no concern of a whole one', async () => {
    const title = 'Order 😀 \u{1f469}\u200d\u{1f680}';
    const { body } = await client.call('POST', at('/call/crm.deal.add'), { params: { fields: { TITLE: title } } });
    expect(portal.crm.deals.get(Number(body.result))?.['TITLE']).toBe(title);
  });
});
