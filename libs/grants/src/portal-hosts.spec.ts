import { PortalHosts } from './portal-hosts';

const allowed = (patterns: string[], hosts: string[]) => hosts.filter((host) => new PortalHosts(patterns).allows(host));

describe('which hosts may be portals', () => {
  it('takes a name as it is, in any case', () => {
    expect(allowed(['Portal.Acme.example'], ['portal.acme.example', 'PORTAL.acme.EXAMPLE'])).toHaveLength(2);
    expect(
      allowed(['portal.acme.example'], ['acme.example', 'x.portal.acme.example', 'portal.acme.example.evil']),
    ).toEqual([]);
  });

  it('takes one label in place of the asterisk: not none, not two, not a part of one', () => {
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

  it('takes no label that is none', () => {
    const labels = ['-a', 'a-', 'a b', 'a;b', 'a@b', 'a/b', 'a\\b', 'a?b', 'a#b', 'a%2eb', 'a:80', '*', 'ä', 'a\n'];
    expect(
      allowed(
        ['*.bitrix24.de'],
        labels.map((label) => `${label}.bitrix24.de`),
      ),
    ).toEqual([]);
  });

  it("takes the scheme's own port only, unless the pattern names one", () => {
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

  it('takes the addresses of a range, at every port', () => {
    const hosts = ['10.1.2.3', '10.1.2.3:8080', '11.0.0.1', '10.1.2', '10.1.2.3.example', '[fd00::1]:443', '[fe80::1]'];
    expect(allowed(['10.0.0.0/8', 'fd00::/8'], hosts)).toEqual(['10.1.2.3', '10.1.2.3:8080', '[fd00::1]:443']);
  });

  it('takes nothing when nothing is named', () => {
    expect(allowed([], ['acme.bitrix24.de', '127.0.0.1', '', '*'])).toEqual([]);
  });
});
