import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { SpecClient, refresh } from './spec-client';
import { vendorErrors } from './vendor-errors';
import { oddErrors } from './fault-kinds';
import type { PortalFaultKind } from './index';

const add = 'tasks.api.scrum.backlog.add';
const fields = { groupId: 126, createdBy: 1 };

const ofTheWholePortal: Record<string, (portal: SimulatedPortal) => void> = {
  deleted: (portal) => portal.delete(),
  'left by the app': (portal) => portal.uninstall(),
  'without the user who granted': (portal) => portal.dismissUser(1),
  'of a plan that is over': (portal) => portal.faults.next('PAYMENT_REQUIRED', { times: Infinity }),
  'without the family': (portal) => portal.revokeFamilies(),
};

describe('Faults on demand at a simulated portal', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let client: SpecClient;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal({ burst: 1000 });
    client = new SpecClient(portal);
  });

  afterEach(() => simulator.stop());

  it.each(Object.entries(vendorErrors))(
    'answers %s with its status, and with those seen elsewhere',
    async (code, row) => {
      for (const status of [row.status, ...(row.seen ?? [])]) {
        portal.faults.next(code as PortalFaultKind, { status });
        expect(await client.call('scope')).toMatchObject({ status, body: { error: code } });
      }
      expect((await client.call('scope')).status).toBe(200);
    },
  );

  it.each(Object.entries(oddErrors))('answers %s exactly as it is spelt', async (kind, error) => {
    portal.faults.next(kind as PortalFaultKind, { description: null, status: 200 });
    expect(await client.call('scope')).toEqual({ status: 200, body: { error } });
  });

  it('answers pages, nothing, half an answer and wrong shapes', async () => {
    const bodies: [PortalFaultKind, unknown][] = [
      ['empty', ''],
      ['json-array', []],
      ['json-null', null],
      ['json-text', 'ok'],
      ['result-null', { result: null, time: { start: 1 } }],
      ['result-missing', { time: { start: 1 } }],
    ];
    for (const [kind, body] of bodies) {
      portal.faults.next(kind);
      expect(await client.call('scope')).toEqual({ status: 200, body });
    }
    portal.faults.next('html', { status: 200 });
    expect((await client.call('scope')).body).toContain('<html>');
    portal.faults.next('truncated');
    expect(typeof (await client.call('scope')).body).toBe('string');
    portal.faults.next('custom', { status: 418, body: 'tea', contentType: 'text/plain' });
    expect(await client.call('scope')).toEqual({ status: 418, body: 'tea' });
    portal.faults.next('redirect', { location: 'http://127.0.0.2/' });
    expect((await fetch(`${portal.endpoint}scope`, { redirect: 'manual' })).status).toBe(302);
  });

  it('cuts the connection before or after the write was made', async () => {
    portal.faults.next('cut-before', { method: add });
    await expect(client.call(add, { fields })).rejects.toThrow();
    expect(portal.scrum.backlogs.size).toBe(0);
    portal.faults.next('cut-after', { method: add });
    await expect(client.batch({ a: `${add}?fields[groupId]=126&fields[createdBy]=1` })).rejects.toThrow();
    expect(portal.scrum.backlogs.size).toBe(1);
    expect(portal.requests.filter((log) => log.method === add && log.executed)).toHaveLength(1);
  });

  it('refuses after the write was made when told so', async () => {
    portal.faults.next('INTERNAL_SERVER_ERROR', { afterExecution: true });
    expect((await client.call(add, { fields })).status).toBe(500);
    expect(portal.scrum.backlogs.size).toBe(1);
  });

  it('answers late, hangs or stalls until the caller gives up', async () => {
    portal.faults.next('slow', { delayMs: 1 });
    expect((await client.call('scope')).status).toBe(200);
    portal.faults.next('hang', { times: 1 });
    portal.faults.next('stall', { times: 1 });
    for (let n = 0; n < 2; n += 1) {
      const init = { signal: AbortSignal.timeout(50), headers: { authorization: `Bearer ${client.token}` } };
      const asked = fetch(`${portal.endpoint}scope`, init).then((response) => response.text());
      await expect(asked).rejects.toThrow();
    }
  });

  it('trickles: begins an answer at once and ends it never', async () => {
    portal.faults.next('trickle', { delayMs: 1 });
    const ends = new AbortController();
    const init = { signal: ends.signal, headers: { authorization: `Bearer ${client.token}` } };
    const response = await fetch(`${portal.endpoint}scope`, init);
    const reader = response.body?.getReader();
    let text = '';
    while (text.length < 5) text += new TextDecoder().decode((await reader?.read())?.value);
    expect([response.status, text.trim()]).toEqual([200, '']);
    ends.abort();
  });

  it('strikes the command of a method that refuses, and none of its batch beside it, whatever the code', async () => {
    for (const code of Object.keys(vendorErrors)) {
      portal.faults.next(code as PortalFaultKind, { method: 'profile' });
      const { body } = await client.batch({ a: 'profile', b: 'scope' });
      expect(body.result).toMatchObject({ result: { b: expect.any(Array) }, result_error: { a: { error: code } } });
    }
  });

  it.each(Object.entries(ofTheWholePortal))(
    'refuses every method, profile among them, when it is %s',
    async (_, become) => {
      become(portal);
      const said = await Promise.all(['profile', 'scope', add].map((method) => client.call(method)));
      expect(new Set(said.map(({ body }) => (body as { error: string }).error)).size).toBe(1);
      expect(said[0]?.status).toBeGreaterThanOrEqual(400);
    },
  );

  it('strikes as often, as late and at whom it is told to', async () => {
    portal.faults.next('OVERLOAD_LIMIT', { method: 'profile', times: 2, skip: 1 });
    const statuses: number[] = [];
    for (const method of ['scope', 'profile', 'profile', 'profile', 'profile']) {
      statuses.push((await client.call(method)).status);
    }
    expect(statuses).toEqual([200, 200, 503, 503, 200]);
    portal.faults.next('html', { times: Infinity });
    expect(portal.faults.pending).toBe(Infinity);
    portal.faults.clear();
    portal.faults.whenever(({ method }) => (method === 'scope' ? { kind: 'empty' } : undefined));
    expect((await client.call('scope')).body).toBe('');
    expect((await client.call('profile')).status).toBe(200);
  });

  it('strikes the authorization server for one portal only', async () => {
    const other = await simulator.addPortal();
    simulator.oauth.faults.next('PAYMENT_REQUIRED', { memberId: other.memberId, times: Infinity });
    expect((await refresh(simulator, portal.grantTokens().refresh_token)).status).toBe(200);
    expect((await refresh(simulator, other.grantTokens().refresh_token)).status).toBe(401);
  });
});
