import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { adminKey, type HttpClient, environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { type PagingStyle, usualStyle } from '../support/paging-portal';
import { ScriptedPortal } from '../support/scripted-portal';

const megabyte = 1024 * 1024;

describe('a list that is streamed', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;

  const list = (method: string, params: object = {}, url = client.url, key = adminKey) =>
    fetch(`${url}/v1/portals/${portal.memberId}/list/${method}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ params }),
    });
  const linesOf = async (response: Response) =>
    (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const idsTo = (count: number) => Array.from({ length: count }, (_, i) => String(i + 1));
  const requests = () => portal.requests.filter(({ batchOf }) => batchOf === undefined);

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    client = await world.gateway();
  });
  beforeEach(async () => {
    portal = await world.installed(client, { burst: 500, drainPerSecond: 50 });
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('is read from id to id where the vendor allows it: each record once, in few requests, none counted', async () => {
    portal.crm.addDeals(1234);
    const lines = await linesOf(await list('crm.deal.list', { select: ['TITLE'], filter: { STAGE_ID: 'NEW' } }));
    expect(lines.at(-1)).toEqual({ end: { records: 1234 } });
    expect(lines.slice(0, -1).map(({ ID }) => ID)).toEqual(idsTo(1234));
    expect(requests()).toHaveLength(5);
  });

  it.each([
    [0, 1],
    [49, 2],
    [50, 2],
    [51, 3],
    [100, 2],
    [550, 3],
  ])('of %d records ends where they end, after %d requests', async (count, asked) => {
    portal.crm.addDeals(count);
    const lines = await linesOf(await list('crm.deal.list'));
    expect(lines.map(({ ID, end }) => ID ?? end)).toEqual([...idsTo(count), { records: count }]);
    expect(requests()).toHaveLength(asked);
  });

  it.each([
    ['deleted', (id: string) => client.call('DELETE', `/v1/clients/${id}`)],
    ['replaced', (id: string) => client.call('POST', `/v1/clients/${id}/rotate`, { graceSeconds: 0 })],
  ])('ends with a clear problem once its key is %s, however slowly it is read', async (_how, end) => {
    portal.crm.addDeals(1234);
    const { body } = await client.call('POST', '/v1/clients', { name: 'slow reader', scopes: ['call'] });
    portal.faults.next('slow', { method: 'batch', delayMs: 1500 });
    const answer = await list('crm.deal.list', {}, client.url, body.key as string);
    await end(body.id as string);
    const lines = await linesOf(answer);
    expect(lines.length).toBeLessThan(1000);
    expect(lines.at(-1)).toMatchObject({ problem: { status: 401, code: 'key_invalid' } });
  });

  it('takes a reference in a filter for text, page by page', async () => {
    for (let i = 0; i < 120; i++) portal.crm.addDeal({ TITLE: '$total[x]' });
    const lines = await linesOf(await list('crm.deal.list', { filter: { TITLE: '$total[x]' } }));
    expect(lines.at(-1)).toEqual({ end: { records: 120 } });
    expect(requests().map(({ method }) => method)).toEqual(Array(4).fill('crm.deal.list'));
  });

  it('is read by offsets where it has an order of its own, or is none of the CRM', async () => {
    portal.crm.addDeals(730);
    const lines = await linesOf(await list('crm.deal.list', { order: { ID: 'DESC' } }));
    expect(lines.slice(0, -1).map(({ ID }) => ID)).toEqual(idsTo(730).reverse());
    const epics = await linesOf(await list('tasks.api.scrum.epic.list'));
    expect(epics).toEqual([{ end: { records: 0 } }]);
  });

  it('says so in its last line when it breaks off, and is a problem when it does before the first', async () => {
    portal.crm.addDeals(200);
    portal.faults.next('html', { method: 'batch', times: 9 });
    const lines = await linesOf(await list('crm.deal.list'));
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toMatchObject({ problem: { code: 'portal_error', retryable: true } });
    expect((await list('no.such.list')).status).toBe(404);
    expect((await list('crm.deal.add')).status).toBe(400);
    expect(portal.crm.deals.size).toBe(200);
  });

  it('asks for no more than is read, and for nothing once its reader has hung up', async () => {
    for (let i = 0; i < 10_000; i++) portal.crm.addDeal({ TITLE: 'x'.repeat(4000) });
    const reader = await new Promise<IncomingMessage>((resolve) =>
      httpRequest(
        `${client.url}/v1/portals/${portal.memberId}/list/crm.deal.list`,
        { method: 'POST', headers: { Authorization: `Bearer ${adminKey}` } },
        resolve,
      ).end(),
    );
    let [before, quiet] = [-1, 0];
    // Nobody reads: what is under way comes to rest.
    await eventually(async () => {
      quiet = before === requests().length ? quiet + 1 : 0;
      before = requests().length;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return quiet === 10;
    });
    expect(before).toBeLessThan(15);
    reader.destroy();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(requests().length).toBeLessThanOrEqual(before + 1);
  });

  it('of 10,000 records holds no more memory at its end than in its middle', async () => {
    for (let i = 0; i < 10_000; i++) portal.crm.addDeal({ TITLE: 'x'.repeat(4000) });
    // Node collects garbage late where it may grow; so that what is left is what is in use, it may not.
    const narrow = { NODE_OPTIONS: '--max-old-space-size=90' };
    const child = await GatewayProcess.start({ ...environment(world.redis, world.simulator), ...narrow });
    const used = async () => {
      const { body } = await child.client.get<string>('/metrics');
      return Number(/^process_resident_memory_bytes (\S+)/m.exec(body)?.[1]) / megabyte;
    };
    try {
      // The first time round, Node takes what it needs for any.
      await (await list('crm.deal.list', { filter: { '<=ID': 3000 } }, child.url)).text();
      const start = await used();
      const response = await list('crm.deal.list', {}, child.url);
      let [bytes, most] = [0, 0];
      let text = '';
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        if (Math.floor(bytes / (4 * megabyte)) < Math.floor((bytes + chunk.length) / (4 * megabyte)))
          most = Math.max(most, await used());
        bytes += chunk.length;
        text = (text + Buffer.from(chunk).toString()).slice(-100);
      }
      expect(text).toContain('{"end":{"records":10000}}');
      expect(bytes / megabyte).toBeGreaterThan(38);
      // What it would hold if it gathered them: the text, the records and their JSON, three times that.
      expect(most - start).toBeLessThan(38);
    } finally {
      await child.stop();
    }
  }, 120_000);
});

describe('a list of a portal that pages in its own way', () => {
  const records = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: BigInt(i + 1), stage: i % 2 === 0 ? 'NEW' : 'WON' }));
  const idsFrom = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`);

  let world: World;
  let client: HttpClient;
  let portal: ScriptedPortal;
  let name: string;

  const read = async (method: string, params: unknown = {}) => {
    const response = await fetch(`${client.url}/v1/portals/${name}/list/${method}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${adminKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ params }),
    });
    const lines = (await response.text()).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const idsOf = (lines: Record<string, unknown>[]) => lines.slice(0, -1).map(({ ID, id }) => ID ?? id);

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    portal = await ScriptedPortal.listen();
    const { body } = await client.call('POST', '/v1/portals', { webhookUrl: portal.webhookUrl });
    name = body.memberId as string;
  });
  afterAll(async () => {
    await portal.stop();
    await world.stop();
  });

  it.each([
    ['crm.deal.list', { filter: { '>ID': 100 } }, 'ID', 101],
    ['crm.deal.list', { filter: { '>=ID': 100 } }, 'ID', 100],
    ['crm.item.list', { filter: { '>id': 100 } }, 'id', 101],
  ] as const)('%s with %j starts at the limit of the caller', async (method, params, idName, first) => {
    portal.holds(records(230), { ...usualStyle, idName, ...(idName === 'id' && { key: 'items' }) });
    const lines = await read(method, params);
    expect(lines.at(-1)).toEqual({ end: { records: 231 - first } });
    expect(idsOf(lines)).toEqual(idsFrom(first, 230));
  });

  it('takes the filter, the order and the fields of the caller in upper case', async () => {
    portal.holds(records(130), usualStyle);
    const filtered = await read('crm.deal.list', { FILTER: { STAGE_ID: 'NEW' }, SELECT: ['STAGE_ID'] });
    expect(filtered.at(-1)).toEqual({ end: { records: 65 } });
    expect(filtered.slice(0, -1).every(({ STAGE_ID }) => STAGE_ID === 'NEW')).toBe(true);
    const ordered = await read('crm.deal.list', { ORDER: { ID: 'DESC' } });
    expect(idsOf(ordered)).toEqual(idsFrom(1, 130).reverse());
  });

  it.each([
    ['the filter by id is ignored', 'crm.deal.list', { idFilter: 'ignored' }, 50],
    ['`start` is ignored beside a total of 500', 'user.get', { start: 'ignored' }, 50],
    ['`next` stays at 50', 'user.get', { next: 'fixed', total: 'absent' }, 100],
    ['`next` grows over repeated pages', 'user.get', { start: 'ignored', next: 'endless', total: 'absent' }, 50],
  ] as [string, string, Partial<PagingStyle>, number][])(
    'ends with a problem where %s',
    async (_why, method, style, count) => {
      portal.holds(records(500), { ...usualStyle, ...style });
      const lines = await read(method);
      expect(lines.at(-1)).toMatchObject({ problem: { code: 'list_not_walkable', status: 502, retryable: false } });
      expect(idsOf(lines)).toEqual(idsFrom(1, count));
    },
  );

  it('is one page where the parameters go by position', async () => {
    portal.holds(records(30), usualStyle);
    expect((await read('task.elapseditem.getlist', [7, { ID: 'asc' }])).at(-1)).toEqual({ end: { records: 30 } });
    expect(portal.requested).toEqual([{ 0: 7, 1: { ID: 'asc' } }]);
  });

  it('is refused, field by field, for parameters that choose a page', async () => {
    const [problem] = await read('user.get', { start: 50 });
    expect(problem).toMatchObject({ code: 'invalid_request', errors: [{ path: 'params.start' }] });
  });
});
