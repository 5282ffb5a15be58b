import { systemClock } from '@b24/portal';
import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { Attacker } from '../../../test/support/attacker';
import { ConnectProxy } from '../../../test/support/connect-proxy';
import { TestAuthority } from '../../../test/support/test-authority';
import { TlsFront } from '../../../test/support/tls-front';
import { axiosPost } from './axios-post';
import { Egress, type EgressOptions } from './egress';
import { parseProxyUrl } from './outgoing-proxy';
import { readCaFile } from './read-ca-file';
import { undiciAdapter } from './undici-adapter';

const limits = { maxAnswerBytes: 1024 * 1024, connections: 1, connectionsInAll: 64 };
const publicOnly = (address: string) => !address.startsWith('127.');

describe('a connection through a proxy', () => {
  let authority: TestAuthority;
  let target: Attacker;
  let secure: TlsFront;
  let proxy: ConnectProxy;
  const closings: (() => Promise<void>)[] = [];

  /** Posts to a URL through the proxy. The names in it are known to the proxy only. */
  const post = (options: EgressOptions = {}, connectTimeoutMs = 5000) => {
    const proxies = { httpProxy: parseProxyUrl(proxy.url), httpsProxy: parseProxyUrl(proxy.url) };
    const egress = new Egress({ ...proxies, ...options });
    const { adapter, close } = undiciAdapter({ ...limits, connectTimeoutMs, mayConnect: publicOnly, egress });
    closings.push(close);
    const instance = axios.create({ adapter, responseType: 'text', validateStatus: () => true });
    const send = axiosPost(new HttpService(instance as unknown as HttpService['axiosRef']), systemClock);
    return (url: string) => send(url, { type: 'application/json', text: '{}' }, { timeoutMs: 30_000 });
  };
  const plainUrl = () => `http://portal.corp.example:${target.host.split(':')[1]}/`;
  const secureUrl = () => `https://portal.corp.example:${secure.port}/`;

  beforeAll(async () => {
    authority = TestAuthority.create('Corp Root');
    target = await Attacker.listen();
    secure = await TlsFront.before(target.host, authority.issue('DNS:portal.corp.example'));
  });
  beforeEach(async () => {
    proxy = await ConnectProxy.listen();
    target.asked.length = 0;
  });
  afterEach(async () => {
    await Promise.all(closings.splice(0).map((close) => close()));
    await proxy.stop();
  });
  afterAll(async () => {
    await secure.stop();
    await target.stop();
    authority.remove();
  });

  it('is a tunnel for http and https, to a name that only the proxy resolves', async () => {
    const send = post({ caFiles: [readCaFile(authority.caFile)] });
    expect(await send(plainUrl())).toEqual({ status: 200, body: '{}' });
    expect(await send(secureUrl())).toEqual({ status: 200, body: '{}' });
    expect(proxy.tunnels).toEqual([plainUrl(), secureUrl()].map((url) => new URL(url).host));
    expect([proxy.plainRequests, proxy.logins]).toEqual([[], [undefined, undefined]]);
  });

  it('is used for further requests, and counts against the limit of connections', async () => {
    const send = post();
    await Promise.all([send(plainUrl()), send(plainUrl()), send(plainUrl())]);
    expect([proxy.tunnels.length, target.asked.length]).toEqual([1, 3]);
  });

  it('resumes the TLS sessions of earlier ones', async () => {
    const send = post({ caFiles: [readCaFile(authority.caFile)] });
    secure.resumed.length = 0;
    secure.endsConnections = true;
    for (let n = 0; n < 4; n++) await send(secureUrl());
    secure.endsConnections = false;
    expect(secure.resumed).toEqual([false, true, true, true]);
  });

  it('verifies the certificate of the target, not of the proxy', async () => {
    await expect(post()(secureUrl())).rejects.toMatchObject({ sent: false, reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    const wrongName = secureUrl().replace('portal.', 'other.');
    const send = post({ caFiles: [readCaFile(authority.caFile)] });
    await expect(send(wrongName)).rejects.toMatchObject({ sent: false, reason: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(target.asked).toEqual([]);
  });

  it('trusts a self-signed certificate that is in a CA file', async () => {
    const { file, ...credentials } = authority.selfSigned('DNS:portal.corp.example');
    const front = await TlsFront.before(target.host, credentials);
    const url = `https://portal.corp.example:${front.port}/`;
    expect(await post({ caFiles: [readCaFile(file)] })(url)).toMatchObject({ status: 200 });
    await expect(post()(url)).rejects.toMatchObject({ sent: false, reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    await front.stop();
  });

  it('may start with TLS to the proxy itself', async () => {
    const tlsProxy = await ConnectProxy.listen(authority.issue('IP:127.0.0.1'));
    const httpProxy = parseProxyUrl(tlsProxy.url);
    const httpsProxy = httpProxy;
    const caFiles = [readCaFile(authority.caFile)];
    const send = post({ httpProxy, httpsProxy, caFiles });
    expect(await send(plainUrl())).toMatchObject({ status: 200 });
    expect(await send(secureUrl())).toMatchObject({ status: 200 });
    expect(tlsProxy.tunnels).toHaveLength(2);
    const distrusted = post({ httpProxy })(plainUrl());
    await expect(distrusted).rejects.toMatchObject({ sent: false, reason: 'PROXY_UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    await tlsProxy.stop();
  });

  it('gives the login of the URL to the proxy, and not to the target', async () => {
    await post({ httpProxy: parseProxyUrl(proxy.urlWith('ada:p%40ss')) })(plainUrl());
    expect(proxy.logins).toEqual([`Basic ${btoa('ada:p@ss')}`]);
  });

  it.each([
    [403, 'PROXY_STATUS_403'],
    [407, 'PROXY_STATUS_407'],
    [502, 'PROXY_STATUS_502'],
    ['closed', 'PROXY_CLOSED'],
  ] as const)('fails as not sent when the proxy answers %s', async (behavior, reason) => {
    proxy.behavior = behavior;
    for (const url of [plainUrl(), secureUrl()])
      await expect(post()(url)).rejects.toMatchObject({ sent: false, reason });
    expect(target.asked).toEqual([]);
  });

  it('fails as not sent when the proxy does not answer, or ends a tunnel before TLS is there', async () => {
    proxy.behavior = 'silent';
    await expect(post({}, 1)(plainUrl())).rejects.toMatchObject({ sent: false, reason: 'PROXY_TIMEOUT' });
    proxy.behavior = 'closed after 200';
    await expect(post()(secureUrl())).rejects.toMatchObject({ sent: false, reason: 'PROXY_ECONNRESET' });
  });

  it('fails as not sent when the proxy is down', async () => {
    const send = post();
    await proxy.stop();
    await expect(send(plainUrl())).rejects.toMatchObject({ sent: false, reason: 'PROXY_ECONNREFUSED' });
    proxy = await ConnectProxy.listen();
  });

  it('is refused to an address in the URL that is not allowed, though the proxy itself has one', async () => {
    const send = post();
    for (const url of [`http://${target.host}/`, secureUrl().replace('portal.corp.example', '127.0.0.1')])
      await expect(send(url)).rejects.toMatchObject({ sent: false, reason: 'HOST_NOT_ALLOWED' });
    expect([proxy.logins, target.asked]).toEqual([[], []]);
  });
});
