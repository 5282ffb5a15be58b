import { HttpClient, encryptionKeys, eventually, World } from '../support/gateway';
import { Browser } from '../support/browser';
import { RegisteredApp } from '../support/registered-app';
import { secretsIn, stringsIn } from '../support/secret-finder';

/** Where a secret was seen, in whichever encoding. */
function sightings(secrets: Record<string, string>, places: Record<string, string>): string[] {
  return Object.entries(places).flatMap(([place, text]) => {
    const found = new Set(stringsIn(text).flatMap((it) => secretsIn(it, secrets)));
    return [...found].map((name) => `${name} in ${place}`);
  });
}

describe('secrets', () => {
  let world: World;
  let client: HttpClient;
  const answers: string[] = [];

  /** A call whose whole answer is kept to be looked through. */
  const received = async (method: string, path: string, body?: unknown) => {
    const reply = await client.call(method, path, body);
    answers.push(JSON.stringify([...reply.headers]), JSON.stringify(reply.body));
    return reply;
  };

  const redisDump = async (): Promise<string> => {
    const redis = world.redis.client();
    const keys = await redis.keys('*');
    const values = await Promise.all(
      keys.map(async (key) => {
        const type = await redis.type(key);
        if (type === 'hash') return redis.hgetall(key);
        if (type === 'stream') return redis.xrange(key, '-', '+');
        if (type === 'zset') return redis.zrange(key, '0', '-1');
        return redis.get(key);
      }),
    );
    redis.disconnect();
    return JSON.stringify([keys, values]);
  };

  beforeAll(async () => {
    world = await World.start({ accessTokenLifetimeMs: 3_600_000 });
    client = await world.gateway({ LOG_LEVEL: 'trace' });
  });
  afterAll(() => world.stop());

  it('are nowhere to be read: not in logs, answers, URLs, metrics, the API document or Redis', async () => {
    const portal = await world.installed(client, { burst: 1000, drainPerSecond: 100 });
    const path = `/v1/portals/${portal.memberId}/groups/125/backlog`;

    // By every way in.
    const browser = new Browser();
    const back = await browser.allow(client, portal);
    answers.push((await browser.open(back)).html);
    const frame = portal.framePost();
    await fetch(`${client.url}/bitrix24/install?${new URLSearchParams(frame.query).toString()}`, {
      method: 'POST',
      headers: { 'Content-Type': frame.contentType },
      body: frame.body,
    });
    const hooked = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    const webhookUrl = hooked.webhookUrl(1, ['task']);
    await received('POST', '/v1/portals', { webhookUrl });
    await received('POST', '/v1/portals', { webhookUrl: webhookUrl.replace(/\w\/$/, '/') });
    const made = await client.call('POST', '/v1/clients', { name: 'canary', scopes: ['backlog:read'] });
    const clientKey = made.body.key as string;

    const registered = await RegisteredApp.register(client, hooked);
    const appSecret = registered.clientSecret;
    const ofApp = `/v1/apps/${registered.id}`;
    const repeated = { name: 'again', clientId: registered.clientId, clientSecret: `${appSecret}x` };
    await received('POST', '/v1/apps', repeated);
    await received('POST', '/v1/apps', { ...repeated, clientId: '<no id>' });
    await registered.there.sendInstallEvent(registered.urls.events);
    await eventually(async () => (await received('GET', `/v1/portals/${hooked.memberId}`)).status === 200);
    hooked.expireAccessTokens();
    await received('GET', `/v1/portals/${hooked.memberId}/groups/125/backlog`);
    const rotatedSecret = registered.rotateAtVendor();
    hooked.expireAccessTokens();
    await received('GET', `/v1/portals/${hooked.memberId}/groups/125/backlog`);
    const once = { 'Idempotency-Key': 'rotated once' };
    const rotated = await client.call('PATCH', ofApp, { clientSecret: rotatedSecret }, once);
    answers.push(JSON.stringify(rotated.body));
    await received('GET', `/v1/portals/${hooked.memberId}/groups/125/backlog`);
    await received('GET', ofApp);
    await received('GET', '/v1/apps');
    await received('DELETE', ofApp);
    await received('GET', '/v1/audit');
    await eventually(async () => ((await received('GET', '/v1/calls?limit=200')).body.items as []).length > 3);

    // Every kind of failure, an answer that repeats the request among them.
    await received('GET', path);
    const tokens = () => portal.requests.flatMap(({ token }) => (token ? [token] : []));
    for (const kind of [
      'html',
      'empty',
      'truncated',
      'cut-after',
      'redirect',
      'INTERNAL_SERVER_ERROR',
      'invalid_token',
    ] as const) {
      portal.faults.next(kind, { times: 1 });
      await received('GET', path);
    }
    portal.faults.next('custom', {
      status: 400,
      body: JSON.stringify({ error: 'ERROR_CORE', error_description: `auth=${tokens().at(-1)}` }),
    });
    await received('GET', path);
    for (const kind of ['invalid_client', 'html', 'cut-after'] as const) {
      portal.expireAccessTokens();
      world.simulator.oauth.faults.next(kind, { method: 'refresh_token' });
      await received('GET', path);
    }
    await new HttpClient(client.url, 'b24_wrong-key-canary').get(path);
    await received('GET', `/v1/portals/${portal.memberId}`);
    await received('GET', '/v1/portals');
    await received('GET', '/v1/clients');
    const metrics = await received('GET', '/metrics');
    await received('GET', '/openapi.json');
    expect(metrics.body).toContain('b24_calls_total');
    const dump = await redisDump();
    await world.redis.kill();
    await received('GET', path);
    await eventually(() => world.logLines.some((line) => line.includes('Redis cannot be reached')));

    const secrets: Record<string, string> = {
      'authorization code': back.searchParams.get('code') ?? '',
      state: back.searchParams.get('state') ?? '',
      'client secret': world.simulator.clientSecret,
      'secret of an app': appSecret,
      'rotated secret of an app': rotatedSecret,
      'admin key': client.key ?? '',
      'encryption key': encryptionKeys.split(':')[1] ?? '',
      'webhook secret': webhookUrl.split('/').at(-2) ?? '',
      'client key': clientKey,
      'wrong key': 'b24_wrong-key-canary',
      'application token': portal.applicationToken,
    };
    [...new Set(tokens())].forEach((token, i) => (secrets[`access token ${i}`] = token));
    const families = new URLSearchParams(frame.body);
    secrets['frame access token'] = families.get('AUTH_ID') ?? '';
    secrets['frame refresh token'] = families.get('REFRESH_ID') ?? '';
    expect(Object.values(secrets).filter((secret) => secret.length < 8)).toEqual([]);
    expect(tokens().length).toBeGreaterThan(5);

    expect(sightings(secrets, { log: world.logLines.join('\n'), answers: answers.join('\n'), Redis: dump })).toEqual(
      [],
    );
    expect(portal.requests.filter(({ tokenInUrl }) => tokenInUrl)).toEqual([]);
    expect(world.simulator.oauth.tokenRequests.filter(({ secretInUrl }) => secretInUrl)).toEqual([]);
  }, 120_000);
});
