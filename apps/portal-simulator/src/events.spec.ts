import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { LoopbackServer } from './loopback-server';
import { parsePhpQuery } from './php-query';
import { SpecClient, answerOf, refresh } from './spec-client';

describe('What a simulated portal sends and keeps', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal();
  });

  afterEach(() => simulator.stop());

  it('writes an install event in PHP brackets, every value a string, with a fresh family', async () => {
    const event = portal.installEvent();
    expect(event.contentType).toBe('application/x-www-form-urlencoded');
    expect(event.body).toContain('auth%5Bmember_id%5D=');
    const { auth, data } = parsePhpQuery(event.body) as Record<string, Record<string, string>>;
    expect(data).toMatchObject({ VERSION: '1', INSTALLED: 'Y' });
    expect(auth).toMatchObject({ expires_in: '3600', domain: portal.domain, member_id: portal.memberId });
    expect((await refresh(simulator, auth?.['refresh_token'] ?? '')).status).toBe(200);
  });

  it('lets a test forge, damage or repeat an event', () => {
    const family = portal.grantTokens();
    const forged = portal.installEvent({ auth: { member_id: 'x', application_token: undefined } }, family);
    expect(parsePhpQuery(forged.body)['auth']).toMatchObject({ member_id: 'x', access_token: family.access_token });
    expect(forged.body).not.toContain('application_token');
  });

  it('tells of an uninstall without tokens, and installs again with another application token', () => {
    const { auth } = parsePhpQuery(portal.uninstallEvent().body) as { auth: Record<string, string> };
    expect(Object.keys(auth)).toEqual(['domain', 'member_id', 'application_token']);
    portal.uninstall();
    expect(portal.grantTokens().application_token).not.toBe(auth['application_token']);
  });

  it('sends an ordinary event to the handlers that the app bound, as often as told, without a refresh token', async () => {
    const bodies: string[] = [];
    const app = await LoopbackServer.listen((exchange) => {
      bodies.push(exchange.bodyText);
      exchange.json(200, {});
    });
    const handler = `http://${app.host}/events`;
    const client = new SpecClient(portal);
    expect(await portal.happen('ONTASKADD', { 'FIELDS_AFTER][ID': '7' })).toEqual([]);
    expect((await client.call('event.bind', { event: 'onTaskAdd', handler })).body.result).toBe(true);
    expect(await client.refusal('event.bind', { event: 'ONTASKADD', handler })).toContain('already binded');
    expect((await client.call('event.get')).body.result).toEqual([
      { event: 'ONTASKADD', handler, auth_type: '0', offline: 0 },
    ]);
    expect(await portal.happen('ONTASKADD', { 'FIELDS_AFTER][ID': '7' }, { times: 2 })).toHaveLength(2);
    expect(bodies[0]).toBe(bodies[1]);
    expect(parsePhpQuery(bodies[0] ?? '')).toMatchObject({
      event: 'ONTASKADD',
      data: { FIELDS_AFTER: { ID: '7' } },
      auth: { member_id: portal.memberId, application_token: portal.applicationToken },
    });
    expect(bodies[0]).not.toContain('refresh_token');
    expect((await client.call('event.unbind', { event: 'ONTASKADD', handler })).body.result).toEqual({ count: 1 });
    expect(await portal.happen('ONTASKADD', {})).toEqual([]);
    await app.close();
  });

  it("lists the events of the app's scopes, binds no others, and none for a webhook", async () => {
    const client = new SpecClient(portal);
    const { result } = (await client.call('events')).body;
    expect(result).toEqual(expect.arrayContaining(['ONAPPINSTALL', 'ONTASKADD']));
    expect(result).not.toContain('ONCRMDEALADD');
    expect((await client.call('events', { FULL: true })).body.result).toContain('ONCRMDEALADD');
    const handler = 'http://127.0.0.1:1/events';
    expect((await client.call('event.bind', { event: 'ONCRMDEALADD', handler })).body.error).toBe('EVENT_NOT_FOUND');
    const hook = await answerOf(fetch(`${portal.webhookUrl()}event.get`));
    expect(hook.status).toBeGreaterThanOrEqual(401);
  });

  it('opens the app in its frame with the words of the frame', () => {
    const { query, body } = portal.framePost({ body: { SERVER_ENDPOINT: undefined } });
    expect(parsePhpQuery(query)).toMatchObject({ DOMAIN: portal.domain, PROTOCOL: '0' });
    expect(parsePhpQuery(body)).toMatchObject({ member_id: portal.memberId, PLACEMENT: 'DEFAULT' });
    expect(body).not.toContain('SERVER_ENDPOINT');
  });

  it('really posts an install event, also when asked by the control endpoint', async () => {
    const bodies: string[] = [];
    const app = await LoopbackServer.listen((exchange) => {
      bodies.push(exchange.bodyText);
      exchange.json(200, {});
    });
    const to = `http://${app.host}/bitrix24/events`;
    expect((await portal.sendInstallEvent(to)).status).toBe(200);
    const control = `${simulator.oauthServer}/_simulator`;
    const asked = fetch(`${control}/install?portal=${portal.domain}&to=${encodeURIComponent(to)}`, { method: 'POST' });
    expect((await answerOf(asked)).body.answer.status).toBe(200);
    expect(bodies.map((body) => parsePhpQuery(body)['event'])).toEqual(['ONAPPINSTALL', 'ONAPPINSTALL']);
    await app.close();
  });

  it('lists its portals at the control endpoint', async () => {
    const { body } = await answerOf(fetch(`${simulator.oauthServer}/_simulator`));
    expect(body.portals[0]).toMatchObject({ domain: portal.domain, webhookUrl: portal.webhookUrl() });
    expect((await answerOf(fetch(`${simulator.oauthServer}/_simulator/health`))).body.status).toBe('ok');
  });

  it('goes on after a restart with the same app, tokens, webhooks and data', async () => {
    const stateFile = join(mkdtempSync(join(tmpdir(), 'portal-simulator-')), 'state.json');
    const first = await Bitrix24Simulator.start({ stateFile });
    const before = await first.addPortal({ memberId: 'a'.repeat(32) });
    const family = before.grantTokens();
    await new SpecClient(before, family.access_token).call('tasks.api.scrum.backlog.add', {
      fields: { groupId: 125, createdBy: 1 },
    });
    const rotated = (await refresh(first, family.refresh_token)).body;
    await first.stop();
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);

    const second = await Bitrix24Simulator.start({ stateFile });
    const after = await second.addPortal({ memberId: 'a'.repeat(32) });
    expect(second.clientSecret).toBe(first.clientSecret);
    expect(after.scrum.backlogOfGroup(125)).toMatchObject({ id: 1 });
    expect((await new SpecClient(after, rotated.access_token).call('scope')).status).toBe(200);
    expect((await refresh(second, family.refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(second, rotated.refresh_token)).status).toBe(200);
    await second.stop();
  });
});
