import { inspect } from 'node:util';
import { Egress, egressTarget } from '@b24/upstream';
import { TestAuthority } from '../../../test/support/test-authority';
import { type BadSettings, readSettings } from './settings';

const good = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  ADMIN_KEY: 'kZ3v9QmT7xWb1RcY5uHs8JdF2nLp6GaE4oVi',
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
};
const egressOf = (env: Record<string, string>) => new Egress(readSettings({ ...good, ...env }).egress);
const mistakesOf = (env: Record<string, string>): readonly string[] => {
  try {
    egressOf(env);
    return [];
  } catch (error) {
    return (error as BadSettings).sentences;
  }
};
const target = (url: string) => egressTarget(new URL(url));

describe('the settings of egress', () => {
  let authority: TestAuthority;
  beforeAll(() => {
    authority = TestAuthority.create('Corp Root');
  });
  afterAll(() => {
    authority.remove();
  });

  it.each([
    [{ HTTPS_PROXY: 'http://upper:1', HTTP_PROXY: 'http://other:2' }, 'http://upper:1'],
    [{ https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' }, 'http://lower:1'],
    [{ https_proxy: '', HTTPS_PROXY: 'upper:1' }, 'http://upper:1'],
    [{ HTTP_PROXY: 'http://other:2' }, undefined],
    [{ HTTPS_PROXY: 'http://upper:1', NO_PROXY: '.bitrix24.de' }, undefined],
    [{ HTTPS_PROXY: 'http://upper:1', no_proxy: '.bitrix24.de', NO_PROXY: 'other.example' }, undefined],
  ])('choose by %j the proxy %s for https', (env, origin) => {
    expect(egressOf(env).proxyFor(target('https://acme.bitrix24.de/'))?.origin).toBe(origin);
  });

  it('choose the proxy for http in both cases of the name', () => {
    for (const name of ['http_proxy', 'HTTP_PROXY'])
      expect(egressOf({ [name]: 'plain:3128' }).proxyFor(target('http://acme.example/'))?.origin).toBe(
        'http://plain:3128',
      );
  });

  it('add a CA file for all servers, and those of single portals by host and port', () => {
    const { caFile } = authority;
    const egress = egressOf({ B24_CA_FILE: caFile });
    expect(egress.caFilesFor(target('https://any.example/')).map(({ path }) => path)).toEqual([caFile]);
    const single = egressOf({ B24_PORTAL_CA_FILES: `portal.corp.example=${caFile}, [fd00::1]:8443=${caFile}` });
    const trusted = (url: string) => single.caFilesFor(target(url)).length;
    expect(['https://portal.corp.example/', 'https://PORTAL.corp.example:443/'].map(trusted)).toEqual([1, 1]);
    expect(['https://portal.corp.example:8443/', 'https://corp.example/'].map(trusted)).toEqual([0, 0]);
    expect(single.caFilesFor({ protocol: 'https:', hostname: 'fd00::1', port: 8443 })).toHaveLength(1);
  });

  it('include the certificates that Node.js was given, which a CA file would otherwise replace', () => {
    const { caFile } = authority;
    const egress = egressOf({ NODE_EXTRA_CA_CERTS: caFile });
    expect(egress.caFilesFor(target('https://any.example/')).map(({ path }) => path)).toEqual([caFile]);
  });

  it('refuse each mistake in one sentence that names the setting and the file', () => {
    const { caFile, keyFile } = authority;
    const missing = authority.at('none.pem');
    for (const [name, value, words] of [
      ['HTTPS_PROXY', 'socks5://proxy:1080', 'http or https URL of a proxy'],
      ['http_proxy', 'http://proxy:3128/path', 'http or https URL of a proxy'],
      ['NO_PROXY', '10.0.0.0/99', 'CIDRs'],
      ['B24_CA_FILE', missing, `the file ${missing} can't be read (ENOENT)`],
      ['B24_CA_FILE', keyFile, `the file ${keyFile} holds a private key`],
      ['B24_PORTAL_CA_FILES', `a.example=${missing}`, `the file ${missing} of a.example can't be read`],
      ['B24_PORTAL_CA_FILES', caFile, 'host=path'],
      ['B24_PORTAL_CA_FILES', `*.a.example=${caFile}`, 'host=path'],
      ['B24_PORTAL_CA_FILES', `a.example=${caFile},a.example:443=${caFile}`, 'one file only'],
    ] as const) {
      const mistakes = mistakesOf({ [name]: value });
      expect(mistakes).toHaveLength(1);
      expect(mistakes[0]).toMatch(/\.$/);
      expect(mistakes[0]?.startsWith(name)).toBe(true);
      expect(mistakes[0]).toContain(words);
    }
  });

  it("never print the proxy's login, neither in a mistake nor with the settings", () => {
    const env = { HTTPS_PROXY: 'http://ada-canary:pass-canary@proxy:3128' };
    const settings = readSettings({ ...good, ...env });
    const login = Buffer.from('ada-canary:pass-canary').toString('base64');
    const printed = `${JSON.stringify(settings)}${inspect(settings, { depth: 9 })}`;
    expect(printed).toContain('http://proxy:3128');
    for (const secret of ['canary', login]) expect(printed).not.toContain(secret);
    expect(mistakesOf({ HTTPS_PROXY: 'http://ada:pass/canary@proxy:3128' }).join()).not.toContain('canary');
  });
});
