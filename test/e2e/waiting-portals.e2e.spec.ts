import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Browser, openFrame } from '../support/browser';
import { EventTarget } from '../support/event-target';
import { type HttpClient, HttpClient as Caller, eventually, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

describe('a new portal where installs are approved', () => {
  let world: World;
  let client: HttpClient;
  let events: VendorEvents;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start({ clientId: 'app.62f1c3e0a1b2c3.12345678' });
    client = await world.gateway({ EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
    events = new VendorEvents(world, client);
  });
  beforeEach(async () => {
    portal = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    await world.knownForLong(portal.memberId);
  });
  afterAll(() => world.stop());

  const path = () => `/v1/portals/${portal.memberId}`;
  const view = async () => (await client.get(path())).body;
  const installed = async () => {
    await events.post(portal.installEvent());
    await eventually(async () => (await view()).status === 'waiting');
  };
  const admit = (by = client) => by.call('PATCH', path(), { admitted: true });
  const keyWith = async (scopes: string[], portals?: string[]) => {
    const name = `key-${scopes.join('-').replace(/:/g, '-')}-${portal.memberId.slice(0, 6)}`;
    const { body } = await client.call('POST', '/v1/clients', { name, scopes, ...(portals && { portals }) });
    return new Caller(client.url, body.key as string);
  };

  it('is kept with its grant and waits: calls are refused with what to do, until an operator admits it', async () => {
    await installed();
    expect(await view()).toMatchObject({ status: 'waiting', admitted: false, since: expect.any(String) });
    const refused = await events.call(portal);
    expect(refused).toMatchObject({ status: 409, body: { code: 'portal_waiting', retryable: false } });
    expect(refused.body.detail).toContain('"admitted": true');
    expect(portal.requests.map(({ method }) => method)).toEqual(['profile']);
    expect(await admit()).toMatchObject({ status: 200, body: { status: 'active', admitted: true } });
    expect(await events.call(portal)).toMatchObject({ status: 200 });
  });

  it('is logged and counted', async () => {
    const counted = async () => {
      const text = await (await fetch(`${client.url}/metrics`)).text();
      return Number(/^b24_new_portals_total\{outcome="waiting"\} (\d+)/m.exec(text)?.[1] ?? 0);
    };
    const before = await counted();
    await installed();
    await eventually(() => events.logged(portal.memberId, 'waits to be admitted') === 1);
    expect(await counted()).toBe(before + 1);
  });

  it('says on both pages that it waits', async () => {
    const page = await openFrame(client, portal.framePost());
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining('must admit it before calls pass') });
    const browser = new Browser();
    const end = await browser.open(await browser.allow(client, portal));
    expect(end.html).toContain('must admit it before calls pass');
  });

  it('is outside "all", also for administrators, and by name its call says why', async () => {
    await installed();
    const fanOut = (portals: unknown) =>
      client
        .call('POST', '/v1/fan-out', { call: { method: 'user.current' }, portals })
        .then(({ body }) => JSON.stringify(body));
    expect(await fanOut('all')).not.toContain(portal.memberId);
    expect(await fanOut([portal.memberId])).toContain('portal_waiting');
    await admit();
    expect(await fanOut('all')).toContain(portal.memberId);
  });

  it('is shown to administrators’ keys and to keys that name it, and to no other', async () => {
    await installed();
    const lists = async (by: HttpClient) =>
      JSON.stringify((await by.get('/v1/portals?limit=200')).body).includes(portal.memberId);
    const everyone = await keyWith(['portals:read', 'portals:write', 'call']);
    const named = await keyWith(['portals:read'], [portal.memberId]);
    expect([await lists(client), await lists(everyone), await lists(named)]).toEqual([true, false, true]);
    expect(await everyone.get(path())).toMatchObject({ status: 404, body: { code: 'portal_not_found' } });
    expect(await everyone.call('DELETE', path())).toMatchObject({ status: 404 });
    // Its call says that it waits, and no more of it than the caller said.
    const portals = [portal.domain];
    const { body } = await everyone.call<string>('POST', '/v1/fan-out', { call: { method: 'user.current' }, portals });
    expect(JSON.parse(body.split('\n')[0] ?? '')).toEqual({
      portal: { name: portal.domain },
      problem: expect.objectContaining({ code: 'portal_waiting' }),
    });
    await admit();
    expect(await lists(everyone)).toBe(true);
  });

  it('is admitted by an administrator’s key only', async () => {
    await installed();
    const named = await keyWith(['portals:write'], [portal.memberId]);
    expect(await admit(named)).toMatchObject({ status: 403, body: { code: 'not_allowed' } });
    expect(await view()).toMatchObject({ status: 'waiting' });
    expect(await client.call('PATCH', path(), { admitted: false })).toMatchObject({ status: 400 });
  });

  it('sends no event on while it waits, also not to who names it', async () => {
    const target = await EventTarget.listen();
    const wanted = { url: target.url, events: ['ONTASKADD'], portals: [portal.memberId] };
    expect(await client.call('POST', '/v1/subscriptions', wanted)).toMatchObject({ status: 201 });
    await installed();
    expect(await events.post(portal.event('ONTASKADD', { 'FIELDS_AFTER][ID': '1' }))).toMatchObject({ status: 200 });
    await admit();
    expect(await events.post(portal.event('ONTASKADD', { 'FIELDS_AFTER][ID': '2' }))).toMatchObject({ status: 200 });
    await eventually(() => target.arrivals.length > 0);
    expect(target.messages).toMatchObject([{ data: { FIELDS_AFTER: { ID: '2' } } }]);
    await eventually(() => portal.boundEvents.length === 1);
    await target.stop();
  });

  it('is uninstalled by its own event while it waits, and waits when it is installed again', async () => {
    await installed();
    expect(await events.post(portal.uninstallEvent())).toMatchObject({ status: 200 });
    portal.uninstall();
    await events.post(portal.installEvent());
    await eventually(() => events.logged(portal.memberId, 'by event') === 2);
    expect(await view()).toMatchObject({ status: 'waiting' });
  });

  it('that was admitted stays so over another install, and its audit log says who admitted it', async () => {
    await installed();
    await admit();
    await events.post(portal.installEvent());
    await eventually(() => events.logged(portal.memberId, 'by event') === 2);
    expect(await view()).toMatchObject({ status: 'active', admitted: true });
    const reported = async () =>
      (await client.get(`/v1/audit?portal=${portal.memberId}&action=updatePortal`)).body.items;
    await eventually(async () => (await reported()).length === 1);
    expect(await reported()).toMatchObject([{ actor: 'admin', ids: { admitted: true } }]);
  });

  it('of a local app does not wait, nor where INSTALLS says so; and of a mass-market one it is refused where only known ones may come', async () => {
    const open = await world.gateway({ INSTALLS: 'open' });
    expect(await openFrame(open, portal.framePost())).toMatchObject({ status: 200 });
    expect(await view()).toMatchObject({ status: 'active' });
    const known = await world.gateway({ INSTALLS: 'known' });
    const stranger = await world.simulator.addPortal();
    const refused = await openFrame(known, stranger.framePost());
    expect(refused).toMatchObject({ status: 403, html: expect.stringContaining('accepts known portals only') });
    expect(await client.get(`/v1/portals/${stranger.memberId}`)).toMatchObject({ status: 404 });
    expect(await openFrame(known, portal.framePost())).toMatchObject({ status: 200 });
    const exact = await world.gateway({ INSTALLS: 'known', B24_PORTAL_HOSTS: `127.0.0.0/8,${stranger.domain}` });
    expect(await openFrame(exact, stranger.framePost())).toMatchObject({ status: 200 });
  });

  it('at a host that another portal had takes its name only once it is admitted', async () => {
    const open = await world.gateway({ INSTALLS: 'open' });
    await openFrame(open, portal.framePost());
    const { domain } = portal;
    const redis = world.redis.client();
    const [member, field] = [`b24:{${'c'.repeat(32)}}:grant`, 'install'];
    const install = JSON.parse((await redis.hget(`b24:{${portal.memberId}}:grant`, field)) ?? '{}') as object;
    await redis.hset(member, { install: JSON.stringify({ ...install, portal: 'c'.repeat(32) }), version: '1' });
    await redis.hset('b24:names', domain, 'c'.repeat(32));
    await client.call('DELETE', path());
    await openFrame(open, portal.framePost());
    expect(await view()).toMatchObject({ status: 'waiting' });
    expect((await client.get(`/v1/portals/${domain}`)).body.memberId).toBe('c'.repeat(32));
    await admit();
    expect((await client.get(`/v1/portals/${domain}`)).body.memberId).toBe(portal.memberId);
    await redis.del(member);
    redis.disconnect();
  });
});
