import { randomBytes } from 'node:crypto';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { Browser, openFrame } from '../support/browser';
import { HttpClient, eventually, World } from '../support/gateway';
import { memoryOf } from '../support/redis-memory';
import { RegisteredApp } from '../support/registered-app';
import { VendorEvents } from '../support/vendor-events';

const wide = { burst: 5000, drainPerSecond: 500 };

describe('apps', () => {
  let world: World;
  let client: HttpClient;
  let other: HttpClient;
  let events: VendorEvents;
  let portal: SimulatedPortal;
  let app: RegisteredApp;
  const at = ({ memberId }: SimulatedPortal) => `/v1/portals/${memberId}`;
  const call = (it: SimulatedPortal, through = client) => through.get(`${at(it)}/backlogs/fields`);
  const appOf = async (it: SimulatedPortal) => (await client.get<{ app?: string }>(at(it))).body.app;
  /** Which apps asked for a refresh of this portal since then. */
  const refreshedBy = ({ memberId }: SimulatedPortal, since: number) =>
    world.simulator.oauth.tokenRequests
      .slice(since)
      .filter((it) => it.grantType === 'refresh_token' && it.memberId === memberId)
      .map(({ clientId }) => clientId);
  const asked = () => world.simulator.oauth.tokenRequests.length;
  const install = async (it: RegisteredApp, on: SimulatedPortal) => {
    await it.there.sendInstallEvent(it.urls.events);
    await eventually(async () => (await appOf(on)) === it.id);
  };
  const newPortal = async () => {
    const made = await world.simulator.addPortal(wide);
    await world.knownForLong(made.memberId);
    return made;
  };

  beforeAll(async () => {
    world = await World.start();
    const env = { B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' };
    client = await world.gateway(env);
    other = await world.gateway(env);
    events = new VendorEvents(world, client);
  });
  beforeEach(async () => {
    portal = await newPortal();
    app = await RegisteredApp.register(client, portal);
  });
  afterAll(() => world.stop());

  it('work on portals of their own in one gateway, each refreshed with its own id and secret', async () => {
    const second = await newPortal();
    const secondApp = await RegisteredApp.register(other, second);
    const ofSettings = await world.installed(client, wide);
    await install(app, portal);
    await install(secondApp, second);
    const since = asked();
    const all = [portal, second, ofSettings];
    for (const it of all) it.expireAccessTokens();
    for (const through of [client, other])
      expect((await Promise.all(all.map((it) => call(it, through)))).map(({ status }) => status)).toEqual([
        200, 200, 200,
      ]);
    expect(all.map((it) => refreshedBy(it, since))).toEqual([
      [app.clientId],
      [secondApp.clientId],
      [world.simulator.clientId],
    ]);
    expect(await Promise.all(all.map(appOf))).toEqual([app.id, secondApp.id, 'default']);
    const { body } = await client.get<{ items: { memberId: string }[] }>(`/v1/portals?app=${app.id}`);
    expect(body.items.map(({ memberId }) => memberId)).toEqual([portal.memberId]);
  });

  it('are installed by authorization and by the page in the frame as well, each at its own address', async () => {
    const browser = new Browser();
    const form = await browser.open(app.urls.install);
    expect(form.html).toContain(`<form action="/install/${app.id}" method="get">`);
    const start = await browser.open(`${app.urls.install}?portal=${portal.domain}`);
    expect(new URL(start.location).searchParams.get('client_id')).toBe(app.clientId);
    const back = await browser.allow(client, portal, app.urls.install);
    expect(back.pathname).toBe(`/oauth/callback/${app.id}`);
    expect(await browser.open(back)).toMatchObject({ status: 200 });
    expect([await appOf(portal), (await call(portal)).status]).toEqual([app.id, 200]);

    const framed = await newPortal();
    const framedApp = await RegisteredApp.register(client, framed);
    const page = await openFrame(client, framedApp.there.framePost(), framedApp.urls.installation);
    expect(page).toMatchObject({ status: 200 });
    expect([await appOf(framed), (await call(framed)).status]).toEqual([framedApp.id, 200]);
  });

  it('refuse an install with the tokens of another app, at whichever address it is posted', async () => {
    const forged = portal.installEvent();
    await events.refusedLater(forged, app.urls.events);
    await events.refusedLater(app.there.installEvent());
    const second = await RegisteredApp.register(client, portal);
    await events.refusedLater(app.there.installEvent(), second.urls.events);
    // Late, when only the refresh tells whose it is.
    const late = app.there.installEvent();
    world.simulator.clock.advance(3 * 3_600_000);
    await events.refusedLater(late, second.urls.events);
    const before = await memoryOf(world.redis);
    for (const page of [second.urls.installation, `${client.url}/bitrix24/install`])
      expect(await openFrame(client, app.there.framePost(), page)).toMatchObject({ status: 403 });
    expect(await memoryOf(world.redis)).toEqual(before);
  });

  it('refuse an authorization that was begun for another app, and leave it to its own', async () => {
    const second = await RegisteredApp.register(client, portal);
    const browser = new Browser();
    const back = await browser.allow(client, portal, app.urls.install);
    for (const path of ['/oauth/callback', `/oauth/callback/${second.id}`]) {
      const page = await browser.open(`${client.url}${path}${back.search}`);
      expect(page).toMatchObject({ status: 403, html: expect.stringContaining('was not started in this browser') });
    }
    expect((await browser.open(`${client.url}/oauth/callback/${second.id}${back.search}`)).html).toContain(
      `href="/install/${second.id}"`,
    );
    // Nor does its code help with a state of the other's.
    const mine = await browser.allow(client, portal, second.urls.install);
    mine.searchParams.set('code', back.searchParams.get('code') ?? '');
    expect(await browser.open(mine)).toMatchObject({ status: 403 });
    const again = await browser.allow(client, portal, app.urls.install);
    expect(await browser.open(again)).toMatchObject({ status: 200 });
  });

  it('that are not registered are told so at every address', async () => {
    for (const id of ['a_0123456789abcdef', 'acme', '__proto__', 'a_0123456789ABCDEF']) {
      await events.refusedAtOnce(app.there.installEvent(), 404, `${client.url}/bitrix24/events/${id}`);
      for (const page of [
        `/install/${id}`,
        `/install/${id}?portal=${portal.domain}`,
        `/oauth/callback/${id}?code=x&state=y`,
      ])
        expect(await new Browser().open(`${client.url}${page}`)).toMatchObject({ status: 404 });
      const framed = await openFrame(client, app.there.framePost(), `${client.url}/bitrix24/install/${id}`);
      expect(framed).toMatchObject({ status: 404, html: expect.stringContaining('No such app here') });
    }
  });

  it('replace each other on one portal: the newest install counts, and nothing of the app before does', async () => {
    await world.install(client, portal);
    await client.call('PATCH', at(portal), { alias: `kept-${portal.memberId.slice(0, 8)}` });
    const before = portal.uninstallEvent();
    await install(app, portal);
    const since = asked();
    portal.expireAccessTokens();
    expect((await call(portal)).status).toBe(200);
    expect(refreshedBy(portal, since)).toEqual([app.clientId]);
    expect((await client.get(at(portal))).body).toMatchObject({
      spareTokenPairs: 0,
      alias: expect.stringMatching(/^kept-/),
    });
    // The app that was replaced is uninstalled: that is not this grant's end.
    await events.refusedAtOnce(before, 403);
    await events.refusedAtOnce(before, 403, app.urls.events);
    await events.refusedAtOnce(app.there.uninstallEvent(), 403);
    expect((await call(portal)).status).toBe(200);
    // A second delivery of the app before, whose refresh token is spent, is none of this app's installs.
    const spent = portal.installEvent();
    await events.post(spent);
    await eventually(async () => (await appOf(portal)) === 'default');
    await install(app, portal);
    await events.refusedLater(spent);
    expect(await appOf(portal)).toBe(app.id);
    expect(await events.post(app.there.uninstallEvent(), app.urls.events)).toMatchObject({ status: 200 });
    expect(await client.get(at(portal))).toMatchObject({ body: { status: 'uninstalled' } });
  });

  it("send whoever must authorize a portal again to the portal's own app", async () => {
    await install(app, portal);
    portal.revokeFamilies();
    portal.expireAccessTokens();
    const refused = await call(portal);
    const authorizeUrl = String(refused.body.authorizeUrl);
    expect(refused).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    expect(new URL(authorizeUrl).pathname).toBe(`/install/${app.id}`);
    const { search } = new URL(authorizeUrl);
    const back = await new Browser().open(`${app.urls.install}${search}`);
    expect(new URL(back.location).searchParams.get('client_id')).toBe(app.clientId);
  });

  it('share the limit of a portal: another app on it finds the bucket as the first left it', async () => {
    const narrow = await world.simulator.addPortal({ burst: 50, drainPerSecond: 2 });
    await world.install(client, narrow);
    await client.call('PATCH', at(narrow), { limits: { burst: 50, drainPerSecond: 2 } });
    const second = await RegisteredApp.register(client, narrow);
    const flood = () =>
      Promise.all(Array.from({ length: 120 }, (_, i) => client.get(`${at(narrow)}/groups/${i + 1}/backlog`)));
    await flood();
    await install(second, narrow);
    await flood();
    expect(narrow.refusedByBucket).toBe(0);
  }, 60_000);

  it('are rotated under traffic: set before the vendor switches, no call fails on any replica', async () => {
    await install(app, portal);
    const statuses: number[] = [];
    let over = false;
    const everywhere = async () => {
      portal.expireAccessTokens();
      const both = await Promise.all([client, other].map((through) => call(portal, through)));
      statuses.push(...both.map(({ status }) => status));
    };
    const traffic = (async () => {
      while (!over) await everywhere();
    })();
    const some = async () => {
      const until = statuses.length + 20;
      await eventually(() => statuses.length >= until);
    };
    await some();
    for (let round = 0; round < 3; round++) {
      const secret = randomBytes(25).toString('hex');
      expect(await client.call('PATCH', `/v1/apps/${app.id}`, { clientSecret: secret })).toMatchObject({ status: 200 });
      await some();
      app.rotateAtVendor(secret);
      await some();
    }
    over = true;
    await traffic;
    expect(new Set(statuses)).toEqual(new Set([200]));
  }, 60_000);

  it('that the vendor gave another secret first are mended at once by setting it, on every replica', async () => {
    await install(app, portal);
    const secret = app.rotateAtVendor();
    portal.expireAccessTokens();
    const failed = {
      status: 502,
      body: { code: 'authorization_server_error', detail: expect.stringContaining('PATCH /v1/apps') },
    };
    for (const through of [client, other]) expect(await call(portal, through)).toMatchObject(failed);
    expect(await other.call('PATCH', `/v1/apps/${app.id}`, { clientSecret: secret })).toMatchObject({ status: 200 });
    for (const through of [client, other]) expect((await call(portal, through)).status).toBe(200);
  });

  it('can not be deleted while portals belong to them, and are gone everywhere once none does', async () => {
    await install(app, portal);
    const path = `/v1/apps/${app.id}`;
    const refused = await client.call('DELETE', path);
    expect(refused).toMatchObject({ status: 409, body: { code: 'app_in_use' } });
    expect(refused.body.detail).toContain('1 portal belongs to it');
    expect(refused.body.detail).toContain(`GET /v1/portals?app=${app.id}`);
    portal.expireAccessTokens();
    expect((await call(portal)).status).toBe(200);
    await client.call('DELETE', at(portal));
    expect(await client.call('DELETE', path)).toMatchObject({ status: 204 });
    for (const through of [client, other]) expect(await through.get(path)).toMatchObject({ status: 404 });
    expect(await new Browser().open(`${other.url}/install/${app.id}`)).toMatchObject({ status: 404 });
    expect(await client.call('DELETE', path)).toMatchObject({ status: 404, body: { code: 'app_not_found' } });
  });

  it('that are missing lose no grant: the portal says so, and goes on when the app is registered again', async () => {
    await install(app, portal);
    const redis = world.redis.client();
    // An install that was under way while its app was deleted leaves a portal like that.
    await redis.hdel('b24:apps', app.id);
    redis.disconnect();
    portal.expireAccessTokens();
    const refused = await call(portal);
    expect(refused).toMatchObject({ status: 409, body: { code: 'reauthorization_required' } });
    expect(refused.body.detail).toContain(`(${app.id}) is no longer registered here`);
    const { clientId, clientSecret } = app;
    expect(await client.call('POST', '/v1/apps', { name: 'again', clientId, clientSecret })).toMatchObject({
      status: 201,
      body: { id: app.id },
    });
    expect((await call(portal)).status).toBe(200);
  });

  it('of the settings is listed first, and is neither changed nor deleted', async () => {
    const { body } = await client.get<{ items: { id: string; urls: Record<string, string> }[] }>('/v1/apps');
    const [first] = body.items;
    expect(first).toMatchObject({ id: 'default', name: 'default', clientId: world.simulator.clientId });
    expect(new URL(first?.urls['handler'] ?? '').pathname).toBe('/oauth/callback');
    expect(body.items.map(({ id }) => id)).toContain(app.id);
    const reported = { status: 409, body: { code: 'app_of_settings' } };
    expect(await client.call('DELETE', '/v1/apps/default')).toMatchObject(reported);
    expect(await client.call('PATCH', '/v1/apps/default', { name: 'x' })).toMatchObject(reported);
    const { clientId } = world.simulator;
    const taken = await client.call('POST', '/v1/apps', { name: 'x', clientId, clientSecret: 'another-secret' });
    expect(taken).toMatchObject({ status: 409, body: { code: 'app_already_registered' } });
  });

  it('are for administrators, happen once by their key, and are written down without their secret', async () => {
    const clientSecret = randomBytes(20).toString('hex');
    const wanted = { name: 'told', clientId: `local.${randomBytes(5).toString('hex')}`, clientSecret };
    const key = await client.call('POST', '/v1/clients', { name: 'x', scopes: ['portals:read', 'portals:write'] });
    const reader = new HttpClient(client.url, key.body.key as string);
    for (const [method, path, body] of [
      ['POST', '/v1/apps', wanted],
      ['GET', '/v1/apps', undefined],
      ['GET', `/v1/apps/${app.id}`, undefined],
      ['PATCH', `/v1/apps/${app.id}`, { name: 'x' }],
      ['DELETE', `/v1/apps/${app.id}`, undefined],
    ] as const)
      expect(await reader.call(method, path, body)).toMatchObject({ status: 403, body: { code: 'not_allowed' } });

    const once = { 'Idempotency-Key': randomBytes(8).toString('hex') };
    const first = await client.call('POST', '/v1/apps', wanted, once);
    const again = await other.call('POST', '/v1/apps', wanted, once);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const { id } = first.body as { id: string };
    expect(first.headers.get('location')).toBe(`/v1/apps/${id}`);
    await client.call('PATCH', `/v1/apps/${id}`, { clientSecret: `${clientSecret}x` });
    await client.call('DELETE', `/v1/apps/${id}`);
    const entries = async () =>
      (await client.get<{ items: Record<string, unknown>[] }>('/v1/audit?limit=200')).body.items;
    const ofApp = async () => (await entries()).filter(({ ids }) => (ids as { app?: string } | undefined)?.app === id);
    await eventually(async () => (await ofApp()).length >= 3);
    expect((await ofApp()).map(({ action, ids }) => [action, ids]).reverse()).toEqual([
      ['registerApp', { app: id, name: 'set', clientId: 'set', clientSecret: 'set' }],
      ['updateApp', { app: id, clientSecret: 'set' }],
      ['deleteApp', { app: id }],
    ]);
    expect(JSON.stringify([first.body, await entries(), world.logLines])).not.toContain(clientSecret);
  });
});

describe('a gateway without an app in its settings', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it('starts, says on its pages that it has none, and gets its first by the API', async () => {
    const client = await world.gateway({ B24_CLIENT_ID: '', B24_CLIENT_SECRET: '' });
    const portal = await world.simulator.addPortal(wide);
    await world.knownForLong(portal.memberId);
    expect((await client.get('/health/ready')).status).toBe(200);
    expect((await client.get('/v1/apps')).body).toEqual({ items: [] });
    expect(await new Browser().open(`${client.url}/install`)).toMatchObject({ status: 404 });
    await new VendorEvents(world, client).refusedAtOnce(portal.installEvent(), 404);
    const app = await RegisteredApp.register(client, portal);
    await app.there.sendInstallEvent(app.urls.events);
    await eventually(async () => (await client.get(`/v1/portals/${portal.memberId}/backlogs/fields`)).status === 200);
    portal.expireAccessTokens();
    expect((await client.get(`/v1/portals/${portal.memberId}/backlogs/fields`)).status).toBe(200);
  });
});
