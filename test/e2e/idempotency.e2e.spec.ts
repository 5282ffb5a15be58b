import { readFileSync } from 'node:fs';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, type HttpReply, World } from '../support/gateway';

const add = { groupId: 126, createdBy: 6 };

describe('an Idempotency-Key', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;
  const keyed = (key: string, more = {}) => ({ 'Idempotency-Key': key, ...more });
  const post = (key: string, body: unknown = add, by = client): Promise<HttpReply> =>
    by.call('POST', at('/backlogs'), body, keyed(key));
  const adds = () => portal.requests.filter(({ method }) => method.endsWith('backlog.add'));

  /** As if the replica that ran the write had died before it kept the answer. */
  const forgetAnswers = async () => {
    const redis = world.redis.client();
    for (const name of await redis.keys('b24:write:*')) {
      await redis.hdel(name, 'answer');
      await redis.hset(name, { holder: 'a dead one', leaseEndsAtMs: '1' });
    }
    redis.disconnect();
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ B24_CALL_LIMIT_MS: '300' });
  });
  beforeEach(async () => {
    portal = await world.installed(client, {
      burst: 1000,
      drainPerSecond: 100,
      groups: [125, 126],
      backlogs: [{ id: 7, groupId: 125, createdBy: 6, modifiedBy: 1 }],
    });
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('makes a retry be told what the first was told, by whichever replica', async () => {
    const other = await world.gateway();
    const first = await post('retry');
    const second = await post('retry', add, other);
    expect(first.headers.has('idempotent-replayed')).toBe(false);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect([second.status, second.body]).toEqual([201, first.body]);
    for (const name of ['location', 'content-type']) expect(second.headers.get(name)).toBe(first.headers.get(name));
    expect(adds()).toHaveLength(1);
  });

  it('is told apart by its text, in quotes or bare, and by whose it is', async () => {
    const { body } = await client.call('POST', '/v1/clients', { name: 'other', scopes: ['backlog:write'] });
    await post('"8e03978e-40d5-43e8-bc93-6894a57f9324"');
    expect((await post('8e03978e-40d5-43e8-bc93-6894a57f9324')).headers.get('idempotent-replayed')).toBe('true');
    const others = await post(
      '8e03978e-40d5-43e8-bc93-6894a57f9324',
      add,
      new HttpClient(client.url, body.key as string),
    );
    expect([others.status, others.body['code']]).toEqual([409, 'backlog_already_exists']);
  });

  it('knows the same body in another order of fields', async () => {
    await post('order', '{"groupId":126,"createdBy":6}');
    expect((await post('order', '{ "createdBy": 6, "groupId": 126 }')).headers.get('idempotent-replayed')).toBe('true');
  });

  it('that was used for another body, path or method is refused, and nothing is done', async () => {
    await post('taken');
    const replies = await Promise.all([
      post('taken', { ...add, createdBy: 1 }),
      client.call('PATCH', at('/backlogs/7'), add, keyed('taken')),
      client.call('DELETE', at('/backlogs/7'), undefined, keyed('taken')),
    ]);
    for (const { status, body, headers } of replies) {
      expect([status, body.code, body.retryable]).toEqual([409, 'idempotency_conflict', false]);
      expect(headers.has('retry-after')).toBe(false);
    }
    expect(portal.requests).toHaveLength(1);
  });

  it.each(['', '"open', '"in"side"', 'x'.repeat(256), 'ümlaut'])('such as %j is not valid', async (key) => {
    const reply = await post(key);
    expect([reply.status, reply.body['errors']]).toEqual([400, [expect.objectContaining({ path: 'Idempotency-Key' })]]);
    expect(portal.requests).toEqual([]);
  });

  it('makes fifty calls at once one write with fifty equal answers', async () => {
    portal.faults.next('slow', { method: 'tasks.api.scrum.backlog.add', delayMs: 300 });
    const replies = await Promise.all(Array.from({ length: 50 }, () => post('stampede')));
    expect(new Set(replies.map(({ status, body }) => JSON.stringify([status, body]))).size).toBe(1);
    expect(replies[0]?.status).toBe(201);
    expect(replies.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(49);
    expect(adds()).toHaveLength(1);
  });

  it('whose first call is still in progress says so when the deadline comes, and when to ask again', async () => {
    portal.faults.next('slow', { method: 'tasks.api.scrum.backlog.add', delayMs: 1500 });
    const first = post('slow');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const second = await client.call('POST', at('/backlogs'), add, keyed('slow', { 'X-Deadline-Ms': '300' }));
    expect([second.status, second.body.code, second.body.retryable]).toEqual([409, 'idempotency_conflict', true]);
    expect(second.body.detail).toMatch(/still in progress/);
    expect(second.headers.get('retry-after')).toBe('1');
    expect((await first).status).toBe(201);
  });

  it("keeps the portal's refusal, whatever becomes possible later", async () => {
    const body = { groupId: 125, createdBy: 6 };
    const refused = await post('refused', body);
    expect([refused.status, refused.body['code']]).toEqual([409, 'backlog_already_exists']);
    await client.call('DELETE', at('/backlogs/7'));
    const again = await post('refused', body);
    expect([again.status, again.body]).toEqual([409, refused.body]);
    expect(again.headers.get('content-type')).toBe(refused.headers.get('content-type'));
    expect(adds()).toHaveLength(1);
  });

  it('is free again after what proves that nothing was done', async () => {
    const { body } = await client.call('POST', '/v1/clients', {
      name: 'elsewhere',
      scopes: ['backlog:write'],
      portals: [(await world.installed(client)).memberId],
    });
    const stranger = new HttpClient(client.url, body.key as string);
    expect((await post('free', {})).status).toBe(400);
    expect((await post('free', add, stranger)).status).toBe(404);
    await client.call('PATCH', at(''), { suspended: true });
    expect((await post('free')).body['code']).toBe('portal_suspended');
    await client.call('PATCH', at(''), { suspended: false });
    portal.faults.next('PAYMENT_REQUIRED', { times: Infinity });
    expect((await post('free')).status).toBe(402);
    portal.faults.clear();
    // The portal's word is believed for a minute, or until somebody installs again.
    expect((await post('free')).status).toBe(402);
    await world.install(client, portal);
    expect(await post('free')).toMatchObject({ status: 201 });
    const redis = world.redis.client();
    const held = await redis.keys('b24:write:*');
    redis.disconnect();
    expect(held.length).toBeGreaterThan(0);
  });

  it('is ignored on reads', async () => {
    const read = () => client.get(at('/groups/125/backlog'), keyed('"not even valid'));
    expect([(await read()).status, (await read()).headers.has('idempotent-replayed')]).toEqual([200, false]);
    expect(portal.requests).toHaveLength(2);
  });

  it('shows a new client its key again, and nobody who reads Redis', async () => {
    const make = () => client.call('POST', '/v1/clients', { name: 'once', scopes: ['call'] }, keyed('make-a-client'));
    const [first, second] = [await make(), await make()];
    expect(second.body).toEqual(first.body);
    const { body } = await client.get<{ items: { name: string }[] }>('/v1/clients');
    expect(body.items.filter(({ name }) => name === 'once')).toHaveLength(1);
    const redis = world.redis.client();
    const records = await Promise.all(
      (await redis.keys('b24:write:*')).map(async (name) => [name, await redis.hgetall(name)]),
    );
    redis.disconnect();
    expect(JSON.stringify(records)).toContain('v2.k1.');
    for (const secret of [first.body.key as string, 'make-a-client'])
      expect(JSON.stringify(records)).not.toContain(secret);
  });

  it('finds out what became of a write whose replica died with the answer, or says that it can not', async () => {
    const { body: made } = await client.call('POST', '/v1/clients', { name: 'a', scopes: ['call'] });
    const other = await world.installed(client);
    const writes = [
      ['POST', at('/backlogs'), add, 201],
      ['PATCH', at('/backlogs/7'), { modifiedBy: 6 }, 200],
      ['PATCH', at(''), { alias: 'died' }, 200],
      ['DELETE', `/v1/portals/${other.memberId}`, undefined, 204],
      ['DELETE', `/v1/clients/${made.id}`, undefined, 204],
    ] as const;
    for (const [method, path, body, status] of writes) {
      const first = await client.call(method, path, body, keyed(`died-${method}${path}`));
      expect([path, first.status]).toEqual([path, status]);
      await forgetAnswers();
      const again = await client.call(method, path, body, keyed(`died-${method}${path}`));
      expect([path, again.status, again.body]).toEqual([path, status, first.body]);
    }
    expect(adds().filter(({ executed }) => executed)).toHaveLength(1);
    const makeAgain = () => client.call('POST', '/v1/clients', { name: 'b', scopes: ['call'] }, keyed('died-making'));
    await makeAgain();
    await forgetAnswers();
    for (const reply of [await makeAgain(), await makeAgain()]) {
      expect([reply.status, reply.body.code, reply.body.retryable]).toEqual([504, 'outcome_unknown', false]);
    }
    const { body } = await client.get<{ items: { name: string }[] }>('/v1/clients');
    expect(body.items.filter(({ name }) => name === 'b')).toHaveLength(1);
  });

  it('can be sent with every write that openapi.json knows, and with no read', () => {
    const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
      paths: Record<string, Record<string, { security?: unknown[]; parameters?: { name?: string; $ref?: string }[] }>>;
    };
    /** Whatever its verb says: it reads. */
    const readings = ['post /v1/portals/{portal}/list/{method}'];
    const keyedOperations = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { security }]) => security?.length !== 0)
        .map(([verb, { parameters }]) => [
          `${verb} ${path}`,
          verb !== 'get' && !readings.includes(`${verb} ${path}`),
          parameters?.some(({ name, $ref = name }) => $ref?.split('/').at(-1) === 'Idempotency-Key') ?? false,
        ]),
    );
    expect(keyedOperations.length).toBeGreaterThan(10);
    expect(keyedOperations.filter(([, isWrite, takesIt]) => isWrite !== takesIt)).toEqual([]);
  });
});
