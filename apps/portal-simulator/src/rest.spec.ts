import { Bitrix24Simulator, SimulatorClock, type SimulatedPortal } from './index';
import { SpecClient, answerOf, post } from './spec-client';

const backlog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };
const get = 'tasks.api.scrum.backlog.get';

describe('The REST interface of a simulated portal', () => {
  let clock: SimulatorClock;
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let client: SpecClient;

  beforeEach(async () => {
    clock = SimulatorClock.frozen(1_700_000_000_500);
    simulator = await Bitrix24Simulator.start({ clock });
    portal = await simulator.addPortal({ backlogs: [backlog] });
    client = new SpecClient(portal);
  });

  afterEach(() => simulator.stop());

  it('answers a JSON call with a result and a time', async () => {
    const { status, body } = await client.call(get, { id: 125 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ result: backlog, time: { start: 1_700_000_000.5, operating: 0 } });
    expect(portal.requests.at(-1)).toMatchObject({ method: get, authVia: 'body', tokenInUrl: false, outcome: 'ok' });
  });

  it('reads a form with PHP brackets and a GET as well', async () => {
    const form = `id=125&auth=${client.token}`;
    expect((await client.send(get, form, 'application/x-www-form-urlencoded')).body.result).toEqual(backlog);
    expect((await answerOf(fetch(`${portal.endpoint}${get}.json?${form}`))).body.result).toEqual(backlog);
    expect(portal.requests.at(-1)).toMatchObject({ authVia: 'query', tokenInUrl: true });
  });

  it('lets a bearer token win over the one in the body', async () => {
    const headers = { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ id: 125, auth: 'nonsense' });
    const answer = await answerOf(fetch(portal.endpoint + get, { method: 'POST', headers, body }));
    expect(answer.body.result).toEqual(backlog);
  });

  it.each(['"\\ud83d"', '"\\ude00"', '{"\\ud800x":1}', '"\\ude00\\ud83d"'])(
    'reads nothing of a JSON body that holds half a surrogate pair, not even the token: %s',
    async (text) => {
      const body = `{"id":125,"note":${text},"auth":"${client.token}"}`;
      expect(await client.send('tasks.api.scrum.backlog.get', body)).toMatchObject({
        status: 401,
        body: { error: 'NO_AUTH_FOUND' },
      });
    },
  );

  it('reads malformed JSON as nothing at all', async () => {
    expect(await client.send(get, '{"id":125')).toMatchObject({ status: 401, body: { error: 'NO_AUTH_FOUND' } });
  });

  it('refuses an unknown token, an expired one, and one of another portal', async () => {
    const other = await simulator.addPortal();
    expect((await new SpecClient(portal, 'x'.repeat(70)).call(get)).body.error).toBe('invalid_token');
    expect((await new SpecClient(other, client.token).call(get)).body.error).toBe('invalid_token');
    clock.advance(3_600_000);
    expect(await client.call(get)).toMatchObject({ status: 401, body: { error: 'expired_token' } });
  });

  it('refuses a dismissed user, an uninstalled app and a deleted portal in their own words', async () => {
    portal.dismissUser(1);
    expect((await client.call('scope')).body.error).toBe('authorization_error');
    portal.uninstall();
    expect((await client.call('scope')).body.error).toBe('APPLICATION_NOT_FOUND');
    portal.delete();
    expect(await client.call('scope')).toMatchObject({ status: 500, body: { error: 'PORTAL_DELETED' } });
    portal.quirks.deletedStatus = 410;
    expect((await client.call('scope')).status).toBe(410);
  });

  it('keeps a verdict on a token for an hour where the portal caches verdicts', async () => {
    portal.quirks.cacheVerdicts = true;
    await client.call('scope');
    portal.revokeFamilies();
    expect((await client.call('scope')).status).toBe(200);
    portal.quirks.cacheVerdicts = false;
    expect((await client.call('scope')).body.error).toBe('invalid_token');
  });

  it('answers an incoming webhook within its scopes and refuses a wrong secret', async () => {
    const ask = (url: string) => answerOf(fetch(url, post('{"id":125}', 'application/json')));
    expect((await ask(portal.webhookUrl(6) + get)).body.result).toEqual(backlog);
    expect(portal.requests.at(-1)).toMatchObject({ authVia: 'webhook', userId: 6 });
    expect(await ask(portal.webhookUrl(1, ['crm']) + get)).toMatchObject({ status: 403 });
    expect((await ask(`${portal.endpoint}1/wrong/${get}`)).body.error).toBe('INVALID_CREDENTIALS');
    expect((await ask(portal.webhookUrl() + 'app.info')).body.error).toBe('WRONG_AUTH_TYPE');
  });

  it('says that a method does not exist', async () => {
    expect(await client.call('no.such')).toMatchObject({ status: 404, body: { error: 'ERROR_METHOD_NOT_FOUND' } });
  });

  it('answers the methods about the app, the user and events', async () => {
    expect((await client.call('scope')).body.result).toEqual(['task', 'user', 'sonet_group', 'socialnetwork']);
    expect((await client.call('profile')).body.result.ID).toBe('1');
    expect((await client.call('app.info')).body.result).toMatchObject({ LICENSE: 'en_basic', INSTALLED: true });
    expect((await client.call('methods')).body.result).toContain(get);
    const binding = { event: 'OnAppUninstall', handler: 'http://127.0.0.1/events' };
    expect((await client.call('event.bind', binding)).body.result).toBe(true);
    expect((await client.call('event.bind', binding)).body.error).toBe('ERROR_CORE');
    expect(portal.boundEvents).toHaveLength(1);
    expect((await client.call('event.get')).body.result[0].event).toBe('ONAPPUNINSTALL');
    expect((await client.call('event.unbind', binding)).body.result).toEqual({ count: 1 });
  });

  it('answers 302 at the old host after a rename and the truth at the new one', async () => {
    const old = portal.endpoint;
    await portal.rename();
    const response = await fetch(old + get, { ...post('{}', 'application/json') });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(portal.endpoint + get);
    expect((await client.call(get, { id: 125 })).body.result).toEqual(backlog);
  });

  describe('the leaky bucket', () => {
    it('refuses the request that would rise above X and counts a batch as one', async () => {
      portal.bucket.settings.burst = 2;
      await client.batch({ a: 'scope', b: 'profile', c: 'app.info' });
      await client.call('scope');
      expect(await client.call('scope')).toMatchObject({ status: 503, body: { error: 'QUERY_LIMIT_EXCEEDED' } });
      expect(portal.refusedByBucket).toBe(1);
      expect(portal.maxLevel).toBe(3);
    });

    it('falls by Y only when a whole second of its phase passes', async () => {
      Object.assign(portal.bucket.settings, { burst: 2, countRefused: false, phaseMs: 400 });
      await client.call('scope');
      await client.call('scope');
      clock.advance(899);
      expect((await client.call('scope')).status).toBe(503);
      clock.advance(1);
      expect((await client.call('scope')).status).toBe(200);
    });

    it('falls all the time when it counts continuously', async () => {
      Object.assign(portal.bucket.settings, { burst: 1, countRefused: false, counting: 'continuous' });
      await client.call('scope');
      clock.advance(499);
      expect((await client.call('scope')).status).toBe(503);
      clock.advance(1);
      expect((await client.call('scope')).status).toBe(200);
    });

    it('fills by refused requests by default otherwise', async () => {
      portal.bucket.settings.burst = 1;
      await client.call('scope');
      for (let n = 0; n < 4; n += 1) await client.call('scope');
      clock.advance(1000);
      expect((await client.call('scope')).status).toBe(503);
    });
  });

  describe('operating time', () => {
    it('blocks a method whose sum exceeds the limit until the oldest basket leaves', async () => {
      portal.operating.charge(get, 480);
      const last = await client.call(get, { id: 125 });
      expect(last.body.time).toMatchObject({ operating: 480 });
      portal.operating.charge(get, 1);
      expect(await client.call(get)).toMatchObject({ status: 429, body: { error: 'OPERATION_TIME_LIMIT' } });
      expect((await client.call('scope')).status).toBe(200);
      clock.advance(last.body.time.operating_reset_at * 1000 - clock.now());
      expect((await new SpecClient(portal).call(get, { id: 125 })).status).toBe(200);
    });

    it('is charged to the nested method or to the batch, as the mode says', async () => {
      portal.operating.setCost('scope', 10);
      await client.batch({ a: 'scope' });
      expect(portal.operating.sum('scope')).toBe(10);
      portal.operating.mode = 'batch';
      await client.batch({ a: 'scope', b: 'scope' });
      expect(portal.operating.sum('batch')).toBe(20);
      portal.operating.charge('batch', 480);
      expect((await client.batch({ a: 'profile' })).status).toBe(429);
    });

    it('refuses one item of a batch when nested methods are charged', async () => {
      portal.operating.charge('scope', 481);
      const { body } = await client.batch({ a: 'scope', b: 'profile' });
      expect(body.result.result_error.a.error).toBe('OPERATION_TIME_LIMIT');
      expect(body.result.result.b.ID).toBe('1');
    });

    it('is left out of the envelope when the portal does not report it', async () => {
      portal.operating.mode = 'absent';
      expect((await client.call('scope')).body.time).not.toHaveProperty('operating');
    });
  });
});
