import { BlockList, isIP } from 'node:net';

/** Ranges that IANA's special-purpose registries exclude from the public internet, and ranges that embed another address. */
const notPublic: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
/** IANA assigns only 2000::/3; the parts that embed IPv4 addresses or are for documentation are not public. */
const globalUnicast = listOf([['2000::', 3]]);
const specialV6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
/**
 * Public by IANA's registries, but served inside a cloud by its metadata or host agent. Those of other clouds are in the
 * ranges above: 169.254.169.254 and fe80::/10 of most, 192.0.0.192 of Oracle, 100.100.100.200 of Alibaba,
 * fd00:ec2::254 of AWS, fd20:ce::254 of Google.
 */
const insideClouds: readonly (readonly [string, number])[] = [['168.63.129.16', 32]];
const special = listOf([...notPublic, ...specialV6, ...insideClouds]);

/** Returns whether the text is an address on the public internet; false when it is not an address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, 'ipv4');
  if (family !== 6 || address.includes('%')) return false;
  return globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

function listOf(subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, isIP(net) === 6 ? 'ipv6' : 'ipv4');
  return list;
}
