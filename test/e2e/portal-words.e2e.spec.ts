import fc from 'fast-check';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { EventTarget } from '../support/event-target';
import { HttpClient, encryptionKeys, eventually, World } from '../support/gateway';
import { secretsIn, stringsIn } from '../support/secret-finder';
import { VendorEvents } from '../support/vendor-events';
import { layers, wrapped } from '../support/wrapped-secrets';

const roomy = { burst: 1000, drainPerSecond: 100 };
/** Layers of encoding, the same in each run; what is wrapped first is wrapped in nothing. */
const wrappings = [[], ...fc.sample(layers, { seed: 25, numRuns: 400 })];

describe('what a portal says of its own tokens', () => {
  let world: World;
  let client: HttpClient;
  let app: SimulatedPortal;
  let hook: SimulatedPortal;
  let hookUrl: string;
  let target: EventTarget;
  let collector: EventTarget;
  /** Everything that left the gateway, by where it was seen. */
  const left: [place: string, text: string][] = [];

  const received = async (place: string, path: string, init: RequestInit = {}) => {
    const response = await fetch(`${client.url}${path}`, {
      ...init,
      headers: { Authorization: `Bearer ${client.key}`, 'Content-Type': 'application/json', ...init.headers },
    });
    const text = await response.text();
    left.push([place, text], [`${place}, headers`, JSON.stringify([...response.headers])]);
    return { status: response.status, text };
  };
  const post = (place: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
    received(place, path, { method: 'POST', body: JSON.stringify(body), headers });

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm', 'disk', 'user'] });
    [target, collector] = await Promise.all([EventTarget.listen(), EventTarget.listen()]);
    client = await world.gateway({
      LOG_LEVEL: 'trace',
      EVENT_TARGET_HOSTS: '127.0.0.0/8:*',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}`,
      B24_BURST: '1000',
      B24_DRAIN_PER_SECOND: '100',
    });
    app = await world.installed(client, roomy);
    hook = await world.simulator.addPortal(roomy);
    hookUrl = hook.webhookUrl(1, ['task', 'crm', 'disk', 'user']);
    await post('adding a webhook', '/v1/portals', { webhookUrl: hookUrl, alias: 'hook' });
    await client.call('PATCH', `/v1/portals/${app.memberId}`, { alias: 'app' });
    for (const portal of [app, hook]) portal.crm.addDeals(60);
  });
  afterAll(async () => {
    await world.stop();
    await Promise.all([target.stop(), collector.stop()]);
  });

  /** What the console's live stream says until it is called off. */
  const watched = async (signal: AbortSignal): Promise<string> => {
    const own = { 'X-Console': '1', 'Sec-Fetch-Site': 'same-origin' };
    const body = JSON.stringify({ key: client.key });
    const headers = { ...own, 'Content-Type': 'application/json' };
    const session = await fetch(`${client.url}/console/session`, { method: 'POST', headers, body });
    const cookie = session.headers.getSetCookie().map((it) => it.split(';')[0])[0] ?? '';
    const stream = await fetch(`${client.url}/console/live?portal=${app.memberId}`, {
      headers: { ...own, Cookie: cookie },
      signal,
    });
    let text = '';
    try {
      for await (const chunk of stream.body ?? []) text += Buffer.from(chunk as Uint8Array).toString();
    } catch {
      // Called off.
    }
    return text;
  };
  const keyOf = (portal: SimulatedPortal) =>
    portal.requests.flatMap(({ token }) => (token ? [token] : [])).at(-1) ?? '';

  const sealedLink = expect.stringMatching(/\/files\/v2\.[\w.-]+$/) as unknown;
  it.each(['app', 'hook'])(
    'reaches nobody as a link to a file, in place of which stands one of the gateway (%s)',
    async (alias) => {
      const file = await client.call('POST', `/v1/portals/${alias}/call/disk.file.get`, { params: { id: 7 } });
      expect(file.body.result).toMatchObject({
        ID: '7',
        DOWNLOAD_URL: sealedLink,
        DETAIL_URL: expect.stringMatching(/^http:/),
      });
      const folder = await client.call('POST', `/v1/portals/${alias}/call/disk.folder.uploadFile`, {
        params: { id: 8 },
      });
      expect(folder.body.result).toEqual({ field: 'file', uploadUrl: sealedLink });
      const users = await client.call('POST', `/v1/portals/${alias}/call/user.get`, { params: { ID: 1 } });
      expect(users.body.result[0].PERSONAL_PHOTO).toMatch(/^https:\/\/cdn\.bitrix24\.com\/.*\/user1\.png$/);
    },
  );

  it('reaches nobody in any encoding, through whatever it could leave by', async () => {
    const { body: subscription } = await client.call('POST', '/v1/subscriptions', { url: target.url, events: 'all' });
    const { body: made } = await client.call('POST', '/v1/clients', { name: 'canary', scopes: ['call'] });
    let used = 0;
    const secretsOf = (portal: SimulatedPortal, key: string) => [key, portal === app ? app.applicationToken : key];
    for (const portal of [app, hook]) {
      portal.quirks.repeats = (key) => {
        const secrets = secretsOf(portal, key);
        const text = wrapped(secrets[used % secrets.length] ?? key, wrappings[used % wrappings.length] ?? []);
        used += 1;
        return text;
      };
    }
    const live = new AbortController();
    const streamed = watched(live.signal);

    for (const alias of ['app', 'hook']) {
      const of = `/v1/portals/${alias}`;
      const read = { method: 'crm.deal.get', params: { id: 3 } };
      const missing = { method: 'crm.deal.get', params: { id: 9999 } };
      const once = { 'Idempotency-Key': `canary-${alias}` };
      for (let i = 0; i < 10; i++) {
        await post('call', `${of}/call/crm.deal.get`, { params: { id: 1 } });
        await post('problem', `${of}/call/crm.deal.get`, { params: { id: 9999 } });
      }
      await post('list', `${of}/list/crm.deal.list`, { params: {} });
      await post('batch', `${of}/batch`, { commands: [read, missing, { method: 'crm.deal.list' }] });
      const referring = [
        { name: 'a', ...read },
        { name: 'b', method: 'crm.deal.get', params: { id: '$result[a][ID]' } },
      ];
      await post('batch with references', `${of}/batch`, { commands: referring, references: true });
      for (let i = 0; i < 2; i++) {
        await post('write', `${of}/call/crm.deal.update`, { params: { id: 1, fields: { TITLE: 'x' } } }, once);
        await post(
          'refused write',
          `${of}/call/crm.deal.update`,
          { params: { id: 9999 } },
          { 'Idempotency-Key': `no-${alias}` },
        );
      }
      await post('group', '/v1/fan-out', { portals: ['app', 'hook'], call: missing });
      const job = await post(
        'job',
        '/v1/fan-out',
        { portals: ['app', 'hook'], call: read },
        { Prefer: 'respond-async' },
      );
      const { id } = JSON.parse(job.text) as { id: string };
      await eventually(async () => !/"state":"(queued|running)"/.test((await received('job', `/v1/jobs/${id}`)).text));
      await received('job results', `/v1/jobs/${id}/results`);
      const call = { name: 'call_method', arguments: { portal: alias, ...missing } };
      const speaks = { Accept: 'application/json, text/event-stream' };
      await post('assistant', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }, speaks);
      const door = `/p/${alias}/rest/1/${made.key as string}`;
      await received('SDK', `${door}/crm.deal.get?id=1`);
      await received('SDK', `${door}/crm.deal.list`);
      await received('SDK', `${door}/disk.file.get.json?id=1`);
      await post('SDK', `${door}/crm.deal.get`, { id: 9999 });
      const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
      await received('SDK', `${door}/batch`, {
        method: 'POST',
        headers: form,
        body: 'cmd[a]=crm.deal.get%3Fid%3D1&cmd[b]=crm.deal.get%3Fid%3D9999',
      });
    }
    // The pair before, and words of whole requests that fail.
    app.faults.next('custom', {
      status: 400,
      body: JSON.stringify({ error: keyOf(app), error_description: `auth=${keyOf(app)}` }),
    });
    await post('custom error', '/v1/portals/app/call/crm.deal.get', { params: { id: 1 } });
    app.expireAccessTokens();
    const former = keyOf(app);
    await post('call', '/v1/portals/app/call/crm.deal.get', { params: { id: 1 } });
    app.faults.next('html', { status: 502, body: `<a href="http://${app.domain}/rest/x?auth=${former}">` });
    await post('page', '/v1/portals/app/call/crm.deal.get', { params: { id: 1 } });
    app.faults.next('custom', {
      body: JSON.stringify({ result: [former, `x${Buffer.from(former).toString('base64')}`] }),
    });
    await post('pair before', '/v1/portals/app/call/crm.deal.get', { params: { id: 1 } });

    const events = new VendorEvents(world, client);
    for (let i = 0; i < 40; i++) {
      const around = wrappings[i] ?? [];
      const data = {
        'FIELDS][ID': String(i),
        'FIELDS][NOTE': wrapped(app.applicationToken, around),
        LINK: wrapped(keyOf(app), around),
      };
      expect(await events.post(app.event('ONCRMDEALADD', data))).toMatchObject({ status: 200 });
    }
    await eventually(() => target.arrivals.length === 40);
    await client.call('PATCH', `/v1/subscriptions/${subscription.id as string}`, { paused: true });
    const small = await world.gateway({ EVENT_TARGET_HOSTS: '127.0.0.0/8:*', EVENT_QUEUE_LIMIT: '2' });
    for (let i = 0; i < 5; i++) {
      const around = wrappings[i] ?? [];
      await new VendorEvents(world, small).post(
        app.event('ONCRMDEALUPDATE', { NOTE: wrapped(app.applicationToken, around), N: String(i) }),
      );
    }
    const letters = await received('dead letters', `/v1/subscriptions/${subscription.id as string}/dead-letters`);
    expect(JSON.parse(letters.text)).toMatchObject({ items: [{}, {}, {}] });
    for (const path of ['/v1/portals', '/v1/portals/app', '/v1/portals/hook', '/v1/audit?limit=100', '/metrics'])
      await received(path, path);
    await eventually(() => collector.arrivals.length > 0);
    live.abort();
    left.push(['live stream', await streamed]);
    await world.closeGateways();
    left.push(...target.arrivals.map(({ text }) => ['event', text] as [string, string]));
    left.push(...collector.arrivals.map(({ text }) => ['trace', text] as [string, string]));
    left.push(...world.logLines.map((line) => ['log', line] as [string, string]));

    const secrets: Record<string, string> = {
      'client secret': world.simulator.clientSecret,
      'application token': app.applicationToken,
      'webhook secret': hookUrl.split('/').at(-2) ?? '',
      'client key': made.key as string,
      'admin key': client.key ?? '',
      'encryption key': encryptionKeys.split(':')[1] ?? '',
    };
    world.simulator.ledger.issued.forEach((it, i) => (secrets[`token ${i}`] = it));
    const found = left.flatMap(([place, text]) =>
      stringsIn(text).flatMap((it) => secretsIn(it, secrets).map((name) => `${name} in ${place}: ${it.slice(0, 200)}`)),
    );
    expect([...new Set(found)]).toEqual([]);
    expect(used).toBeGreaterThan(150);
    const seen = new Set(left.map(([place]) => place));
    expect([...seen].filter((it) => !it.endsWith('headers')).length).toBeGreaterThan(18);
    for (const place of [
      'job results',
      'dead letters',
      'live stream',
      'assistant',
      'SDK',
      'list',
      'event',
      'problem',
      'pair before',
    ]) {
      const texts = left.filter(([it]) => it === place).map(([, text]) => text);
      expect({
        place,
        replaced: texts.some((it) =>
          place === 'live stream' ? it.includes('rejected_by_portal') : it.includes('[secret]'),
        ),
      }).toEqual({ place, replaced: true });
    }
    expect(left.filter(([, text]) => text.includes('[secret]')).length).toBeGreaterThan(30);
  }, 180_000);
});
