import { TestAuthority } from '../../../test/support/test-authority';
import { Egress } from './egress';
import { ProxyExceptions } from './proxy-exceptions';
import { readCaFile } from './read-ca-file';

const [httpsProxy, httpProxy] = [{ origin: 'http://secure.example' }, { origin: 'http://plain.example' }];
const portal = { protocol: 'https:', hostname: 'portal.corp.example', port: 443 };

describe('egress', () => {
  const authorities: TestAuthority[] = [];
  const caFile = (name: string) => {
    const authority = TestAuthority.create(name);
    authorities.push(authority);
    return readCaFile(authority.caFile);
  };
  afterAll(() => {
    for (const authority of authorities) authority.remove();
  });

  it('is direct and trusts the certificates of the platform where nothing is set', () => {
    const egress = new Egress();
    expect([egress.proxyFor(portal), egress.secureContextFor(portal)]).toEqual([undefined, undefined]);
  });

  it('leads through the proxy of the scheme, and of no other scheme', () => {
    const both = new Egress({ httpsProxy, httpProxy });
    const plain = { ...portal, protocol: 'http:', port: 80 };
    expect([both.proxyFor(portal), both.proxyFor(plain)]).toEqual([httpsProxy, httpProxy]);
    expect(new Egress({ httpProxy }).proxyFor(portal)).toBeUndefined();
    expect(new Egress({ httpsProxy }).proxyFor(plain)).toBeUndefined();
  });

  it('leads past the proxy to its exceptions', () => {
    const egress = new Egress({ httpsProxy, proxyExceptions: new ProxyExceptions('.corp.example:443') });
    expect(egress.proxyFor(portal)).toBeUndefined();
    expect(egress.proxyFor({ ...portal, port: 8443 })).toBe(httpsProxy);
  });

  it("trusts a portal's own file for that host and port only, in addition to the files for all", () => {
    const [all, own] = [caFile('all'), caFile('own')];
    const egress = new Egress({ caFiles: [all], caFileByHost: new Map([['portal.corp.example:443', own]]) });
    const [shop, otherPort] = [
      { ...portal, hostname: 'shop.corp.example' },
      { ...portal, port: 8443 },
    ];
    expect(egress.caFilesFor({ ...portal, hostname: 'PORTAL.corp.example' })).toEqual([all, own]);
    expect([egress.caFilesFor(shop), egress.caFilesFor(otherPort)]).toEqual([[all], [all]]);
    // One context for each set of files, so that TLS sessions are resumed within it only.
    expect(egress.secureContextFor(portal)).toBe(egress.secureContextFor(portal));
    expect(egress.secureContextFor(shop)).toBe(egress.secureContextFor(otherPort));
    expect(egress.secureContextFor(shop)).not.toBe(egress.secureContextFor(portal));
  });
});
