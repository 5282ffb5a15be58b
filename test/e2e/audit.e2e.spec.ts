import { AuditLog } from '@b24/access';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Browser, openFrame } from '../support/browser';
import { HttpClient, eventually, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

interface EntryView {
  readonly actor: string;
  readonly action: string;
  readonly outcome: string;
  readonly requestId: string;
  readonly ids?: Readonly<Record<string, unknown>>;
}

describe('the audit log', () => {
  let world: World;
  let admin: HttpClient;
  let portal: SimulatedPortal;
  const at = (path = '') => `/v1/portals/${portal.memberId}${path}`;

  beforeAll(async () => {
    world = await World.start();
    admin = await world.gateway();
    portal = await world.installed(admin, {
      burst: 1000,
      drainPerSecond: 100,
      groups: [125, 126, 127, ...Array.from({ length: 100 }, (_, n) => 500 + n)],
    });
  });
  afterEach(() => {
    portal.faults.clear();
  });
  afterAll(() => world.stop());

  const entries = async (query = '') => (await admin.get(`/v1/audit?limit=200${query}`)).body.items as EntryView[];
  /** The entries of a request, as soon as there is one. */
  const of = async (requestId: string | null) => {
    let found: EntryView[] = [];
    await eventually(async () => (found = await entries(`&requestId=${requestId}`)).length > 0);
    return found;
  };
  /** The entry of a request that is like that, as soon as there is one. */
  const eventuallyOf = async (requestId: string | null, isWanted: (entry: EntryView) => boolean) => {
    let found: EntryView | undefined;
    await eventually(async () => (found = (await of(requestId)).find(isWanted)) !== undefined);
    return found!;
  };
  const traced = async (client: HttpClient, ...call: Parameters<HttpClient['call']>) => {
    const reply = await client.call(...call);
    return { reply, reported: await of(reply.headers.get('x-request-id')) };
  };
  const make = async (wanted: object) => {
    const { reply, reported } = await traced(admin, 'POST', '/v1/clients', { name: 'planning', ...wanted });
    return { id: reply.body.id as string, client: new HttpClient(admin.url, reply.body.key as string), reported };
  };

  it('tells each write of a key once: who, what, where, the ids, and what came of it', async () => {
    const { id, client } = await make({ scopes: ['backlog:write', 'backlog:read'] });
    const write = { groupId: 125, createdBy: 6 };
    const added = await traced(client, 'POST', at('/backlogs'), write);
    expect(added.reported).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        by: 'services',
        at: expect.any(String),
        actor: id,
        name: 'planning',
        action: 'addBacklog',
        portal: portal.memberId,
        status: 201,
        outcome: 'done',
        requestId: added.reply.headers.get('x-request-id'),
        source: '127.0.0.1',
        ids: write,
      },
    ]);
    const backlogId = added.reply.body.id as number;
    expect((await traced(client, 'POST', at('/backlogs'), write)).reported).toMatchObject([
      { outcome: 'backlog_already_exists', status: 409 },
    ]);
    expect((await traced(client, 'PATCH', at(`/backlogs/${backlogId}`), { modifiedBy: 1 })).reported).toMatchObject([
      { action: 'updateBacklog', ids: { backlogId, modifiedBy: 1 } },
    ]);
    expect((await traced(client, 'DELETE', at(`/backlogs/${backlogId}`))).reported).toMatchObject([
      { action: 'deleteBacklog', status: 204, ids: { backlogId } },
    ]);
  });

  it('tells writes that a key was not allowed, and that could not be read', async () => {
    const { id, client } = await make({ scopes: ['portals:read'] });
    expect((await traced(client, 'DELETE', at())).reported).toMatchObject([
      { actor: id, action: 'forgetPortal', portal: portal.memberId, outcome: 'not_allowed', status: 403 },
    ]);
    expect((await traced(admin, 'PATCH', at(), { nonsense: 1 })).reported).toMatchObject([
      { outcome: 'invalid_request' },
    ]);
  });

  it('tells a write whose caller hung up', async () => {
    portal.faults.next('slow', { delayMs: 400, method: 'tasks.api.scrum.backlog.add' });
    const hangUp = new AbortController();
    const requestId = 'hung-up-1';
    const call = fetch(`${admin.url}${at('/backlogs')}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${admin.key}`, 'Content-Type': 'application/json', 'X-Request-Id': requestId },
      body: JSON.stringify({ groupId: 126, createdBy: 6 }),
      signal: hangUp.signal,
    }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 100));
    hangUp.abort();
    await call;
    expect(await of(requestId)).toHaveLength(1);
  });

  it('names what was written where the answer was too large to be read', async () => {
    portal.faults.next('huge', { method: 'crm.deal.delete' });
    const { reported } = await traced(admin, 'POST', at('/call/crm.deal.delete'), { params: { id: 1 } });
    expect(reported).toMatchObject([{ outcome: 'answer_too_large', ids: { method: 'crm.deal.delete' } }]);
    portal.faults.next('huge', { method: 'batch' });
    const { client } = await make({ scopes: ['call'] });
    const cmd = { a: 'crm.deal.delete?id=1', b: 'crm.deal.list' };
    const answer = await fetch(`${admin.url}/p/${portal.memberId}/rest/1/${client.key}/batch`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ cmd }),
    });
    expect(answer.status).toBe(502);
    expect(await of(answer.headers.get('x-request-id'))).toMatchObject([{ ids: { method: 'crm.deal.delete' } }]);
  });

  it('is not filled by calls to no portal, nor by cancelling what is finished: they stand among the refusals', async () => {
    const redis = world.redis.client();
    const nowhere = (method: string) =>
      admin.call('POST', '/v1/fan-out', { portals: ['nobody'], call: { method } }, { Prefer: 'respond-async' });
    const { body } = await nowhere('crm.deal.add');
    await eventually(async () => (await admin.get(`/v1/jobs/${body.id as string}`)).body.state === 'done');
    const before = await redis.xlen('b24:audit');
    const cancelled = await traced(admin, 'POST', `/v1/jobs/${body.id as string}/cancel`);
    expect(cancelled.reported).toMatchObject([{ action: 'cancelJob', outcome: 'done', ids: { unchanged: true } }]);
    const called = await nowhere('crm.deal.add');
    expect(await of(called.headers.get('x-request-id'))).toMatchObject([{ outcome: 'done', ids: { targets: 0 } }]);
    const read = await nowhere('crm.deal.list');
    await traced(admin, 'PATCH', at(), { nonsense: 1 });
    expect(await entries(`&requestId=${read.headers.get('x-request-id')}`)).toEqual([]);
    expect(await redis.xlen('b24:audit')).toBe(before);
    redis.disconnect();
  });

  it('tells what is done to keys and portals, by ids and never by words', async () => {
    const { id, reported } = await make({ scopes: ['call'], ratePerSecond: 5 });
    expect(reported).toMatchObject([
      { actor: 'admin', action: 'createClient', ids: { clientId: id, ratePerSecond: 5 } },
    ]);
    const rotated = await traced(admin, 'POST', `/v1/clients/${id}/rotate`, { graceSeconds: 5 });
    expect(rotated.reported).toMatchObject([{ action: 'rotateClientKey', ids: { clientId: id, graceSeconds: 5 } }]);
    expect((await traced(admin, 'DELETE', `/v1/clients/${id}`)).reported).toMatchObject([
      { action: 'deleteClient', ids: { clientId: id } },
    ]);
    const changed = await traced(admin, 'PATCH', at(), { alias: 'secret-project', suspended: false, limits: null });
    expect(changed.reported).toMatchObject([{ ids: { alias: 'set', suspended: false, limits: 'removed' } }]);
    expect((await traced(admin, 'PATCH', '/v1/portals/secret-project', { alias: null })).reported).toMatchObject([
      { portal: portal.memberId, ids: { alias: 'removed' } },
    ]);
    const hooked = await world.simulator.addPortal();
    const webhookUrl = hooked.webhookUrl(1, ['task']);
    const added = await traced(admin, 'POST', '/v1/portals', { webhookUrl });
    expect(added.reported).toMatchObject([{ action: 'addPortalByWebhook', portal: added.reply.body.memberId }]);
    const forgotten = await traced(admin, 'DELETE', `/v1/portals/${hooked.domain}`);
    expect(forgotten.reported).toMatchObject([{ action: 'forgetPortal', portal: added.reply.body.memberId }]);
    const all = JSON.stringify(await entries());
    for (const word of ['secret-project', webhookUrl.split('/').at(-2) ?? '', admin.key ?? '', 'b24_'])
      expect(all).not.toContain(word);
  });

  it('tells installs and uninstalls of portals that proved themselves, by the way they came', async () => {
    const events = new VendorEvents(world, admin);
    const other = await world.simulator.addPortal();
    await world.knownForLong(other.memberId);
    await openFrame(admin, other.framePost());
    await events.post(other.uninstallEvent());
    await events.post(other.installEvent());
    await eventually(async () => (await entries(`&portal=${other.memberId}`)).length === 3);
    const browser = new Browser();
    await browser.open(await browser.allow(admin, other));
    await eventually(async () => (await entries(`&portal=${other.memberId}`)).length === 4);
    const reported = await entries(`&portal=${other.memberId}`);
    expect(reported.map(({ actor, action }) => [actor, action])).toEqual([
      ['authorization', 'installPortal'],
      ['portal event', 'installPortal'],
      ['portal event', 'uninstallPortal'],
      ['portal page', 'installPortal'],
    ]);
    expect(await entries('&client=portal%20event&action=uninstallPortal')).toHaveLength(1);
  });

  it('holds nothing of reads, nor of anyone who proved nothing: a flood cannot wash it away', async () => {
    const events = new VendorEvents(world, admin);
    const before = (await entries()).length;
    await admin.get(at('/backlogs/fields'));
    await new HttpClient(admin.url, `b24_${'x'.repeat(43)}`).call('DELETE', at());
    await new HttpClient(admin.url, '').call('DELETE', at());
    await events.refusedLater(portal.installEvent({ auth: { access_token: 'f'.repeat(70) } }));
    await events.refusedAtOnce(portal.uninstallEvent({ auth: { application_token: 'f'.repeat(32) } }), 403);
    const { reported } = await traced(admin, 'PATCH', at(), { suspended: false });
    expect(reported).toHaveLength(1);
    expect(await entries()).toHaveLength(before + 1);
  });

  it('has every write that ran, by whichever door it came, with its method', async () => {
    const { client } = await make({ scopes: ['call', 'backlog:write', 'backlog:read'] });
    const add = 'tasks.api.scrum.backlog.add';
    const update = 'tasks.api.scrum.backlog.update';
    const groupId = 500;
    portal.requests.length = 0;
    const params = (n: number) => ({ fields: { groupId: groupId + n, createdBy: 6 } });
    const sdk = `${client.url}/p/${portal.memberId}/rest/1/${client.key}`;
    const query = (n: number) => `fields[groupId]=${groupId + n}&fields[createdBy]=6`;
    const ways: Record<string, () => Promise<string | null>> = {
      callMethod: async () =>
        (await client.call('POST', at(`/call/${add}`), { params: params(1) })).headers.get('x-request-id'),
      callBySdk: async () => (await fetch(`${sdk}/${add}?${query(2)}`)).headers.get('x-request-id'),
      runBatch: async () =>
        (
          await client.call('POST', at('/batch'), {
            commands: [{ method: add, params: params(3) }, { method: 'user.current' }],
          })
        ).headers.get('x-request-id'),
      fanOut: async () =>
        (
          await client.call('POST', '/v1/fan-out', {
            portals: [portal.memberId],
            call: { method: add, params: params(4) },
          })
        ).headers.get('x-request-id'),
    };
    for (const [action, way] of Object.entries(ways)) {
      const reported = await eventuallyOf(await way(), ({ ids }) => ids?.['method'] === add);
      expect(reported).toMatchObject({ action, outcome: 'done', portal: portal.memberId, source: '127.0.0.1' });
    }
    const batch = await fetch(
      `${sdk}/batch?cmd[a]=${encodeURIComponent(`${add}?${query(5)}`)}&cmd[b]=${encodeURIComponent(`${update}?id=1&fields[modifiedBy]=1`)}`,
    );
    expect(await eventuallyOf(batch.headers.get('x-request-id'), ({ ids }) => ids?.['writes'] === 2)).toMatchObject({
      action: 'callBySdk',
      ids: { method: `${add}, ${update}` },
    });
    const commands = Array.from({ length: 60 }, (_, n) => ({ method: add, params: params(10 + n) }));
    const job = await client.call('POST', at('/batch'), { commands }, { Prefer: 'respond-async' });
    const jobRequest = job.headers.get('x-request-id');
    for (const [from, writes] of [
      [0, 50],
      [50, 10],
    ]) {
      const reported = await eventuallyOf(jobRequest, ({ ids }) => ids?.['from'] === from);
      expect(reported).toMatchObject({ action: 'runBatch', source: '127.0.0.1' });
      expect([reported.outcome, reported.ids?.['writes']]).toEqual(['done', writes]);
    }
  });

  it('keeps what was done however often the same key is refused, and lists both by time', async () => {
    const { client } = await make({ scopes: ['portals:write'] });
    const done = await traced(client, 'PATCH', at(), { suspended: false });
    for (let n = 0; n < 30; n++) await client.call('POST', at('/backlogs'), { groupId: 125, createdBy: 6 });
    const redis = world.redis.client();
    await eventually(
      async () => JSON.stringify(await redis.xrange('{b24:audit}:refused', '-', '+')).split('addBacklog').length > 30,
    );
    expect(JSON.stringify(await redis.xrange('b24:audit', '-', '+'))).not.toContain('not_allowed');
    redis.disconnect();
    const listed = await entries();
    expect(listed[0]).toMatchObject({ outcome: 'not_allowed' });
    expect(listed.map(({ requestId }) => requestId)).toContain(done.reply.headers.get('x-request-id'));
  });

  it('names where a write came from in the log of the process too', async () => {
    const { reply } = await traced(admin, 'PATCH', at(), { suspended: false });
    const requestId = reply.headers.get('x-request-id') ?? '';
    const lines = world.logLines.filter((line) => line.includes(requestId)).map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'request', source: '127.0.0.1' }));
    expect(lines).toContainEqual(
      expect.objectContaining({
        msg: 'audit',
        audit: expect.objectContaining({ action: 'updatePortal', source: '127.0.0.1' }),
      }),
    );
  });

  it('is for administrators, and is filtered and paged as it says', async () => {
    const { client } = await make({ scopes: ['portals:read', 'portals:write', 'call'] });
    expect(await client.get('/v1/audit')).toMatchObject({ status: 403 });
    const first = await admin.get('/v1/audit?limit=2');
    const second = await admin.get(`/v1/audit?limit=2&cursor=${first.body.nextCursor}`);
    const ids = [...(first.body.items as { id: string }[]), ...(second.body.items as { id: string }[])];
    expect(new Set(ids.map(({ id }) => id)).size).toBe(4);
    expect(await entries('&from=2999-01-01T00:00:00Z')).toEqual([]);
    expect(await entries('&to=2001-01-01T00:00:00Z')).toEqual([]);
    expect((await entries('&outcome=not_allowed')).every(({ outcome }) => outcome === 'not_allowed')).toBe(true);
    for (const query of ['limit=0', 'cursor=x', 'outcome=maybe', 'from=yesterday', 'client=%27', 'action=a-b'])
      expect(await admin.get(`/v1/audit?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(await admin.get('/v1/audit?portal=nobody')).toMatchObject({ status: 404 });
  });

  it('is written to its end when a replica ends in order', async () => {
    await world.gateway();
    const audit = world.newest.app.get(AuditLog);
    const names = Array.from({ length: 500 }, (_, i) => `last-${i}`);
    const entry = { atMs: Date.now(), actor: 'admin', action: 'updatePortal', status: 200, outcome: 'done' as const };
    for (const requestId of names) audit.record({ ...entry, requestId });
    await world.newest.close();
    const redis = world.redis.client();
    const text = JSON.stringify(await redis.xrange('b24:audit', '-', '+'));
    redis.disconnect();
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
  });

  it('tells people, services and portals apart', async () => {
    const { id, client } = await make({ scopes: ['portals:write'] });
    const { headers } = await client.call('PATCH', at(), { tags: ['emea'] });
    await of(headers.get('x-request-id'));
    const actors = async (by: string) => new Set((await entries(`&by=${by}`)).map(({ actor }) => actor));
    expect(await actors('people')).toEqual(new Set(['admin']));
    expect(await actors('services')).toContain(id);
    expect(await actors('services')).not.toContain('admin');
    expect([...(await actors('portals'))].filter((it) => it === 'admin' || it.startsWith('c_'))).toEqual([]);
    expect((await admin.get('/v1/audit?by=robots')).status).toBe(400);
  });

  it('is exported as CSV by the same filters, over all pages, without a formula', async () => {
    const name = '=HYPERLINK("http://evil.example";"x")';
    const { id, client } = await make({ name, scopes: ['portals:write'] });
    for (let n = 0; n < 3; n++) await client.call('PATCH', at(), { tags: [`t${n}`] });
    await eventually(async () => (await entries(`&client=${id}`)).length === 3);
    const exported = async (query: string) => {
      const headers = { Authorization: `Bearer ${admin.key!}`, Accept: 'text/csv' };
      const response = await fetch(`${admin.url}/v1/audit?${query}`, { headers });
      return { headers: response.headers, rows: (await response.text()).trimEnd().split('\r\n') };
    };
    const { headers, rows } = await exported(`client=${id}`);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="audit.csv"');
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(/^"at","by","actor","name","action",/);
    for (const row of rows.slice(1))
      expect(row).toContain(`"services","${id}","'=HYPERLINK(""http://evil.example"";""x"")"`);
    const all = await exported('');
    // More than a page has.
    expect((await entries()).length).toBe(200);
    expect(all.rows.length).toBeGreaterThan(201);
    const service = await fetch(`${admin.url}/v1/audit`, {
      headers: { Authorization: `Bearer ${client.key!}`, Accept: 'text/csv' },
    });
    expect(service.status).toBe(403);
  });
});
