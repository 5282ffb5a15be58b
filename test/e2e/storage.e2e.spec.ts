import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Browser } from '../support/browser';
import { RegisteredApp } from '../support/registered-app';
import { EventTarget } from '../support/event-target';
import { ForwardClock } from '../support/forward-clock';
import { HttpClient, eventually, World } from '../support/gateway';
import { OauthByHand } from '../support/oauth-by-hand';
import { PublicGateway } from '../support/public-gateway';
import { VendorEvents } from '../support/vendor-events';

/** The first column of a table under this heading of docs/storage.md. */
function documented(heading: string): string[] {
  const page = readFileSync('docs/storage.md', 'utf8');
  const section = page.slice(page.indexOf(heading)).slice(heading.length).split('\n## ')[0] ?? '';
  const cells = section.split('\n').flatMap((line) => /^\| (`.*?) +\|/.exec(line)?.[1] ?? []);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? ''));
}

/** `<member id>`, `<replica>` and `<sha-256 …>` stand for hexadecimal digits, `<one, other>` for one of these words. */
function pattern(key: string): RegExp {
  const parts = key.split(/<([^>]+)>/).map((part, i) => {
    if (i % 2 === 0) return part.replace(/[{}.*+?^$()|[\]\\]/g, '\\$&');
    if (part === 'member id') return '[0-9a-f]{32}';
    if (part === 'job') return 'j_[0-9a-f]{32}';
    if (part === 'client') return '(admin|c_[0-9a-f]{16})';
    if (['segment', 'hour', 'day'].includes(part)) return '[0-9]+';
    if (part === 'replica') return '[0-9a-f]{16}';
    if (part === 'subscription') return 's_[0-9a-f]{16}';
    if (part.startsWith('sha-256')) return '[0-9a-f]{64}';
    return `(${part.split(', ').join('|')})`;
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Callers of one portal wait on two replicas, until one carries the other's. */
async function waitOnBoth(world: World, one: HttpClient, portal: SimulatedPortal): Promise<void> {
  const narrow = await world.gateway();
  const at = `/v1/portals/${portal.memberId}`;
  await world.install(one, portal);
  await one.call('PATCH', at, { limits: { burst: 5, drainPerSecond: 2 } });
  const carried = async () => {
    const metrics = await Promise.all([one, narrow].map((it) => it.get<string>('/metrics')));
    return metrics.some(({ body }) => /^b24_calls_sent_by_peer_total [1-9]/m.test(body));
  };
  for (let group = 1; !(await carried()); group += 20) {
    const asked = Array.from({ length: 20 }, (_, i) => `${at}/groups/${group + i}/backlog`);
    await Promise.all(asked.map((path, i) => (i % 2 ? one : narrow).get(path)));
  }
}

/** A subscription whose target fails until what it was sent is a dead letter. */
async function listenInVain(world: World): Promise<void> {
  const target = await EventTarget.listen();
  target.answer = () => ({ status: 500 });
  const clock = new ForwardClock();
  const client = await world.gateway({ EVENT_TARGET_HOSTS: '127.0.0.0/8:*', EVENT_QUEUE_LIMIT: '1' }, clock);
  const portal = await world.installed(client, { burst: 500, drainPerSecond: 50 });
  const wanted = { url: target.url, events: ['ONTASKADD'] };
  const { body } = await client.call('POST', '/v1/subscriptions', wanted);
  const events = new VendorEvents(world, client);
  for (const id of ['1', '2']) await events.post(portal.event('ONTASKADD', { ID: id }));
  await eventually(() => target.arrivals.length > 0);
  await eventually(async () => (await client.get(`/v1/subscriptions/${body.id}`)).body.bindings.portals > 0);
  await client.call('DELETE', `/v1/subscriptions/${body.id}`);
  await target.stop();
}

/** A write that goes on as a job, of which somebody is told. */
async function jobIn(client: HttpClient, portal: SimulatedPortal): Promise<void> {
  const hook = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(hook, 'listening');
  const { port } = hook.address() as { port: number };
  const order = {
    portals: [portal.memberId],
    call: { method: 'tasks.api.scrum.backlog.update', params: { id: 1, fields: { createdBy: 1 } } },
    callbackUrl: `http://127.0.0.1:${port}/`,
  };
  const { body } = await client.call('POST', '/v1/fan-out', order, { Prefer: 'respond-async' });
  await eventually(async () => {
    return (await client.get(`/v1/jobs/${body.id as string}`)).body.callback === 'delivered';
  });
  hook.close();
}

describe('docs/storage.md', () => {
  let world: World;
  let client: HttpClient;
  const written = new Set<string>();
  const grants: Record<string, string>[] = [];

  /** Everything that writes: installs by every way, calls, refreshes, markings, keys, waiting on two replicas. */
  beforeAll(async () => {
    world = await World.start();
    const listener = world.redis.client();
    await listener.config('SET', 'notify-keyspace-events', 'KEA');
    await listener.psubscribe('__keyspace@0__:*');
    listener.on('pmessage', (_pattern: string, channel: string) =>
      written.add(channel.slice('__keyspace@0__:'.length)),
    );
    client = await world.gateway({ B24_BURST: '500', B24_DRAIN_PER_SECOND: '50', EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
    const portal = await world.installed(client, { burst: 500, drainPerSecond: 50 });
    const at = `/v1/portals/${portal.memberId}`;
    await new Browser().allow(client, portal);
    await client.call('PATCH', at, {
      alias: 'acme',
      tags: ['x'],
      suspended: false,
      limits: { burst: 400, drainPerSecond: 40 },
    });
    portal.expireAccessTokens();
    await client.call('PATCH', `${at}/backlogs/1`, { createdBy: 1 }, { 'Idempotency-Key': 'one' });
    await RegisteredApp.register(client, portal);
    const hooked = await world.simulator.addPortal({ burst: 500, drainPerSecond: 50 });
    const { body } = await client.call('POST', '/v1/portals', { webhookUrl: hooked.webhookUrl(1, ['task']) });
    const key = await client.call('POST', '/v1/clients', { name: 'x', scopes: ['backlog:read'] });
    await new HttpClient(client.url, key.body.key as string).get(`${at}/backlogs/fields`);
    const reachable = await PublicGateway.start(world);
    await new OauthByHand(reachable.url).tokens(key.body.key as string);
    reachable.close();
    await jobIn(client, portal);
    await fetch(`${client.url}/console/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Console': '1' },
      body: JSON.stringify({ key: client.key }),
    });
    const redis = world.redis.client();
    for (const id of [portal.memberId, body.memberId as string]) grants.push(await redis.hgetall(`b24:{${id}}:grant`));
    redis.disconnect();
    portal.expireAccessTokens();
    world.simulator.oauth.faults.next('invalid_grant', { method: 'refresh_token' });
    await client.get(`${at}/backlogs/fields`);
    // A list shows the last use of each key, so it stores what this replica has not stored yet.
    await client.get('/v1/clients');
    await client.call('DELETE', `/v1/clients/${key.body.id as string}`);
    await eventually(() => written.has('b24:names'));
    await waitOnBoth(world, client, portal);
    await listenInVain(world);
    // A replica that stops writes what it counted.
    await world.closeGateways();
    listener.disconnect();
  }, 180_000);
  afterAll(() => world.stop());

  it('names every key that is written, and every key that it names is', () => {
    const patterns = documented('# Data in Redis').map((key) => [key, pattern(key)] as const);
    expect([...written].filter((key) => !patterns.some(([, it]) => it.test(key)))).toEqual([]);
    // Idle grants are first looked for a while after the start.
    const seen = (it: RegExp) => it.test('b24:keep-alive:lease') || [...written].some((key) => it.test(key));
    expect(patterns.filter(([, it]) => !seen(it)).map(([key]) => key)).toEqual([]);
  });

  it('names every field of a grant', () => {
    const fields = documented('## Fields of a grant');
    expect(grants.flatMap((hash) => Object.keys(hash)).filter((field) => !fields.includes(field))).toEqual([]);
    expect(grants[0]).toHaveProperty('limits');
  });
});
