import { createHash } from 'node:crypto';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

describe('what the gateway refuses', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const at = (path: string) => `/v1/portals/${portal.memberId}${path}`;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ QUEUE_LIMIT: '2' });
    portal = await world.installed(client, {
      burst: 1000,
      drainPerSecond: 100,
      groups: [125, 126, 127],
      backlogs: [
        { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 },
        { id: 2, groupId: 126, createdBy: 6, modifiedBy: 1 },
      ],
    });
  });
  afterAll(() => world.stop());

  describe('in the words of the backlog methods', () => {
    it.each([
      ['GET', '/groups/127/backlog', undefined, 404, 'backlog_not_found'],
      ['POST', '/backlogs', { groupId: 125, createdBy: 6 }, 409, 'backlog_already_exists'],
      ['POST', '/backlogs', { groupId: 999, createdBy: 6 }, 403, 'access_denied'],
      ['POST', '/backlogs', { groupId: 127, createdBy: 77 }, 422, 'user_not_found'],
      ['POST', '/backlogs', { groupId: 127, createdBy: 6, modifiedBy: 77 }, 422, 'user_not_found'],
      ['PATCH', '/backlogs/99', { modifiedBy: 1 }, 404, 'backlog_not_found'],
      ['PATCH', '/backlogs/2', { groupId: 125 }, 409, 'backlog_already_exists'],
      ['PATCH', '/backlogs/2', { createdBy: 77 }, 422, 'user_not_found'],
      ['PATCH', '/backlogs/2', { modifiedBy: 77 }, 422, 'user_not_found'],
      ['DELETE', '/backlogs/99', undefined, 404, 'backlog_not_found'],
    ])('%s %s %j → %d %s', async (method, path, body, status, code) => {
      const reply = await client.call(method, at(path), body);
      expect([reply.status, reply.body.code, reply.body.retryable]).toEqual([status, code, false]);
    });

    it('a backlog with items is neither moved nor deleted', async () => {
      portal.scrum.addItem(1, 501);
      expect((await client.call('DELETE', at('/backlogs/1'))).body.code).toBe('backlog_not_empty');
      expect((await client.call('PATCH', at('/backlogs/1'), { groupId: 127 })).body.code).toBe('backlog_not_empty');
    });

    it('a group the granting user may not see is denied', async () => {
      portal.scrum.forbid(126, 1);
      expect((await client.get(at('/groups/126/backlog'))).body.code).toBe('access_denied');
      portal.scrum.allow(126, 1);
    });

    it('a deletion that silently failed is not called a success', async () => {
      portal.faults.next('silent-delete', { times: 2 });
      expect(await client.call('DELETE', at('/backlogs/2'))).toMatchObject({
        status: 502,
        body: { code: 'portal_error' },
      });
      expect(await client.call('DELETE', at('/backlogs/2'))).toMatchObject({ status: 204 });
    });
  });

  describe('by the shape of the request', () => {
    it.each([
      ['GET', '/groups/0/backlog', undefined],
      ['GET', '/groups/-1/backlog', undefined],
      ['GET', '/groups/1.5/backlog', undefined],
      ['GET', '/groups/9007199254740993/backlog', undefined],
      ['GET', '/groups/one/backlog', undefined],
      ['POST', '/backlogs', {}],
      ['POST', '/backlogs', { groupId: '125', createdBy: 6 }],
      ['POST', '/backlogs', { groupId: 125, createdBy: 6, title: 'x' }],
      ['POST', '/backlogs', { groupId: 0, createdBy: 6 }],
      ['POST', '/backlogs', { groupId: 1.5, createdBy: 6 }],
      ['POST', '/backlogs', []],
      ['POST', '/backlogs', '{"groupId":'],
      ['POST', '/backlogs', '{"__proto__":{"groupId":125},"createdBy":6}'],
      ['PATCH', '/backlogs/1', {}],
      ['PATCH', '/backlogs/1', { id: 5 }],
      ['DELETE', '/backlogs/x', undefined],
    ])('%s %s %j → 400 invalid_request', async (method, path, body) => {
      const before = portal.requests.length;
      const reply = await client.call(method, at(path), body);
      expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
      expect(portal.requests).toHaveLength(before);
    });

    it('names every place that is wrong', async () => {
      const { body } = await client.call('POST', at('/backlogs'), { groupId: 'x', createdBy: 0 });
      const errors = body.errors as { path: string }[];
      expect(errors.map(({ path }) => path).sort()).toEqual(['createdBy', 'groupId']);
    });

    it('a deadline is a whole number of milliseconds within bounds', async () => {
      for (const given of ['0', '-5', '1e3', 'soon', '120001']) {
        const { body } = await client.get(at('/backlogs/fields'), { 'X-Deadline-Ms': given });
        expect([given, body.code]).toEqual([given, 'invalid_request']);
      }
    });

    it('what is no JSON, too large, unknown or undecodable has a code of its own', async () => {
      const type = (contentType: string) => ({ 'Content-Type': contentType });
      const form = await client.call('POST', at('/backlogs'), 'groupId=1', type('application/x-www-form-urlencoded'));
      const text = await client.call('POST', at('/backlogs'), 'hello', type('text/plain'));
      const large = await client.call('POST', at('/backlogs'), { groupId: 1, createdBy: 6, x: 'x'.repeat(70_000) });
      const route = await client.get('/v1/nothing');
      const verb = await client.call('PUT', at('/backlogs/1'), {});
      const url = await client.get('/v1/portals/%ff%zz');
      expect([form, text, large, route, verb, url].map(({ status, body }) => [status, body.code])).toEqual([
        [415, 'unsupported_media_type'],
        [415, 'unsupported_media_type'],
        [413, 'body_too_large'],
        [404, 'route_not_found'],
        [404, 'route_not_found'],
        [400, 'invalid_request'],
      ]);
    });

    it('a request id is echoed when it is harmless, and made when it is not', async () => {
      const given = await client.get(at('/backlogs/fields'), { 'X-Request-Id': 'abc-1' });
      const bad = await client.get(at('/backlogs/fields'), { 'X-Request-Id': 'a b"c' });
      expect(given.headers.get('x-request-id')).toBe('abc-1');
      expect(bad.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });
  });

  describe('by key', () => {
    const make = async (wanted: object) => {
      const { body } = await client.call('POST', '/v1/clients', { name: 'test', ...wanted });
      return { id: body.id as string, client: new HttpClient(client.url, body.key as string) };
    };

    it('no key and a wrong key are told apart, and how to authenticate is said', async () => {
      const none = await new HttpClient(client.url, '').get(at('/backlogs/fields'));
      const wrong = await new HttpClient(client.url, 'b24_wrong').get(at('/backlogs/fields'));
      expect([none.status, none.body.code, none.headers.get('www-authenticate')]).toEqual([
        401,
        'key_missing',
        'Bearer',
      ]);
      expect([wrong.status, wrong.body.code]).toEqual([401, 'key_invalid']);
    });

    it('a key does what its scopes, portals and methods say and nothing else', async () => {
      const other = await world.installed(client);
      const { client: reader } = await make({
        scopes: ['backlog:read'],
        portals: [portal.domain],
        methods: ['tasks.*.get'],
      });
      expect((await reader.get(at('/groups/125/backlog'))).status).toBe(200);
      const refused = await Promise.all([
        reader.get(at('/backlogs/fields')),
        reader.call('PATCH', at('/backlogs/1'), { modifiedBy: 1 }),
        reader.get('/v1/portals'),
        reader.get('/v1/clients'),
        reader.call('DELETE', at('')),
      ]);
      expect(refused.map(({ status, body }) => [status, body.code])).toEqual(refused.map(() => [403, 'not_allowed']));
      // Another's portal is answered like one that is not there: which are connected is not everyone's to know.
      const [foreign, unknown] = await Promise.all(
        [other.memberId, 'f'.repeat(32)].map((it) => reader.get(`/v1/portals/${it}/groups/125/backlog`)),
      );
      expect([foreign?.status, foreign?.body.code]).toEqual([404, 'portal_not_found']);
      expect({ ...foreign?.body, requestId: 0 }).toEqual({ ...unknown?.body, requestId: 0 });
    });

    it.each([{ portals: ['PORTAL'] }, { methods: ['crm.*'] }, { ratePerSecond: 1 }])(
      'an administrator’s key is not made with limits that it could lift: %j',
      async (limits) => {
        const wanted = JSON.parse(JSON.stringify(limits).replace('PORTAL', portal.memberId)) as object;
        const reply = await client.call('POST', '/v1/clients', { name: 'sneaky', scopes: ['admin'], ...wanted });
        expect(reply).toMatchObject({ status: 400, body: { errors: [{ path: 'scopes' }] } });
      },
    );

    it('a key with the scope admin for certain portals, as older versions made, administers nothing', async () => {
      const { body } = await client.call('POST', '/v1/clients', {
        name: 'old',
        scopes: ['call'],
        portals: [portal.memberId],
      });
      const redis = world.redis.client();
      const name = `b24:client:${createHash('sha256')
        .update(body.key as string)
        .digest('hex')}`;
      await redis.set(name, ((await redis.get(name)) ?? '').replace('"call"', '"admin"'));
      redis.disconnect();
      const old = new HttpClient(client.url, body.key as string);
      expect((await old.get(at('/backlogs/fields'))).status).toBe(200);
      const mine = await client.call('POST', '/v1/clients', { name: 'other', scopes: ['call'] });
      for (const [method, path, sent] of [
        ['POST', '/v1/clients', { name: 'sneaky', scopes: ['admin'] }],
        ['POST', `/v1/clients/${mine.body.id}/rotate`, {}],
        ['DELETE', `/v1/clients/${mine.body.id}`, undefined],
        ['GET', '/v1/clients', undefined],
        ['GET', '/v1/apps', undefined],
        ['GET', '/v1/audit', undefined],
        ['GET', '/v1/subscriptions', undefined],
      ] as const)
        expect([path, await old.call(method, path, sent)]).toMatchObject([
          path,
          { status: 403, body: { code: 'not_allowed' } },
        ]);
      const job = await client.call(
        'POST',
        at('/batch'),
        { commands: [{ method: 'profile' }] },
        { Prefer: 'respond-async' },
      );
      expect((await old.get('/v1/jobs')).body.items).toEqual([]);
      expect((await old.get(`/v1/jobs/${job.body.id}`)).body.code).toBe('job_not_found');
    });

    it('a client sees its own portals only', async () => {
      const { client: seer } = await make({ scopes: ['portals:read'], portals: [portal.memberId] });
      const { body } = await seer.get('/v1/portals');
      const items = body.items as { memberId: string }[];
      expect(items.map(({ memberId }) => memberId)).toEqual([portal.memberId]);
    });

    it('a deleted key stops working at once, and is gone from the list', async () => {
      const { id, client: gone } = await make({ scopes: ['portals:read'] });
      expect((await gone.get('/v1/portals')).status).toBe(200);
      expect((await client.call('DELETE', `/v1/clients/${id}`)).status).toBe(204);
      expect((await gone.get('/v1/portals')).body.code).toBe('key_invalid');
      expect((await client.call('DELETE', `/v1/clients/${id}`)).body.code).toBe('client_not_found');
      const { body } = await client.get('/v1/clients');
      expect(JSON.stringify(body)).not.toContain(id);
    });

    it('a client is not made with an unknown scope, portal or field', async () => {
      const attempts = [
        { scopes: ['everything'] },
        { scopes: [] },
        { scopes: ['call'], secret: 1 },
        { scopes: ['call'], portals: [] },
      ];
      for (const wanted of attempts) {
        expect((await client.call('POST', '/v1/clients', { name: 'x', ...wanted })).body.code).toBe('invalid_request');
      }
      const unknown = await client.call('POST', '/v1/clients', { name: 'x', scopes: ['call'], portals: ['nowhere'] });
      expect(unknown.body.code).toBe('portal_not_found');
    });
  });

  describe('by portal', () => {
    it('a portal is found by member id, alias in any case of the domain, and nothing else', async () => {
      await client.call('PATCH', at(''), { alias: 'acme' });
      for (const name of [portal.memberId, portal.memberId.toUpperCase(), 'acme', portal.domain]) {
        expect((await client.get(`/v1/portals/${name}/groups/125/backlog`)).status).toBe(200);
      }
      expect((await client.get('/v1/portals/nobody/groups/125/backlog')).body.code).toBe('portal_not_found');
      expect((await client.get(`/v1/portals/${'0'.repeat(32)}/groups/125/backlog`)).body.code).toBe('portal_not_found');
    });

    it('an alias belongs to one portal, and is free again when it is taken off', async () => {
      const other = await world.installed(client);
      await client.call('PATCH', at(''), { alias: 'first' });
      const taken = await client.call('PATCH', `/v1/portals/${other.memberId}`, { alias: 'first' });
      expect([taken.status, taken.body.code]).toEqual([409, 'alias_taken']);
      await client.call('PATCH', at(''), { alias: null });
      expect((await client.call('PATCH', `/v1/portals/${other.memberId}`, { alias: 'first' })).body.alias).toBe(
        'first',
      );
      expect((await client.get('/v1/portals/first')).body.memberId).toBe(other.memberId);
    });

    it('a suspended portal is silent until it is let go on', async () => {
      await client.call('PATCH', at(''), { suspended: true });
      expect((await client.get(at('/groups/125/backlog'))).body.code).toBe('portal_suspended');
      await client.call('PATCH', at(''), { suspended: false });
      expect((await client.get(at('/groups/125/backlog'))).status).toBe(200);
    });

    it('a forgotten portal is gone until it is installed again', async () => {
      const other = await world.installed(client);
      expect((await client.call('DELETE', `/v1/portals/${other.memberId}`)).status).toBe(204);
      expect((await client.get(`/v1/portals/${other.domain}`)).body.code).toBe('portal_not_found');
      await world.install(client, other);
      expect((await client.get(`/v1/portals/${other.domain}`)).body.status).toBe('active');
    });

    it('portals are listed in pages', async () => {
      const { body: first } = await client.get('/v1/portals?limit=1');
      expect(first.items).toHaveLength(1);
      const { body: second } = await client.get(`/v1/portals?limit=1&cursor=${first.nextCursor}`);
      expect(second.items[0].memberId).not.toBe(first.items[0].memberId);
      expect((await client.get('/v1/portals?limit=0')).body.code).toBe('invalid_request');
    });

    it('a full lane says when to come back, and a call that hangs up costs the portal nothing', async () => {
      const busy = await world.installed(client, { burst: 5, drainPerSecond: 1 });
      await world.fill(client, busy.memberId, 1000);
      const hangUp = new AbortController();
      const path = `${client.url}/v1/portals/${busy.memberId}/backlogs/fields`;
      const headers = { Authorization: `Bearer ${client.key}` };
      const waiting = [1, 2].map(() => fetch(path, { headers, signal: hangUp.signal }).catch(() => undefined));
      while ((await client.get(`/v1/portals/${busy.memberId}`)).body.queue.waiting < 2);
      const full = await client.get(`/v1/portals/${busy.memberId}/backlogs/fields`);
      expect([full.status, full.body.code, full.body.retryable]).toEqual([429, 'queue_full', true]);
      expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
      hangUp.abort();
      await Promise.all(waiting);
      while ((await client.get(`/v1/portals/${busy.memberId}`)).body.queue.waiting > 0);
      expect(busy.requests).toEqual([]);
    });
  });
});
