import { randomBytes } from 'node:crypto';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

const speaksMcp = { Accept: 'application/json, text/event-stream' };

/** Every way in that names a portal. */
const doors: Record<string, (client: HttpClient, portal: string) => Promise<unknown>> = {
  call: (client, portal) => client.call('POST', `/v1/portals/${portal}/call/user.current`, {}),
  write: (client, portal) => client.call('POST', `/v1/portals/${portal}/call/crm.deal.add`, {}),
  'impatient call': (client, portal) =>
    client.call('POST', `/v1/portals/${portal}/call/user.current`, {}, { 'X-Deadline-Ms': '1' }),
  batch: (client, portal) =>
    client.call('POST', `/v1/portals/${portal}/batch`, { commands: [{ method: 'user.current' }] }),
  list: (client, portal) => client.call('POST', `/v1/portals/${portal}/list/crm.deal.list`, {}),
  resource: (client, portal) => client.call('GET', `/v1/portals/${portal}/groups/1/backlog`),
  'resource write': (client, portal) =>
    client.call('POST', `/v1/portals/${portal}/backlogs`, { groupId: 1, createdBy: 1 }),
  portal: (client, portal) => client.call('GET', `/v1/portals/${portal}`),
  sdk: (client, portal) => fetch(`${client.url}/p/${portal}/rest/1/${client.key}/user.current`).then((it) => it.text()),
  'sdk batch': (client, portal) =>
    fetch(`${client.url}/p/${portal}/rest/1/${client.key}/batch?cmd[a]=user.current`).then((it) => it.text()),
  mcp: (client, portal) =>
    fetch(`${client.url}/mcp`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${client.key}`, 'Content-Type': 'application/json', ...speaksMcp },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'call_method', arguments: { portal, method: 'user.current' } },
      }),
    }).then((it) => it.text()),
};

describe('portal ids that a caller made up', () => {
  let world: World;
  let admin: HttpClient;
  let client: HttpClient;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start();
    admin = await world.gateway();
    portal = await world.installed(admin, { burst: 1000, drainPerSecond: 100 });
    const scopes = ['call', 'portals:read', 'backlog:read', 'backlog:write'];
    const { body } = await admin.call('POST', '/v1/clients', { name: 'all', scopes });
    client = new HttpClient(admin.url, body.key as string);
  });
  afterAll(() => world.stop());

  const keys = async () => {
    const redis = world.redis.client();
    const all = await redis.keys('*');
    redis.disconnect();
    // The use of the key, the call log and the history are stored later; a replica looks for idle grants now and then.
    const isOfGateway = (key: string) => /^\{b24:calls\}|:history:|^b24:keep-alive:lease$/.test(key);
    return all.filter((key) => !key.endsWith(':use') && !isOfGateway(key));
  };
  const series = async () => {
    const { body } = await admin.get<string>('/metrics');
    return body.split('\n').filter((line) => line.includes('portal="'));
  };
  const labels = (lines: string[]) =>
    [...new Set(lines.map((line) => /portal="([^"]*)"/.exec(line)?.[1] ?? ''))].sort();
  const invented = (count: number) => Array.from({ length: count }, () => randomBytes(16).toString('hex'));

  it('create no queue, no time series and no key in Redis, at any door', async () => {
    // What each door leaves for a portal that is there.
    for (const door of Object.values(doors)) await door(client, portal.memberId);
    for (const door of Object.values(doors)) await door(client, invented(1)[0] ?? '');
    await client.call('POST', '/v1/fan-out', { portals: invented(1), call: { method: 'user.current' } });
    const [keysBefore, seriesBefore] = [new Set(await keys()), await series()];

    for (const door of Object.values(doors)) {
      const ids = invented(450);
      while (ids.length > 0) await Promise.all(ids.splice(0, 30).map((id) => door(client, id)));
    }
    for (let i = 0; i < 5; i++) {
      const asked = { portals: invented(1000), call: { method: 'user.current' } };
      await client.call('POST', '/v1/fan-out', asked);
    }

    expect((await keys()).filter((key) => !keysBefore.has(key))).toEqual([]);
    const seriesAfter = await series();
    expect(labels(seriesAfter)).toEqual(labels(seriesBefore));
    expect(labels(seriesAfter)).toEqual(['', portal.memberId]);
    const queues = seriesAfter.filter((line) => line.startsWith('b24_queued_calls{'));
    expect(queues).toHaveLength(1);
  }, 180_000);

  it('are not needed for that: a question about a portal that is there makes none either', async () => {
    const quiet = await world.installed(admin);
    const another = await world.gateway();
    const redis = world.redis.client();
    await redis.del(`b24:{${quiet.memberId}}:permits`);
    redis.disconnect();
    expect((await another.get(`/v1/portals/${quiet.memberId}`)).body).toMatchObject({
      queue: { waiting: 0, permitsAvailable: 0 },
    });
    const after = await keys();
    expect(after).not.toContain(`b24:{${quiet.memberId}}:permits`);
  });

  it('leave nothing when a webhook of theirs is tried in vain', async () => {
    const hooked = await world.simulator.addPortal();
    const before = new Set(await keys());
    const webhookUrl = hooked.webhookUrl(1, ['task']).replace(/\/[^/]+\/$/, '/wrongwrongwrong1/');
    expect(await admin.call('POST', '/v1/portals', { webhookUrl })).toMatchObject({ status: 409 });
    expect((await keys()).filter((key) => key.includes('lane') && !before.has(key))).toEqual([]);
  });

  it('cannot be tried without end: trials of webhooks have a budget of their key', async () => {
    const { body } = await admin.call('POST', '/v1/clients', { name: 'adder', scopes: ['portals:write'] });
    const adder = new HttpClient(admin.url, body.key as string);
    const webhookUrl = 'https://nobody.example.org/rest/1/abcdefgh12345678/';
    const codes: string[] = [];
    for (let i = 0; i < 70; i++)
      codes.push((await adder.call('POST', '/v1/portals', { webhookUrl })).body.code as string);
    expect(codes).toContain('too_many_attempts');
    expect(codes[0]).not.toBe('too_many_attempts');
  });
});
