import { sourceOf } from './source-address';

const source = (ip: string) => sourceOf({ ip });

describe('the source of a request', () => {
  it('is its IPv4 address, however it is written', () => {
    expect(source('192.0.2.7')).toBe('192.0.2.7');
    expect(source('::ffff:192.0.2.7')).toBe('192.0.2.7');
  });

  it('is the network of 64 bits of an IPv6 address: one host may have all of it', () => {
    expect(source('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
    expect(source('2001:0DB8:0001:2::9')).toBe('2001:db8:1:2::/64');
    expect(source('2001:db8::9')).toBe('2001:db8:0:0::/64');
    expect(source('::1')).toBe('0:0:0:0::/64');
    expect(source('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(source('2001:db8:1:3::1')).not.toBe(source('2001:db8:1:2::1'));
  });

  it('is empty when the connection ended before its request was read', () => {
    expect(sourceOf({ ip: undefined })).toBe('');
  });
});
