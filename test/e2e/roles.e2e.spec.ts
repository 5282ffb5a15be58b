import { hasRoleRule } from '../../apps/gateway/src/http/role-rules';
import { declaredMethods } from '../../apps/gateway/src/resources/declarations';
import openapi from '../../openapi.json';
import { HttpClient, World } from '../support/gateway';
import { TestIdentityProvider } from '../support/identity-provider';
import { SignInBrowser } from '../support/sign-in-browser';

const publicUrl = 'https://gw.example.com';
const forViewers = [
  ...['listPortals', 'getPortal', 'listApps', 'getApp', 'listJobs', 'getJob', 'listClients', 'listAudit'],
  ...['listSubscriptions', 'getSubscription', 'listSessions', 'endSession', 'endSessions'],
  ...['listJobItems', 'listCalls', 'tailCalls', 'getHistory', 'getUsage', 'listDeliveries', 'getEventBindings'],
];
const forOperators = [
  ...forViewers,
  ...[
    'updatePortal',
    'cancelJob',
    'retryJob',
    'testSubscription',
    'listDeadLetters',
    'replayDeadLetters',
    'replayDeadLetter',
  ],
];

interface RoutedOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
}

/** Every operation of the API that needs a key. */
const operations: readonly RoutedOperation[] = Object.entries(openapi.paths).flatMap(([path, methods]) =>
  Object.entries(methods as Record<string, { operationId: string; security?: readonly object[] }>)
    .filter(([, { security }]) => security === undefined || security.length > 0)
    .map(([method, { operationId: id }]) => ({ id, method: method.toUpperCase(), path })),
);

/** Of the form of each id, so that a request gets as far as it may. */
const idsByName: Readonly<Record<string, string>> = {
  app: 'other',
  method: 'profile',
  deadLetterId: `d_${'0'.repeat(16)}`,
};

describe('the roles of people', () => {
  let world: World;
  let provider: TestIdentityProvider;
  let client: HttpClient;
  const browsers = new Map<string, SignInBrowser>();

  const signedIn = async (role: string) => {
    await provider.set({ claims: { sub: role, groups: [`gw-${role}s`] } });
    const browser = new SignInBrowser(client.url, publicUrl);
    await browser.signIn();
    expect(await browser.role()).toBe(role);
    browsers.set(role, browser);
  };
  const codeOf = async (role: string, { method, path }: RoutedOperation, body?: unknown) => {
    const filled = path
      .replace(/\{(\w+)\}/g, (_, name: string) => idsByName[name] ?? '0')
      .replace(/\/tail$/, '/tail?seconds=1');
    const sent = method === 'GET' ? undefined : (body ?? {});
    const answer = await browsers.get(role)?.ask(method, filled, method === 'DELETE' ? undefined : sent);
    return answer?.code ?? `${answer?.status}`;
  };
  const updatePortal = { id: 'updatePortal', method: 'PATCH', path: '/v1/portals/{portal}' };

  beforeAll(async () => {
    [world, provider] = await Promise.all([World.start(), TestIdentityProvider.start(publicUrl)]);
    client = await world.gateway({ PUBLIC_URL: publicUrl, ...provider.environment });
    for (const role of ['viewer', 'operator', 'admin']) await signedIn(role);
  });
  afterAll(async () => {
    await provider.stop();
    await world.stop();
  });

  it('have a rule for every operation that needs a key', () => {
    const declared = new Set(declaredMethods.map(({ id }) => id));
    expect(operations.length).toBeGreaterThan(70);
    expect(operations.filter(({ id }) => !hasRoleRule(id) && !declared.has(id))).toEqual([]);
    expect(forOperators.filter((id) => !operations.some((it) => it.id === id))).toEqual([]);
  });

  it.each(operations.map((it) => [it.id, it] as const))('say who may run %s', async (id, operation) => {
    const isEnding = id === 'endSessions';
    const codes = isEnding ? [] : [await codeOf('viewer', operation), await codeOf('operator', operation)];
    const isDenied = codes.map((code) => code === 'not_allowed');
    expect(isDenied).toEqual(isEnding ? [] : [!forViewers.includes(id), !forOperators.includes(id)]);
    if (!isEnding) expect(await codeOf('admin', operation)).not.toBe('not_allowed');
  });

  it.each([
    ['suspended', true, 'portal_not_found'],
    ['tags', ['a'], 'portal_not_found'],
    ['limits', null, 'portal_not_found'],
    ['alias', 'other', 'not_allowed'],
    ['admitted', true, 'not_allowed'],
  ])('let an operator change %s of a portal, or not', async (name, value, code) => {
    expect(await codeOf('operator', updatePortal, { [name]: value })).toBe(code);
    expect(await codeOf('operator', updatePortal, { suspended: true, [name]: value })).toBe(code);
    expect(await codeOf('viewer', updatePortal, { [name]: value })).toBe('not_allowed');
  });

  it('let a viewer and an operator see no secret of an app, a subscription or a key', async () => {
    const secret = 'a-secret-that-nobody-may-see';
    const app = { id: 'sales', clientId: 'app.1.2', clientSecret: secret, scope: ['task'] };
    await client.call('POST', '/v1/apps', app);
    const { body } = await client.call<{ key: string }>('POST', '/v1/clients', { name: 'x', scopes: ['call'] });
    for (const role of ['viewer', 'operator'])
      for (const path of ['/v1/apps', '/v1/clients', '/v1/subscriptions', '/v1/sessions', '/v1/audit']) {
        const answer = await browsers.get(role)?.ask('GET', path);
        const text = JSON.stringify(answer?.body);
        expect([role, path, answer?.status, text.includes(secret), text.includes(body.key)]).toEqual([
          ...[role, path, 200, false, false],
        ]);
      }
  });

  it('say to the page which operations it may offer', async () => {
    const offered = async (role: string) => {
      const { body } = (await browsers.get(role)?.ask('GET', '/console/session')) ?? {};
      return (body as { may: 'all' | string[] }).may;
    };
    expect(new Set(await offered('viewer'))).toEqual(new Set(forViewers));
    expect(new Set(await offered('operator'))).toEqual(new Set(forOperators));
    expect(await offered('admin')).toBe('all');
  });
});
