import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, eventually, World } from '../support/gateway';
import { memoryOf } from '../support/redis-memory';
import { VendorEvents } from '../support/vendor-events';

describe('events that are no install', () => {
  let world: World;
  let client: HttpClient;
  let events: VendorEvents;
  let portal: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    events = new VendorEvents(world, client);
  });
  beforeEach(async () => {
    portal = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    await world.knownForLong(portal.memberId);
  });
  afterEach(() => {
    world.simulator.oauth.faults.clear();
  });
  afterAll(() => world.stop());

  describe('ONAPPUNINSTALL', () => {
    beforeEach(async () => {
      await events.install(portal);
    });

    it('ends the use of the portal and drops its secrets; a new install brings it back', async () => {
      expect(await events.post(portal.uninstallEvent())).toEqual({ status: 200, body: { received: true } });
      expect(await events.call(portal)).toMatchObject({ status: 410, body: { code: 'portal_uninstalled' } });
      const redis = world.redis.client();
      const left = Object.keys(await redis.hgetall(`b24:{${portal.memberId}}:grant`)).sort();
      redis.disconnect();
      expect(left).toEqual(['install', 'issue', 'tariff', 'version']);
      portal.uninstall();
      await events.install(portal);
    });

    it.each([
      ['an application token nobody knows', 403, { application_token: 'f'.repeat(32) }],
      ["another portal's member id", 403, { member_id: 'f'.repeat(32) }],
      ['an empty application token', 400, { application_token: '' }],
      ['no application token', 400, { application_token: undefined }],
      ['a member id that is none', 400, { member_id: 'constructor' }],
    ])('is refused with %s', async (_what, status, auth) => {
      await events.refusedAtOnce(portal.uninstallEvent({ auth }), status);
      expect(await events.call(portal)).toMatchObject({ status: 200 });
    });

    it("is refused with another portal's application token", async () => {
      const other = await world.simulator.addPortal();
      await events.install(other);
      await events.refusedAtOnce(portal.uninstallEvent({ auth: { application_token: other.applicationToken } }), 403);
      await events.refusedAtOnce(other.uninstallEvent({ auth: { member_id: portal.memberId } }), 403);
      expect([await events.call(portal), await events.call(other)]).toMatchObject([{ status: 200 }, { status: 200 }]);
    });

    it('is refused a second time, also after the portal installed again', async () => {
      const event = portal.uninstallEvent();
      await events.post(event);
      await events.refusedAtOnce(event, 403);
      portal.uninstall();
      await events.install(portal);
      await events.refusedAtOnce(event, 403);
      expect(await events.call(portal)).toMatchObject({ status: 200 });
    });

    it('is not undone by a refresh that was under way', async () => {
      portal.expireAccessTokens();
      world.simulator.oauth.faults.next('slow', { method: 'refresh_token', delayMs: 300, afterExecution: true });
      const call = events.call(portal);
      await eventually(() => world.simulator.oauth.tokenRequests.at(-1)?.outcome === 'pending');
      expect(await events.post(portal.uninstallEvent())).toMatchObject({ status: 200 });
      await call;
      expect(await client.get(`/v1/portals/${portal.memberId}`)).toMatchObject({ body: { status: 'uninstalled' } });
    });
  });

  describe('every other event', () => {
    it('is answered when the portal proves itself, and changes nothing', async () => {
      await events.install(portal);
      const before = await memoryOf(world.redis);
      for (const event of ['ONAPPUPDATE', 'ONAPPPAYMENT', 'ONTASKADD', 'ON_SOMETHING.NEW'])
        expect(await events.post(portal.uninstallEvent({ event }))).toEqual({ status: 200, body: { received: true } });
      expect(await memoryOf(world.redis)).toEqual(before);
    });

    it('is answered also when it carries lists', async () => {
      await events.install(portal);
      const extra = [
        ['data[FIELDS][0][ID]', '1'],
        ['data[FIELDS][1][ID]', '[constructor]'],
        ['data[TAGS][0]', 'a'],
        ['data[TAGS][1]', '__proto__'],
      ] as const;
      expect(await events.post(portal.uninstallEvent({ event: 'ONTASKUPDATE', extra }))).toMatchObject({ status: 200 });
    });

    it('is refused when the portal is not known or does not prove itself', async () => {
      await events.refusedAtOnce(portal.uninstallEvent({ event: 'ONTASKADD' }), 403);
      await events.install(portal);
      await events.refusedAtOnce(
        portal.uninstallEvent({ event: 'ONTASKADD', auth: { application_token: 'not the real one' } }),
        403,
      );
    });
  });

  describe('what is no event', () => {
    const form = 'application/x-www-form-urlencoded';
    const nested = `auth${'[a]'.repeat(20)}=1`;
    const many = Array.from({ length: 300 }, (_, i) => `data[f${i}]=1`).join('&');

    it.each([
      ['nothing', form, '', 400],
      ['a name without value', form, 'event', 400],
      ['an event without auth', form, 'event=ONAPPINSTALL', 400],
      ['an event named twice', form, 'event=ONAPPINSTALL&event=ONAPPUNINSTALL&auth[member_id]=x', 400],
      ['lists for texts', form, 'event[]=ONAPPINSTALL&auth[member_id][]=x', 400],
      ['__proto__', form, '__proto__[event]=ONAPPINSTALL', 400],
      ['__proto__ in brackets', form, 'event=x&auth[__proto__][member_id]=x', 400],
      ['__proto__, encoded', form, 'auth%5B%5F_proto__%5D%5Bx%5D=1', 400],
      ['__proto__ beside a broken escape', form, 'a=%zz&auth[%5f_proto__][x]=1', 400],
      ['constructor.prototype', form, 'constructor[prototype][polluted]=1', 400],
      ['a form too deep', form, nested, 400],
      ['a form with too many fields', form, many, 400],
      ['broken brackets', form, 'auth[[=]&]][member_id=x&event=[]', 400],
      ['a form too large', form, `event=${'x'.repeat(70_000)}`, 413],
      ['JSON that is no object', 'application/json', '"text"', 415],
      ['JSON with __proto__', 'application/json', '{"__proto__":{"event":"ONAPPINSTALL"}}', 400],
      ['a list', 'application/json', '[]', 400],
      ['plain text', 'text/plain', 'event=ONAPPINSTALL', 415],
      ['XML', 'application/xml', '<event/>', 415],
      ['a multipart form', 'multipart/form-data; boundary=x', '--x--', 415],
    ])('is refused (%s)', async (_what, contentType, body, status) => {
      await events.refusedAtOnce({ contentType, body }, status);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });

    it('is refused without a body, or by another method', async () => {
      const response = await fetch(`${client.url}/bitrix24/events`, { method: 'POST' });
      expect(response.status).toBe(415);
      expect(await client.get('/bitrix24/events')).toMatchObject({ status: 404, body: { code: 'route_not_found' } });
    });

    it('leaves forms to the vendor: no other route takes one', async () => {
      const headers = { 'Content-Type': form };
      expect(await client.call('POST', '/v1/portals', 'webhookUrl=x', headers)).toMatchObject({ status: 415 });
    });
  });
});
