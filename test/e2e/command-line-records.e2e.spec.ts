import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { CommandLine } from '../support/command-line';
import { EventTarget } from '../support/event-target';
import { adminKey, eventually, HttpClient, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

describe('the command line, on what the gateway recorded,', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let line: CommandLine;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    await client.call('PATCH', `/v1/portals/${portal.memberId}`, { alias: 'acme' });
    line = new CommandLine({ B24_GATEWAY_URL: client.url, B24_GATEWAY_KEY: adminKey });
  });
  afterAll(() => world.stop());

  it('shows the calls of a request, the newest last, and goes on with what comes as one document a line', async () => {
    const call = (id: string) => client.call('POST', '/v1/portals/acme/call/user.get', {}, { 'X-Request-Id': id });
    await call('shown-1');
    await eventually(async () => (await line.json(['calls', '--request-id', 'shown-1'])).items.length === 1);
    const table = await line.run(['calls', '--request-id', 'shown-1', '--portal', 'acme', '--method', 'user.get']);
    expect(table.stdout).toMatch(
      /^ENDED +BY +PORTAL +METHOD +CODE +MS +QUEUE +UPSTREAM +COMMANDS +RETRIES +REQUEST ID\n.*Z +Administrator +\w+ +user\.get +ok( +\d+){5} +shown-1\n$/,
    );
    expect((await line.run(['calls', '--request-id', 'nobody'])).stdout).toBe('No such call.\n');

    const follower = line.start(['calls', 'tail', '--portal', 'acme', '--json']);
    const lines: { requestId: string }[] = [];
    createInterface(follower.stdout).on('line', (text) => lines.push(JSON.parse(text) as (typeof lines)[number]));
    let made = 1;
    await eventually(async () => {
      await call(`shown-${++made}`);
      return lines.some(({ requestId }) => requestId.startsWith('shown-'));
    });
    follower.kill();
    await once(follower, 'close');
    const refused = await line.problem(['calls', 'tail', '--portal', 'nowhere']);
    expect(refused).toMatchObject({ exitCode: 1, code: 'portal_not_found' });
  });

  it('lists jobs and cancels one', async () => {
    const wanted = { call: { method: 'tasks.api.scrum.backlog.getFields' }, portals: ['acme'] };
    const accepted = await client.call('POST', '/v1/fan-out', wanted, { Prefer: 'respond-async' });
    expect(accepted.status).toBe(202);
    const { id } = accepted.body as { id: string };
    await eventually(async () => (await client.get(`/v1/jobs/${id}`)).body.state === 'done');
    expect((await line.json<{ items: object[] }>(['jobs', 'list'])).items).toMatchObject([{ id, state: 'done' }]);
    expect((await line.run(['jobs', 'list'])).stdout).toMatch(
      new RegExp(`${id} +Call \\S+ on 1 portal +Administrator +done +1 of 1 +0 `),
    );
    expect(await line.json(['jobs', 'cancel', id])).toMatchObject({ id, state: 'done' });
  });

  it('says why an event does not arrive, and replays what was given up', async () => {
    const target = await EventTarget.listen();
    target.answer = () => ({ status: 500 });
    const wanted = { name: 'planning', url: target.url, events: ['ONTASKADD'] };
    const { body } = await client.call('POST', '/v1/subscriptions', wanted);
    const id = body.id as string;
    await new VendorEvents(world, client).post(portal.event('ONTASKADD', {}));
    await eventually(async () => (await client.get(`/v1/subscriptions/${id}`)).body.lastFailure !== undefined);
    expect((await line.run(['events', 'list'])).stdout).toMatch(
      /planning +on +all +1 +0 .*The target answered 500\.\n$/,
    );
    expect((await line.run(['events', 'show', id])).stdout).toMatch(/^ {2}why +The target answered 500\.$/m);
    expect((await line.json<{ items: object[] }>(['events', 'deliveries', id])).items).toMatchObject([
      { event: 'ONTASKADD', status: 500 },
    ]);
    expect((await line.run(['events', 'test', id])).stdout).toBe('Not delivered: The target answered 500.\n');
    // As after twelve attempts.
    const redis = world.redis.client();
    const [waiting = ''] = await redis.zrange(`b24:{events}:${id}:due`, '0', '-1');
    await redis.zadd(`b24:{events}:${id}:dead`, 1_700_000_000_000, waiting);
    await redis.zrem(`b24:{events}:${id}:due`, waiting);
    redis.disconnect();
    expect((await line.run(['events', 'dead', id])).stdout).toContain(waiting);
    for (const words of [
      ['replay', id],
      ['replay', id, waiting, '--all'],
      ['replay', id, '--all', '--since', 'now'],
    ])
      expect(await line.problem(['events', ...words])).toMatchObject({ exitCode: 2, code: 'wrong_usage' });
    const after = ['events', 'replay', id, '--since', '2025-01-01T00:00:00Z'];
    expect(await line.json(after)).toEqual({ replayed: 0 });
    target.answer = () => ({ status: 204 });
    expect((await line.run(['events', 'replay', id, waiting])).stdout).toBe('1 dead letter is sent again.\n');
    await eventually(async () => (await client.get(`/v1/subscriptions/${id}`)).body.waiting === 0);
    expect((await line.run(['events', 'bindings', 'acme'])).stdout).toMatch(/^ {2}wanted +ONTASKADD$/m);
    await client.call('DELETE', `/v1/subscriptions/${id}`);
    await target.stop();
  });

  it('says which portals of a job failed and why, and retries them', async () => {
    const method = 'tasks.api.scrum.backlog.getFields';
    const wanted = { call: { method }, portals: ['acme', 'initech'] };
    const accepted = await client.call('POST', '/v1/fan-out', wanted, { Prefer: 'respond-async' });
    const id = accepted.body.id as string;
    await eventually(async () => (await client.get(`/v1/jobs/${id}`)).body.state === 'done');
    expect((await line.run(['jobs', 'show', id])).stdout).toMatch(/^ {2}problems +1 × portal_not_found$/m);
    expect((await line.run(['jobs', 'items', id])).stdout).toMatch(/\nacme +done +–\ninitech +portal_not_found +\S/);
    const failed = await line.json<{ items: object[] }>(['jobs', 'items', id, '--failed']);
    expect(failed.items).toMatchObject([{ item: 1, code: 'portal_not_found' }]);
    const retry = await line.run(['jobs', 'retry', id]);
    expect(retry.stdout).toMatch(/^j_[\da-f]{32} retries 1\.\n$/);
    expect(await line.problem(['jobs', 'retry', id, '--unknown'])).toMatchObject({ code: 'job_not_retryable' });
  });

  it('edits a key, whose holder has other rights at once', async () => {
    const wanted = { name: 'planning', scopes: ['portals:read', 'call'], ratePerSecond: 5 };
    const { body } = await client.call('POST', '/v1/clients', wanted);
    const [id, key] = [body.id as string, body.key as string];
    const service = new HttpClient(client.url, key);
    expect((await service.get('/v1/portals')).status).toBe(200);
    const edited = await line.run(['keys', 'edit', id, '--scope', 'call', '--portal', 'acme', '--unlimited-rate']);
    expect(edited.stdout).toMatch(/^ {2}scopes +call$/m);
    expect(edited.stdout).toMatch(new RegExp(`^ {2}portals +${portal.memberId}$`, 'm'));
    expect(edited.stdout).not.toMatch(/rate/);
    expect((await service.get('/v1/portals')).body.code).toBe('not_allowed');
    expect(await line.problem(['keys', 'edit', id])).toMatchObject({ exitCode: 2, code: 'wrong_usage' });
    const both = ['keys', 'edit', id, '--portal', 'acme', '--all-portals'];
    expect(await line.problem(both)).toMatchObject({ exitCode: 2, code: 'wrong_usage' });
    expect(await line.json(['keys', 'edit', id, '--name', 'reports'])).toMatchObject({ id, name: 'reports' });
    expect(line.said).not.toContain(key);
  });

  it('tells people from services in the audit log', async () => {
    const { body } = await client.call('POST', '/v1/clients', { name: 'planning', scopes: ['portals:write'] });
    await new HttpClient(client.url, body.key as string).call('PATCH', '/v1/portals/acme', { tags: ['emea'] });
    const by = async (party: string) =>
      (await line.json<{ items: { actor: string }[] }>(['audit', '--by', party, '--limit', '200'])).items;
    await eventually(async () => (await by('services')).length > 0);
    expect(new Set((await by('services')).map(({ actor }) => actor))).toEqual(new Set([body.id]));
    expect(new Set((await by('people')).map(({ actor }) => actor))).toEqual(new Set(['admin']));
  });
});
