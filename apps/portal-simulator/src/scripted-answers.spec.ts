import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { SpecClient } from './spec-client';

describe('Scripted answers of a simulated portal', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let client: SpecClient;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal();
    client = new SpecClient(portal);
  });

  afterEach(() => simulator.stop());

  const textOf = async (method: string) => {
    const response = await fetch(`${portal.webhookUrl()}${method}`);
    return [response.status, response.headers.get('content-type'), await response.text()];
  };

  it.each(['{"status":"success","data":true,"errors":[]}', '{"vats":[],"total":1}', '{"openapi":"3.0.0"}'])(
    'are given to the letter: %s',
    async (text) => {
      portal.scripts.set('No.Such', { text });
      expect(await textOf('no.such')).toEqual([200, 'application/json; charset=utf-8', text]);
      expect(portal.requests.at(-1)).toMatchObject({ outcome: 'scripted', executed: true, httpStatus: 200 });
    },
  );

  it('have any status and type, and end after so many times', async () => {
    portal.scripts.set('scope', { text: '{"error":{"code":"X"}} ', status: 422, contentType: 'text/plain', times: 1 });
    expect(await textOf('scope')).toEqual([422, 'text/plain', '{"error":{"code":"X"}} ']);
    expect((await textOf('scope'))[0]).toBe(200);
  });

  it('are not given to a caller that is not authenticated', async () => {
    portal.scripts.set('scope', { text: '{}' });
    expect((await client.call('scope', { auth: 'x' })).body.error).toBe('invalid_token');
  });

  it('come apart into the sections of a batch', async () => {
    portal.scripts.set('a.list', { text: '{"result":[9007199254740993],"total":"7","next":50}' });
    portal.scripts.set('b.get', { text: '{"error":"ACCESS_DENIED","error_description":"No"}', status: 403 });
    portal.scripts.set('c.get', { text: '{"vats":[]}' });
    portal.scripts.set('d.get', { text: '<html>' });
    const { body } = await client.batch({ a: 'a.list', b: 'b.get', c: 'c.get', d: 'd.get' });
    expect(body.result).toMatchObject({
      result: { a: [Number('9007199254740993')] },
      result_error: { b: { error: 'ACCESS_DENIED', error_description: 'No' } },
      result_total: { a: '7' },
      result_next: { a: 50 },
    });
    expect(Object.keys(body.result.result)).toEqual(['a']);
  });

  it('are set over HTTP as well', async () => {
    const at = `${simulator.oauthServer}/_simulator/answers?portal=${portal.domain}&method=x.get&status=201`;
    const set = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"result":1.10}' };
    expect((await fetch(at, set)).status).toBe(200);
    expect(await textOf('x.get')).toEqual([201, 'application/json', '{"result":1.10}']);
  });

  it.each([
    ['ACCESS_DENIED', 400],
    ['WRONG_AUTH_TYPE', 403],
    ['INVALID_CREDENTIALS', 403],
  ] as const)('are not needed for %s of one method', async (code, status) => {
    portal.faults.next(code, { method: 'scope', status, times: 2 });
    expect(await client.call('scope')).toMatchObject({ status, body: { error: code } });
    expect((await client.call('profile')).status).toBe(200);
    expect((await client.batch({ a: 'scope', b: 'profile' })).body.result.result_error).toMatchObject({
      a: { error: code },
    });
  });
});
