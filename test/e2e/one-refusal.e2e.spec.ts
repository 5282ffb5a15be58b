import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { oddErrors } from '../../apps/portal-simulator/src/fault-kinds';
import { vendorErrors } from '../../apps/portal-simulator/src/vendor-errors';
import { ForwardClock } from '../support/forward-clock';
import { HttpClient, eventually, type HttpReply, World } from '../support/gateway';

type RefusalKind = Parameters<SimulatedPortal['faults']['next']>[0];

const roomy = { burst: 5000, drainPerSecond: 500 };
const settings = { B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' };
/** Every code that the vendor knows, and those that say nothing. */
const codes = [...Object.keys(vendorErrors), ...Object.keys(oddErrors)] as RefusalKind[];
/** What is true of every method, and how the portal is shown then. */
const statesOfPortals: readonly (readonly [RefusalKind, number, string])[] = [
  ['PAYMENT_REQUIRED', 402, 'payment_required'],
  ['verification_needed', 402, 'payment_required'],
  ['ACCESS_DENIED', 402, 'payment_required'],
  ['APPLICATION_NOT_FOUND', 410, 'uninstalled'],
  ['NOT_INSTALLED', 410, 'uninstalled'],
  ['PORTAL_DELETED', 410, 'deleted'],
  ['NO_AUTH_FOUND', 409, 'reauthorization_required'],
  ['INVALID_CREDENTIALS', 409, 'reauthorization_required'],
];

describe("one caller's refusal", () => {
  let world: World;
  let client: HttpClient;
  let first: HttpClient;
  let second: HttpClient;
  let portal: SimulatedPortal;
  const clock = new ForwardClock();

  const odd = (by = first, method = 'scope', params: object = {}): Promise<HttpReply> =>
    by.call('POST', `/v1/portals/${portal.memberId}/call/${method}`, { params });
  const plain = (by = second): Promise<HttpReply> => by.get(`/v1/portals/${portal.memberId}/groups/125/backlog`);
  const fields = (): Promise<HttpReply> => client.get(`/v1/portals/${portal.memberId}/backlogs/fields`);
  const view = async () => (await client.get(`/v1/portals/${portal.memberId}`)).body;
  const grant = async () => {
    const redis = world.redis.client();
    const hash = await redis.hgetall(`b24:{${portal.memberId}}:grant`);
    redis.disconnect();
    return hash;
  };
  const door = async (method: string) => {
    const response = await fetch(`${client.url}/p/${portal.memberId}/rest/1/${first.key}/${method}`);
    return { status: response.status, body: await response.json() };
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway(settings, clock);
    const keyed = async (name: string) => {
      const { body } = await client.call('POST', '/v1/clients', { name, scopes: ['call', 'backlog:read'] });
      return new HttpClient(client.url, body.key as string);
    };
    [first, second] = [await keyed('first'), await keyed('second')];
  });
  beforeEach(async () => {
    portal = await world.installed(client, {
      ...roomy,
      backlogs: [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }],
    });
  });
  afterEach(() => {
    portal.faults.clear();
  });
  afterAll(() => world.stop());

  it.each(codes)(
    'stays with that caller, however often one method repeats it: %s',
    async (code) => {
      const before = { grant: await grant(), refreshes: world.simulator.oauth.refreshes };
      portal.faults.next(code, { method: 'scope', times: Infinity });
      let goesOn = true;
      const loop = async () => {
        const reported = new Set<number>();
        while (goesOn) reported.add((await odd()).status);
        return reported;
      };
      const looping = loop();
      await odd();
      for (let n = 0; n < 5; n++) expect(await plain()).toMatchObject({ status: 200, body: { id: 1 } });
      goesOn = false;
      expect([...(await looping)].filter((status) => status < 400)).toEqual([]);
      expect((await view()).status).toBe('active');
      expect((await view()).queue.circuit).toBe('closed');
      expect(await grant()).toEqual(before.grant);
      expect(world.simulator.oauth.refreshes).toBe(before.refreshes);
    },
    60_000,
  );

  it.each(statesOfPortals)(
    'is believed when it is true of the whole portal, shown, and healed after: %s',
    async (code, status, shown) => {
      portal.faults.next(code, { times: Infinity });
      expect((await odd()).status).toBe(status);
      expect((await plain()).status).toBe(status);
      expect((await view()).status).toBe(shown);
      const asked = portal.requests.length;
      for (let n = 0; n < 5; n++) expect((await odd()).status).toBe(status);
      expect(portal.requests).toHaveLength(asked);
      portal.faults.clear();
      clock.jump(61_000);
      expect((await plain()).status).toBe(200);
      await eventually(async () => (await view()).status === 'active');
    },
  );

  it.each([
    ['deleted', (it: SimulatedPortal) => it.delete(), 410, 'deleted'],
    ['left by the app', (it: SimulatedPortal) => it.uninstall(), 410, 'uninstalled'],
    ['without its user', (it: SimulatedPortal) => it.dismissUser(1), 409, 'reauthorization_required'],
  ] as const)('is believed of a portal that is %s', async (_, become, status, shown) => {
    become(portal);
    expect([(await odd()).status, (await plain()).status]).toEqual([status, status]);
    expect((await view()).status).toBe(shown);
  });

  it('of a portal whose token was revoked early costs one refresh, and nobody is told', async () => {
    const { refreshes } = world.simulator.oauth;
    portal.expireAccessTokens();
    const replies = await Promise.all(Array.from({ length: 30 }, (_, n) => (n % 2 ? plain() : odd())));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]));
    expect(world.simulator.oauth.refreshes).toBe(refreshes + 1);
  });

  it.each([
    ['ACCESS_DENIED', 400, 'Access denied! | No permission to modify the deal'],
    ['WRONG_AUTH_TYPE', 403, 'Current authorization type is denied for this method Application context required'],
    ['INVALID_CREDENTIALS', 403, 'The user lacks the necessary permissions'],
    ['authorization_error', 403, 'Not allowed for this user'],
  ] as const)("is returned in the vendor's words, through every door: %s %d", async (code, status, description) => {
    portal.faults.next(code, { method: 'scope', times: Infinity, status, description });
    expect(await odd()).toMatchObject({
      status: 403,
      body: { code: 'access_denied', upstream: { method: 'scope', status, error: code, description } },
    });
    expect(await door('scope')).toEqual({ status, body: { error: code, error_description: description } });
    expect((await plain()).status).toBe(200);
    // No question of our own was needed.
    expect(portal.requests.filter(({ method }) => method === 'profile')).toEqual([]);
  });

  it.each([
    ['an answer without `result`', { kind: 'custom', body: '{"vats":[],"total":0}' }, 200],
    ['a page of the front end', { kind: 'html', status: 504 }, 502],
    ['a file', { kind: 'custom', body: '%PDF-1.7', contentType: 'application/pdf' }, 502],
    ['XML', { kind: 'custom', body: '<?xml version="1.0"?><response/>', contentType: 'text/xml' }, 502],
    ['nothing', { kind: 'empty' }, 502],
    ['a cut connection', { kind: 'cut-before' }, 504],
    ['too much', { kind: 'huge' }, 502],
    ['more levels than can be read', { kind: 'custom', body: `{"result":${'['.repeat(2e4)}${']'.repeat(2e4)}}` }, 502],
  ] as const)(
    'opens no circuit: %s',
    async (_, { kind, ...options }, status) => {
      portal.faults.next(kind, { method: 'scope', times: Infinity, ...options });
      for (let n = 0; n < 12; n++) {
        expect((await odd(first, 'scope', { alone: `$${n}` })).status).toBe(status);
        if (n % 4 === 0) expect((await plain()).status).toBe(200);
      }
      // Also while nobody else is answered in between.
      for (let n = 0; n < 12; n++) await odd(first, 'scope', { alone: `$${n}` });
      expect((await plain()).status).toBe(200);
      expect((await view()).queue.circuit).toBe('closed');
      expect((await view()).status).toBe('active');
    },
    60_000,
  );

  it('of an answer that is too large names the limit, and is not to be asked again', async () => {
    portal.faults.next('huge', { method: 'scope' });
    const { status, body } = await odd();
    expect([status, body['code'], body['retryable']]).toEqual([502, 'answer_too_large', false]);
    expect(body['detail']).toContain('16 MiB');
  });

  it('is no refusal where the answer has no `result`: it is given whole', async () => {
    const whole = { status: 'success', data: true, errors: [], time: { start: 1 } };
    portal.faults.next('custom', { method: 'scope', times: 2, body: JSON.stringify(whole) });
    expect((await odd()).body).toMatchObject({ result: { status: 'success', data: true, errors: [] } });
    expect(await door('scope')).toEqual({ status: 200, body: whole });
  });

  it('does not reach those who share a request with it', async () => {
    for (const kind of ['huge', 'html', 'ACCESS_DENIED', 'NO_AUTH_FOUND', 'WRONG_AUTH_TYPE'] as const) {
      portal.faults.next(kind, { method: 'crm.deal.get', times: Infinity, level: 'request' });
      portal.requests.length = 0;
      // Whoever calls waits until the bucket lets one request out, so that they share it.
      await world.fill(first, portal.memberId, 4500);
      const [refused, ...others] = await Promise.all([odd(first, 'crm.deal.get', { id: 1 }), plain(), fields()]);
      expect([kind, refused.status >= 400, ...others.map(({ status }) => status)]).toEqual([kind, true, 200, 200]);
      expect(portal.requests.map(({ method, outcome }) => `${method} ${outcome}`)).toContain(`batch fault:${kind}`);
      portal.faults.clear();
    }
  });

  it('of 64 requests whose answers trickle blocks nobody: they end when nobody waits for them', async () => {
    portal.faults.next('trickle', { method: 'scope', times: Infinity });
    const slow = Array.from({ length: 64 }, (_, n) =>
      first.call(
        'POST',
        `/v1/portals/${portal.memberId}/call/scope`,
        { params: { alone: `$${n}` } },
        { 'X-Deadline-Ms': '5000' },
      ),
    );
    // One key may have 48 of 64 places; the others wait for one.
    const places: number[] = [];
    await eventually(async () => places.push((await view()).queue.inFlight) > 0 && places.at(-1) === 48);
    const reported = await Promise.all(slow);
    const codes = new Set(reported.map(({ body }) => body.code as string));
    // A call that arrived after the first ones may get a place when their deadline ends their requests, just before its own.
    expect([...codes].filter((code) => code !== 'no_answer' && code !== 'deadline_exceeded')).toEqual([]);
    expect(Math.max(...places)).toBe(48);
    expect((await plain()).status).toBe(200);
    await eventually(async () => (await view()).queue.inFlight === 0);
    expect((await view()).queue.circuit).toBe('closed');
  }, 60_000);

  it('of a portal that takes no connection comes with a time to come back', async () => {
    await portal.stop();
    let last = await plain();
    while (!last.headers.has('retry-after')) last = await plain();
    expect(last).toMatchObject({ status: 502, body: { code: 'portal_unreachable' } });
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe("the gateway's own questions", () => {
  let world: World;
  let client: HttpClient;

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway({ ...settings, EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
  });
  afterAll(() => world.stop());

  it.each(['ACCESS_DENIED', 'WRONG_AUTH_TYPE', 'PAYMENT_REQUIRED', 'NO_AUTH_FOUND', 'NOT_INSTALLED'] as const)(
    'shut no portal, whatever is said to them: %s',
    async (code) => {
      const portal = await world.simulator.addPortal(roomy);
      for (const method of ['app.info', 'event.get', 'event.bind', 'events'])
        portal.faults.next(code, { method, times: Infinity });
      const url = 'http://127.0.0.1:9/';
      const { body } = await client.call('POST', '/v1/subscriptions', { url, events: ['ONTASKADD'], portals: 'all' });
      await portal.sendInstallEvent(`${client.url}/bitrix24/events`);
      await eventually(() => portal.requests.some(({ method }) => method === 'app.info'));
      await eventually(() => portal.requests.some(({ method }) => method === 'event.get'));
      expect((await client.get(`/v1/portals/${portal.memberId}/backlogs/fields`)).status).toBe(200);
      expect((await client.get(`/v1/portals/${portal.memberId}`)).body.status).toBe('active');
      await client.call('DELETE', `/v1/subscriptions/${body.id as string}`);
    },
  );
});
