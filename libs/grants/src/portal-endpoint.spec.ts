import fc from 'fast-check';
import { portalEndpoint } from './portal-endpoint';
import { PortalHosts } from './portal-hosts';

const hosts = new PortalHosts(['*.bitrix24.de', '127.0.0.1/32:*']);
const secure = { hosts, allowHttp: false };
const lab = { hosts, allowHttp: true };

describe('the endpoint to which a token may be sent', () => {
  it('is /rest/ of an allowed host', () => {
    const endpoint = 'https://acme.bitrix24.de/rest/';
    expect(portalEndpoint(endpoint, secure)).toEqual({ domain: 'acme.bitrix24.de', endpoint });
    expect(portalEndpoint('HTTPS://ACME.bitrix24.DE:443/rest/', secure)).toEqual({
      domain: 'acme.bitrix24.de',
      endpoint,
    });
  });

  it('is https, unless plain http was allowed', () => {
    expect(portalEndpoint('http://127.0.0.1:4401/rest/', secure)).toBeUndefined();
    expect(portalEndpoint('http://127.0.0.1:4401/rest/', lab)).toEqual({
      domain: '127.0.0.1:4401',
      endpoint: 'http://127.0.0.1:4401/rest/',
    });
    expect(portalEndpoint('ftp://127.0.0.1/rest/', lab)).toBeUndefined();
  });

  it.each([
    'https://acme.bitrix24.de@evil.example/rest/',
    'https://user@acme.bitrix24.de/rest/',
    'https://user:word@acme.bitrix24.de/rest/',
    'https://evil.example#@acme.bitrix24.de/rest/',
    'https://evil.example\\@acme.bitrix24.de/rest/',
    'https://acme.bitrix24.de/rest/?to=evil',
    'https://acme.bitrix24.de/rest/#evil',
    'https://acme.bitrix24.de/rest/1/secret/',
    'https://acme.bitrix24.de/rest',
    'https://acme.bitrix24.de/',
    'https://acme.bitrix24.de:8443/rest/',
    'https://acme.bitrix24.de./rest/',
    '//acme.bitrix24.de/rest/',
    'acme.bitrix24.de/rest/',
    '',
  ])('does not exist for another URL (%s)', (url) => {
    expect(portalEndpoint(url, secure)).toBeUndefined();
  });

  it('always has an allowed host, whatever text stands in place of the host', () => {
    const piece = fc.constantFrom(
      'acme.bitrix24.de',
      'evil.example',
      '127.0.0.1',
      '@',
      ':',
      '/',
      '\\',
      '?',
      '#',
      '%2f',
      '\t',
      '.',
      '443',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const place = portalEndpoint(`https://${pieces.join('')}/rest/`, lab);
        if (!place) return;
        const { host, href } = new URL(place.endpoint);
        expect({ host, href, allowed: hosts.allows(host) }).toEqual({
          host: place.domain,
          href: place.endpoint,
          allowed: true,
        });
        expect(host).not.toContain('evil');
      }),
      { numRuns: 2000 },
    );
  });
});
