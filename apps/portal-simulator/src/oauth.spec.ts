import { Bitrix24Simulator, SimulatorClock, type SimulatedPortal } from './index';
import { SpecClient, answerOf, askToken, post, refresh } from './spec-client';

describe('The simulated authorization server', () => {
  let clock: SimulatorClock;
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;

  beforeEach(async () => {
    clock = SimulatorClock.frozen(1_700_000_000_000);
    simulator = await Bitrix24Simulator.start({ clock, callbackUrl: 'http://127.0.0.1:9/oauth/callback' });
    portal = await simulator.addPortal();
  });

  afterEach(() => simulator.stop());

  const authorizeUrl = (clientId = simulator.clientId) =>
    `http://${portal.domain}/oauth/authorize/?client_id=${clientId}&state=a%22b&redirect_uri=http://evil.example/`;

  async function allow(): Promise<URLSearchParams> {
    const response = await fetch(authorizeUrl(), { method: 'POST', redirect: 'manual' });
    return new URL(response.headers.get('location') ?? '').searchParams;
  }

  it('shows a page with one button and escapes what came in the address', async () => {
    const { status, body } = await answerOf(fetch(authorizeUrl()));
    expect(status).toBe(200);
    expect(body).toContain('<button type="submit">Allow</button>');
    expect(body).toContain('value="a&quot;b"');
  });

  it('shows errors on its own page and never redirects them', async () => {
    const wrong = await fetch(authorizeUrl('someone'), { method: 'POST', redirect: 'manual' });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('Application not found');
  });

  it('sends an approved user to the registered address with a code and the state as it came', async () => {
    const query = Object.fromEntries(await allow());
    expect(query).toMatchObject({ state: 'a"b', domain: portal.domain, member_id: portal.memberId });
    expect(simulator.oauthServer).toContain(query['server_domain']);
  });

  it('exchanges a code once, and only within thirty seconds', async () => {
    const code = (await allow()).get('code') ?? '';
    const fields = { grant_type: 'authorization_code', code };
    const { body } = await askToken(simulator, fields);
    expect(body).toMatchObject({ member_id: portal.memberId, client_endpoint: portal.endpoint, expires_in: 3600 });
    expect(body).not.toHaveProperty('user_id');
    expect(body).not.toHaveProperty('expires');
    expect(`http://${body.domain}`).toBe(simulator.oauthServer);
    expect((await new SpecClient(portal, body.access_token).call('scope')).status).toBe(200);
    expect(await askToken(simulator, fields)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const late = (await allow()).get('code') ?? '';
    clock.advance(30_000);
    expect((await askToken(simulator, { ...fields, code: late })).body.error).toBe('invalid_grant');
  });

  it('kills the old pair at the first use of its refresh token when rotation is strict', async () => {
    const family = portal.grantTokens();
    const { body } = await refresh(simulator, family.refresh_token);
    expect(body).toMatchObject({ user_id: 1, expires: 1_700_003_600 });
    expect((await new SpecClient(portal, family.access_token).call('scope')).body.error).toBe('invalid_token');
    expect((await new SpecClient(portal, body.access_token).call('scope')).status).toBe(200);
    expect((await refresh(simulator, family.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(simulator, body.refresh_token)).status).toBe(200);
    expect(simulator.oauth.refreshes).toBe(2);
  });

  it('lets a used refresh token live for a while when rotation has a grace', async () => {
    const graceful = await Bitrix24Simulator.start({ clock, rotation: 'grace', graceMs: 1000 });
    const family = (await graceful.addPortal()).grantTokens();
    await refresh(graceful, family.refresh_token);
    expect((await refresh(graceful, family.refresh_token)).status).toBe(200);
    clock.advance(1000);
    expect((await refresh(graceful, family.refresh_token)).body.error).toBe('invalid_grant');
    await graceful.stop();
  });

  it('keeps families apart and lets a refresh token die after 180 days', async () => {
    const [first, second] = [portal.grantTokens(), portal.grantTokens()];
    await refresh(simulator, first.refresh_token);
    expect((await new SpecClient(portal, second.access_token).call('scope')).status).toBe(200);
    clock.advance(180 * 24 * 3_600_000);
    expect((await refresh(simulator, second.refresh_token)).body.error).toBe('invalid_grant');
  });

  it('answers wrong_client with 200 and every other mistake with its status', async () => {
    const { refresh_token } = portal.grantTokens();
    const fields = { grant_type: 'refresh_token', refresh_token };
    expect(await askToken(simulator, { ...fields, client_id: 'x' })).toMatchObject({
      status: 200,
      body: { error: 'wrong_client' },
    });
    expect((await askToken(simulator, { ...fields, client_secret: 'x' })).body.error).toBe('invalid_client');
    expect((await askToken(simulator, { ...fields, grant_type: 'password' })).body.error).toBe('invalid_request');
    portal.uninstall();
    expect(await askToken(simulator, fields)).toMatchObject({ status: 401, body: { error: 'NOT_INSTALLED' } });
  });

  it('accepts a GET and notes that the secret was in the URL', async () => {
    const { clientId: client_id, clientSecret: client_secret } = simulator;
    const { refresh_token } = portal.grantTokens();
    const query = new URLSearchParams({ grant_type: 'refresh_token', client_id, client_secret, refresh_token });
    expect((await fetch(`${simulator.oauthServer}/oauth/token/?${query.toString()}`)).status).toBe(200);
    expect(simulator.oauth.tokenRequests.at(-1)).toMatchObject({ secretInUrl: true, outcome: 'ok', rotated: true });
  });

  it('knows a local app on its own portal only', async () => {
    const own = { clientId: 'local.own', clientSecret: 'own' };
    const { refresh_token } = (await simulator.addPortal(own)).grantTokens();
    expect((await refresh(simulator, refresh_token)).body.error).toBe('invalid_grant');
    const answer = await askToken(simulator, {
      grant_type: 'refresh_token',
      client_id: 'local.own',
      client_secret: 'own',
      refresh_token,
    });
    expect(answer.status).toBe(200);
  });

  it('keeps the apps of one portal apart: tokens, application tokens, secrets and uninstalls', async () => {
    const own = { clientId: 'local.own', clientSecret: 'own', scope: ['task'], callbackUrl: 'http://127.0.0.1:9/own' };
    const app = portal.addApp(own);
    const asks = (client_secret: string, refresh_token: string) =>
      askToken(simulator, { grant_type: 'refresh_token', client_id: app.clientId, client_secret, refresh_token });
    const [mine, theirs] = [app.grantTokens(), portal.grantTokens()];
    expect((await asks('own', theirs.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(simulator, mine.refresh_token)).body.error).toBe('invalid_grant');
    expect(mine.application_token).not.toBe(theirs.application_token);
    const allowed = await fetch(authorizeUrl('local.own'), { method: 'POST', redirect: 'manual' });
    expect(allowed.headers.get('location')).toMatch('http://127.0.0.1:9/own?code=');
    own.clientSecret = 'rotated';
    expect((await asks('own', mine.refresh_token)).body.error).toBe('invalid_client');
    const rotated = await asks('rotated', mine.refresh_token);
    expect(rotated).toMatchObject({ status: 200, body: { scope: 'task' } });
    app.uninstall();
    expect((await asks('rotated', rotated.body.refresh_token)).body.error).toBe('NOT_INSTALLED');
    expect((await new SpecClient(portal, rotated.body.access_token).call('scope')).status).toBe(401);
    expect((await new SpecClient(portal, theirs.access_token).call('scope')).status).toBe(200);
    const elsewhere = await simulator.addPortal();
    const there = await fetch(`http://${elsewhere.domain}/oauth/authorize/?client_id=local.own`, { method: 'POST' });
    expect(await there.text()).toContain('Application not found');
  });

  it('tells by app.info whose token it is', async () => {
    const { access_token } = portal.grantTokens(6);
    const url = `${simulator.oauthServer}/rest/app.info`;
    const { body } = await answerOf(fetch(`${url}?auth=${access_token}`));
    expect(body.result).toMatchObject({
      client_id: simulator.clientId,
      user_id: 6,
      install: { member_id: portal.memberId, client_endpoint: portal.endpoint, installed: true },
    });
    const posted = await answerOf(fetch(url, post(`auth=${access_token}`, 'application/x-www-form-urlencoded')));
    expect(posted.status).toBe(200);
    expect((await answerOf(fetch(`${url}?auth=nonsense`))).status).toBe(401);
  });

  it('leads to the new host of a renamed portal', async () => {
    const { refresh_token } = portal.grantTokens();
    await portal.rename();
    expect((await refresh(simulator, refresh_token)).body.client_endpoint).toBe(portal.endpoint);
  });

  describe('in fault', () => {
    it('loses the answer after the family was rotated', async () => {
      const { refresh_token } = portal.grantTokens();
      simulator.oauth.faults.next('answer-lost');
      await expect(refresh(simulator, refresh_token)).rejects.toThrow();
      expect(simulator.oauth.tokenRequests.at(-1)).toMatchObject({ rotated: true, outcome: 'fault:answer-lost' });
      expect((await refresh(simulator, refresh_token)).body.error).toBe('invalid_grant');
    });

    it('leaves the family alone when it fails before the rotation', async () => {
      const { refresh_token } = portal.grantTokens();
      const { faults: fault } = simulator.oauth;
      fault.next('INTERNAL_SERVER_ERROR', { method: 'refresh_token' });
      fault.next('html', { status: 503 });
      fault.next('cut-before');
      fault.next('wrong_client', { description: null });
      expect((await refresh(simulator, refresh_token)).status).toBe(500);
      expect((await refresh(simulator, refresh_token)).status).toBe(503);
      await expect(refresh(simulator, refresh_token)).rejects.toThrow();
      expect(await refresh(simulator, refresh_token)).toEqual({ status: 200, body: { error: 'wrong_client' } });
      expect((await refresh(simulator, refresh_token)).status).toBe(200);
    });

    it('can lie about the member, the endpoint and the client', async () => {
      const { refresh_token, access_token } = portal.grantTokens();
      simulator.oauth.faults.next('other-client', { method: 'app.info' });
      simulator.oauth.faults.next('other-member', { method: 'refresh_token' });
      const info = await answerOf(fetch(`${simulator.oauthServer}/rest/app.info?auth=${access_token}`));
      expect(info.body.result.client_id).not.toBe(simulator.clientId);
      expect(info.body.result.install.member_id).toBe(portal.memberId);
      expect((await refresh(simulator, refresh_token)).body.member_id).not.toBe(portal.memberId);
    });
  });
});
