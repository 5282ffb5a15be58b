import type { FastifyRequest } from 'fastify';
import { isIP } from 'node:net';

/**
 * Returns the source of a request: its IPv4 address, or its IPv6 network of 64 bits, because one host may hold every
 * address of it. Behind the proxies of the setting TRUSTED_PROXIES it is the address that they forward.
 */
export function sourceOf({ ip }: { readonly ip: FastifyRequest['ip'] | undefined }): string {
  // A connection that ended before its request was read has no address.
  const [address = ''] = (ip ?? '').toLowerCase().split('%', 1);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (mapped?.[1]) return mapped[1];
  return isIP(address) === 6 ? network(address) : address;
}

/** The first four of eight groups. */
function network(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => text.split(':').filter(Boolean);
  const [front, back] = [groups(head), groups(tail ?? '')];
  const missing = tail === undefined ? 0 : Math.max(0, 8 - front.length - back.length);
  const all = [...front, ...Array.from({ length: missing }, () => '0'), ...back];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
