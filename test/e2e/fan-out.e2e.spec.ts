import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, eventually, World } from '../support/gateway';
import { allOf, type JsonLine, openLines } from '../support/lines';

const roomy = { burst: 1000, drainPerSecond: 100 };
const get = 'tasks.api.scrum.backlog.get';
const add = 'tasks.api.scrum.backlog.add';
const read = { method: get, params: { id: 125 } };
const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];

/** Portals of their own, by incoming webhook. */
async function portalsIn(world: World, client: HttpClient, count: number, tags: string[] = []) {
  const portals = await Promise.all(
    Array.from({ length: count }, () => world.simulator.addPortal({ ...roomy, groups: [125, 126], backlogs })),
  );
  for (let at = 0; at < count; at += 25) {
    const added = portals.slice(at, at + 25).map((it) => {
      return client.call('POST', '/v1/portals', { webhookUrl: it.webhookUrl(), tags });
    });
    expect((await Promise.all(added)).map(({ status }) => status)).toEqual(added.map(() => 201));
  }
  return portals;
}
const domainOf = (line: JsonLine) => line.portal?.domain as string | undefined;
const codeOf = (line: JsonLine) => (line.problem?.code ?? (line.summary ? 'summary' : 'ok')) as string;

describe('a call to many portals', () => {
  let world: World;
  let client: HttpClient;
  let portals: SimulatedPortal[];

  const fanOut = (to: unknown, call: object = read, headers: Record<string, string> = {}, by = client) =>
    openLines(by, '/v1/fan-out', { portals: to, call }, headers);
  const reported = async (...asked: Parameters<typeof fanOut>): Promise<JsonLine[]> =>
    allOf((await fanOut(...asked)).lines);
  const keyFor = async (more: object): Promise<HttpClient> => {
    const { body } = await client.call('POST', '/v1/clients', { name: 'x', scopes: ['call'], ...more });
    return new HttpClient(client.url, body.key as string);
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100', FAN_OUT_CONCURRENCY: '50' });
    portals = await portalsIn(world, client, 4, ['retail']);
  }, 60_000);
  afterAll(() => world.stop());
  beforeEach(() => {
    for (const portal of portals) portal.requests.length = 0;
  });

  it('to 500 of them, one dead and one slow, gives the others first and the slow one at its deadline', async () => {
    const many = await portalsIn(world, client, 500, ['many']);
    const [dead, slow] = [many[3]!, many[7]!];
    const { domain: deadDomain } = dead;
    await dead.stop();
    slow.faults.next('hang', { method: get });
    const lines = await reported({ tag: 'many' }, read, { 'X-Deadline-Ms': '30000' });
    expect(lines).toHaveLength(501);
    expect(lines.filter((it) => codeOf(it) === 'ok')).toHaveLength(498);
    expect(lines.find((it) => domainOf(it) === deadDomain)).toMatchObject({ problem: { code: 'portal_unreachable' } });
    expect(lines[499]).toMatchObject({
      portal: { domain: slow.domain },
      problem: { code: 'no_answer', retryable: true },
    });
    expect(lines[500].summary).toMatchObject({
      ...{ ok: 498, failed: 2, byCode: { portal_unreachable: 1, no_answer: 1 } },
    });
    expect(lines[500].summary.ms).toBeGreaterThanOrEqual(30_000);
  }, 180_000);

  it('says of each portal who it is and what it answered, in lines of JSON', async () => {
    await client.call('PATCH', `/v1/portals/${portals[0]!.domain}`, { alias: 'acme' });
    const { status, headers, lines } = await fanOut(['acme', portals[1]!.domain]);
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    const all = await allOf(lines);
    expect(all.find((it) => domainOf(it) === portals[0]!.domain)).toEqual({
      portal: { name: 'acme', alias: 'acme', domain: portals[0]!.domain, memberId: expect.any(String) },
      result: backlogs[0],
    });
    expect(all.at(-1)).toEqual({ summary: { ok: 2, failed: 0, byCode: {}, ms: expect.any(Number) } });
  });

  it('tells of a name that is not known in its own line, and calls the others', async () => {
    const lines = await reported(['nobody', portals[0]!.domain, 'nobody']);
    expect(lines.map(codeOf).sort()).toEqual(['ok', 'portal_not_found', 'summary']);
    expect(lines.find((it) => it.problem)).toMatchObject({ portal: { name: 'nobody' }, problem: { status: 404 } });
  });

  it('calls each portal once, by however many names it is asked for', async () => {
    const { body } = await client.get(`/v1/portals/${portals[1]!.domain}`);
    const call = { method: add, params: { fields: { groupId: 126, createdBy: 6 } } };
    const lines = await reported([portals[1]!.domain, body.memberId, portals[1]!.domain.toUpperCase()], call);
    expect(lines.map(codeOf)).toEqual(['ok', 'summary']);
    expect(portals[1]!.requests.filter(({ method }) => method === add)).toHaveLength(1);
  });

  it('reaches only portals that the key may use: of all, of a tag, and by name', async () => {
    const domains = [portals[2]!.domain, portals[3]!.domain];
    const key = await keyFor({ portals: domains });
    for (const to of ['all', { tag: 'retail' }]) {
      const lines = await reported(to, read, {}, key);
      expect(lines.flatMap((it) => domainOf(it) ?? []).sort()).toEqual([...domains].sort());
    }
    const lines = await reported([portals[0]!.domain, portals[2]!.domain], read, {}, key);
    const refused = lines.find((it) => it.problem);
    expect(refused).toMatchObject({ portal: { name: portals[0]!.domain }, problem: { code: 'portal_not_found' } });
    expect(refused.portal).not.toHaveProperty('memberId');
    expect(portals[0]!.requests).toEqual([]);
    expect(await reported({ tag: 'nothing' }, read, {}, key)).toMatchObject([{ summary: { ok: 0, failed: 0 } }]);
  });

  it('is refused as a whole to a key without the scope or the method', async () => {
    for (const more of [{ scopes: ['backlog:read'] }, { methods: ['crm.*'] }]) {
      const { key = '' } = await keyFor(more);
      const reply = await new HttpClient(client.url, key).call('POST', '/v1/fan-out', { portals: 'all', call: read });
      expect(reply).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
    }
  });

  it('is refused when what it asks for can not be read, and names the place', async () => {
    const wrong = [
      { portals: [], call: read },
      { portals: 'every', call: read },
      { portals: { tag: 'No Tag' }, call: read },
      { portals: 'all', call: { method: 'batch' } },
      { portals: 'all', call: { ...read, params: { auth: 'x' } } },
    ];
    for (const body of wrong) {
      const reply = await client.call('POST', '/v1/fan-out', body);
      expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    }
  });

  it('that writes is sent to each portal once, and tells of one whose answer was lost', async () => {
    const call = { method: add, params: { fields: { groupId: 126, createdBy: 6 } } };
    portals[2]!.faults.next('cut-after', { method: add });
    const lines = await reported([portals[2]!.domain, portals[3]!.domain], call);
    expect(lines.find((it) => domainOf(it) === portals[2]!.domain)).toMatchObject({
      problem: { code: 'outcome_unknown', retryable: false },
    });
    for (const portal of [portals[2]!, portals[3]!])
      expect(portal.requests.filter(({ method }) => method === add)).toHaveLength(1);
    await eventually(async () => {
      const { body } = await client.get('/v1/audit?action=fanOut&limit=3');
      const entries = body.items as { portal?: string; outcome: string }[];
      return entries.some(({ portal, outcome }) => portal && outcome === 'outcome_unknown');
    });
  });

  it('calls no more portals once its key is deleted', async () => {
    const one = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100', FAN_OUT_CONCURRENCY: '1' });
    const newKey = { name: 'x', scopes: ['call'] };
    const { body } = await client.call('POST', '/v1/clients', newKey);
    const mine = new HttpClient(one.url, body.key as string);
    for (const portal of portals) portal.faults.next('slow', { method: get, delayMs: 600 });
    const { lines } = await fanOut({ tag: 'retail' }, read, {}, mine);
    await client.call('DELETE', `/v1/clients/${body.id as string}`);
    const codes = (await allOf(lines)).map(codeOf);
    expect([codes.at(0), ...codes.slice(-2)]).toEqual(['ok', 'key_invalid', 'summary']);
    for (const portal of portals) portal.faults.clear();
  });

  it('sends nothing more once its caller has hung up', async () => {
    for (const portal of portals) portal.faults.next('slow', { method: get, delayMs: 500 });
    const one = await world.gateway({ B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100', FAN_OUT_CONCURRENCY: '1' });
    const { lines, hangUp } = await fanOut({ tag: 'retail' }, read, {}, one);
    await lines.next();
    hangUp();
    const sent = () => portals.flatMap(({ requests }) => requests).length;
    await eventually(async () => {
      const metrics = await one.get<string>('/metrics');
      return /outcome="(outcome_unknown|deadline_exceeded)"/.test(metrics.body);
    });
    expect(sent()).toBeLessThanOrEqual(2);
    await reported({ tag: 'nothing' }, read, {}, one);
    expect(sent()).toBeLessThanOrEqual(2);
    for (const portal of portals) portal.faults.clear();
  });
});
