import { isIPv4 } from 'node:net';

/** Each range of a list of addresses and CIDRs (IPv4), with how many hosts it holds. */
export function sharedFrom(list: string): { range: string; hosts: number }[] {
  return list.split(',').map((range) => {
    const [address = '', prefix = '32'] = range.split('/');
    if (!isIPv4(address)) throw new Error(`Not an IPv4 range: ${range}`);
    return { range, hosts: 2 ** (32 - Number(prefix)) };
  });
}
