import { PortalHosts } from './portal-hosts';

const allowed = (patterns: string[], hosts: string[]) => hosts.filter((host) => new PortalHosts(patterns).allows(host));

describe('which hosts may be portals', () => {
  it('matches a name in any case', () => {
    expect(allowed(['Portal.Acme.example'], ['portal.acme.example', 'PORTAL.acme.EXAMPLE'])).toHaveLength(2);
    expect(
      allowed(['portal.acme.example'], ['acme.example', 'x.portal.acme.example', 'portal.acme.example.evil']),
    ).toEqual([]);
  });

  it('matches exactly one label in place of the asterisk: not none, not two, not a part of one', () => {
    const hosts = [
      'acme.bitrix24.de',
      'bitrix24.de',
      'a.b.bitrix24.de',
      'evilbitrix24.de',
      '.bitrix24.de',
      'acme.bitrix24.de.evil.example',
    ];
    expect(allowed(['*.bitrix24.de'], hosts)).toEqual(['acme.bitrix24.de']);
  });

  it('matches no invalid label', () => {
    const labels = ['-a', 'a-', 'a b', 'a;b', 'a@b', 'a/b', 'a\\b', 'a?b', 'a#b', 'a%2eb', 'a:80', '*', 'ä', 'a\n'];
    expect(
      allowed(
        ['*.bitrix24.de'],
        labels.map((label) => `${label}.bitrix24.de`),
      ),
    ).toEqual([]);
  });

  it("matches the scheme's default port only, unless the pattern names one", () => {
    expect(
      allowed(
        ['*.bitrix24.de', 'lab.example:8443', '*.lab.example:8443'],
        ['a.bitrix24.de:8443', 'lab.example', 'lab.example:80'],
      ),
    ).toEqual([]);
    expect(
      allowed(['lab.example:8443', '*.lab.example:8443'], ['lab.example:8443', 'a.lab.example:8443']),
    ).toHaveLength(2);
  });

  const inner = ['10.1.2.3', '10.1.2.3:6379', '10.1.2.3:8080', '[fd00::1]', '[fd00::1]:8080'];

  it('matches the addresses of a range and no others', () => {
    const hosts = [...inner, '11.0.0.1', '10.1.2', '10.1.2.3.example', '[fe80::1]', '[fd00::1%eth0]', 'fd00::1', '[]'];
    expect(allowed(['10.0.0.0/8:*', 'fd00::/8:*'], hosts)).toEqual(inner);
  });

  it("matches a range at the scheme's default port, at the port that it names, or at any by an asterisk", () => {
    const schemes = ['10.1.2.3', '[fd00::1]'];
    expect(allowed(['10.0.0.0/8', 'fd00::/8'], inner)).toEqual(schemes);
    expect(allowed(['10.0.0.0/8:8080', 'fd00::/8:8080'], inner)).toEqual(['10.1.2.3:8080', '[fd00::1]:8080']);
    expect(allowed(['10.0.0.0/8', '10.0.0.0/8:8080'], inner)).toEqual(['10.1.2.3', '10.1.2.3:8080']);
    expect(allowed(['10.0.0.0/8:*', 'fd00::/8:*'], inner)).toEqual(inner);
  });

  it('recognizes the default port of a URL that names none, also where a pattern names it', () => {
    const hosts = new PortalHosts(['10.0.0.0/8:443', 'lab.example:443', '*.lab.example:80']);
    const asked = (host: string, protocol?: string) => hosts.allows(host, protocol);
    expect([asked('10.1.2.3', 'https:'), asked('lab.example', 'https:'), asked('a.lab.example', 'http:')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([asked('10.1.2.3', 'http:'), asked('lab.example', 'http:'), asked('a.lab.example', 'https:')]).toEqual([
      false,
      false,
      false,
    ]);
    expect([asked('10.1.2.3'), asked('lab.example'), asked('lab.example', 'ftp:')]).toEqual([false, false, false]);
  });

  it('limits an address to the ports of its range, also an address that a name resolves to', () => {
    const hosts = new PortalHosts(['10.0.0.0/8', '10.20.0.0/16:8080', '10.30.0.0/16:*', '127.0.0.0/8:443']);
    const ports = (address: string) => [443, 80, 8080, 6379].filter((port) => hosts.allowsAddress(address, port));
    expect(ports('10.1.1.1')).toEqual([443, 80]);
    expect(ports('10.20.1.1')).toEqual([443, 80, 8080]);
    expect(ports('10.30.1.1')).toEqual([443, 80, 8080, 6379]);
    expect(ports('127.0.0.1')).toEqual([443]);
    expect(ports('11.0.0.1')).toEqual([]);
  });

  it('rejects an invalid range or port', () => {
    for (const none of ['10.0.0.0/99', 'fd00::/129', '10.0.0.0/8:0', '10.0.0.0/8:65536'])
      expect(() => new PortalHosts([none])).toThrow();
  });

  it('matches nothing without patterns', () => {
    expect(allowed([], ['acme.bitrix24.de', '127.0.0.1', '', '*'])).toEqual([]);
  });
});
