import { ProxyExceptions } from './proxy-exceptions';

const targets: readonly (readonly [string, number])[] = [
  ['corp.example', 443],
  ['portal.corp.example', 443],
  ['portal.corp.example', 8443],
  ['evilcorp.example', 443],
  ['10.20.1.2', 443],
  ['10.20.1.2', 8443],
  ['fd00::1', 443],
];
/** The targets that a NO_PROXY excludes. */
const excluded = (text: string) => {
  const exceptions = new ProxyExceptions(text);
  return targets.filter(([host, port]) => exceptions.includes(host, port)).map(([host, port]) => `${host} ${port}`);
};

describe('the exceptions of a proxy', () => {
  it.each([
    'corp.example',
    '.corp.example',
    '*.corp.example',
    'CORP.example',
    'other.example, corp.example',
    'x  corp.example',
  ])('include a name and its subdomains, at every port (%s)', (text) => {
    expect(excluded(text)).toEqual(['corp.example 443', 'portal.corp.example 443', 'portal.corp.example 8443']);
  });

  it('include one port only where the entry names it', () => {
    expect(excluded('portal.corp.example:8443')).toEqual(['portal.corp.example 8443']);
    expect(excluded('10.20.1.2:443,[fd00::1]:8443')).toEqual(['10.20.1.2 443']);
  });

  it('include everything by an asterisk, also among other entries, and nothing without entries', () => {
    expect(excluded('other.example,*')).toHaveLength(targets.length);
    expect(excluded(' , ')).toEqual([]);
  });

  it('include the addresses of a CIDR, and an address in any notation', () => {
    expect(excluded('10.20.0.0/16')).toEqual(['10.20.1.2 443', '10.20.1.2 8443']);
    expect(excluded('fd00::/8')).toEqual(['fd00::1 443']);
    for (const text of ['fd00:0:0::1', '[fd00::1]', '[FD00::1]:443']) expect(excluded(text)).toEqual(['fd00::1 443']);
    expect(excluded('10.20.1.0/30')).toEqual(['10.20.1.2 443', '10.20.1.2 8443']);
    expect(excluded('10.20.1.0/31')).toEqual([]);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/', 'http://corp.example/', 'fd00::/129'])(
    'are refused when a CIDR is invalid (%s)',
    (text) => {
      expect(() => new ProxyExceptions(text)).toThrow();
    },
  );
});
