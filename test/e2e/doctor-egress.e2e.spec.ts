import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { CommandLine } from '../support/command-line';
import { ConnectProxy } from '../support/connect-proxy';
import { environment, World } from '../support/gateway';
import { TestAuthority } from '../support/test-authority';
import { TlsFront } from '../support/tls-front';

const password = 'pr0xy-passw0rd-canary';

describe('the doctor of a network with a proxy and certificates of its own', () => {
  let world: World;
  let proxy: ConnectProxy;
  let portal: SimulatedPortal;
  let line: CommandLine;
  let shared: TestAuthority;
  let own: TestAuthority;
  /** Of the authorization server, of a portal that the gateway knows, and of one with a CA file of its own. */
  let fronts: [TlsFront, TlsFront, TlsFront];
  const hosts = () => fronts.map(({ port }) => `localhost:${port}`);

  /** Its findings about servers and CA files, each with its words. */
  const look = async (env: Record<string, string> = {}) => {
    const { stdout } = await line.run(['doctor', '--json'], { env });
    const { checks } = JSON.parse(stdout) as { checks: { check: string; state: string; detail: string }[] };
    const wanted = ['settings', 'ca_file', 'authorization_server', 'portal_server'];
    return checks
      .filter(({ check }) => wanted.includes(check))
      .map(({ check, state, detail }) => [check, state, detail]);
  };
  const found = (check: string, state: string, ...words: string[]) => [
    check,
    state,
    expect.stringMatching(new RegExp(words.map((it) => it.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*'))),
  ];

  beforeAll(async () => {
    [shared, own] = [TestAuthority.create('Shared Root'), TestAuthority.create('Own Root')];
    [world, proxy] = await Promise.all([World.start(), ConnectProxy.listen()]);
    portal = await world.simulator.addPortal({ burst: 1000, drainPerSecond: 100 });
    const oauthHost = new URL(world.simulator.oauthServer).host;
    fronts = await Promise.all([
      TlsFront.before(oauthHost, shared.issue('DNS:localhost')),
      TlsFront.before(portal.domain, shared.issue('DNS:localhost')),
      TlsFront.before(portal.domain, own.issue('DNS:localhost')),
    ]);
    const portalHosts = { B24_PORTAL_HOSTS: `${hosts().join()},127.0.0.0/8:*,::1/128:*` };
    const client = await world.gateway({ ...portalHosts, B24_CA_FILE: shared.caFile });
    const webhookUrl = portal.webhookUrl().replace(`http://${portal.domain}`, `https://${hosts()[1]}`);
    expect(await client.call('POST', '/v1/portals', { webhookUrl })).toMatchObject({ status: 201 });
    line = new CommandLine({
      ...environment(world.redis, world.simulator, portalHosts),
      ...{ PORT: new URL(client.url).port, B24_ALLOW_HTTP: 'false', B24_OAUTH_SERVER: `https://${hosts()[0]}` },
      ...{ HTTPS_PROXY: proxy.urlWith(`ada:${password}`), B24_CA_FILE: shared.caFile },
      B24_PORTAL_CA_FILES: `${hosts()[2]}=${own.caFile}`,
    });
  });
  beforeEach(() => {
    proxy.behavior = 200;
    proxy.tunnels.length = 0;
  });
  afterAll(async () => {
    await Promise.all(fronts.map((front) => front.stop()));
    for (const authority of [shared, own]) authority.remove();
    await proxy.stop();
    await world.stop();
  });

  it('reaches each server as the gateway does, and names the proxy and the CA files', async () => {
    const [server, known, single] = hosts().map((host) => `https://${host} answers, through the proxy ${proxy.url}`);
    expect(await look()).toEqual([
      found('settings', 'ok', 'valid'),
      found('ca_file', 'ok', shared.caFile, 'all servers', 'valid until'),
      found('ca_file', 'ok', own.caFile, hosts()[2] ?? '', 'valid until'),
      found('authorization_server', 'ok', `${server}, verified with ${shared.caFile} and the public CAs`),
      found('portal_server', 'ok', `${single}, verified with ${shared.caFile} and ${own.caFile}`),
      found('portal_server', 'ok', `${known}, verified with ${shared.caFile} and the public CAs`),
    ]);
    expect([...proxy.tunnels].sort()).toEqual(hosts().sort());
  });

  it('says what to do where the proxy refuses the login, a host, or does not answer', async () => {
    for (const [behavior, ...words] of [
      [407, 'PROXY_STATUS_407', 'refuses the login', 'HTTPS_PROXY'],
      [403, 'PROXY_STATUS_403', 'allow CONNECT to localhost', 'NO_PROXY'],
      ['closed', 'PROXY_CLOSED', 'does not answer', 'HTTPS_PROXY'],
    ] as const) {
      proxy.behavior = behavior;
      expect((await look()).slice(3)).toEqual([
        found('authorization_server', 'problem', hosts()[0] ?? '', ...words),
        found('portal_server', 'problem', hosts()[2] ?? '', ...words),
        found('portal_server', 'problem', hosts()[1] ?? '', ...words),
      ]);
    }
  }, 60_000);

  it('says which certificates were tried where none of them fits', async () => {
    const words = [
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      `none of ${own.caFile} and the public CAs`,
      'B24_PORTAL_CA_FILES',
    ];
    expect((await look({ B24_CA_FILE: own.caFile, B24_PORTAL_CA_FILES: '' })).slice(2)).toEqual([
      found('authorization_server', 'problem', hosts()[0] ?? '', ...words),
      found('portal_server', 'problem', hosts()[1] ?? '', ...words),
    ]);
    const bare = await look({ B24_CA_FILE: '', B24_PORTAL_CA_FILES: '' });
    expect(bare).toContainEqual(found('authorization_server', 'problem', 'none of the public CAs; set B24_CA_FILE'));
  });

  it('warns before a CA certificate expires, and refuses a file that is none', async () => {
    const brief = TestAuthority.create('Brief Root', 2);
    expect(await look({ B24_CA_FILE: brief.caFile })).toContainEqual(
      found('ca_file', 'warning', brief.caFile, 'expires on'),
    );
    const wrong = await look({ B24_CA_FILE: brief.keyFile });
    expect(wrong).toContainEqual(
      found('settings', 'problem', `B24_CA_FILE: the file ${brief.keyFile} holds a private key`),
    );
    brief.remove();
  });

  it('shows no login of the proxy in all of this', () => {
    expect(line.said).toContain(proxy.url);
    for (const secret of [password, Buffer.from(`ada:${password}`).toString('base64')])
      expect(line.said).not.toContain(secret);
  });
});
